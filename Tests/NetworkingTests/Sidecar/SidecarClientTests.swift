import Exchanges
import Foundation
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import Networking

/// A real sidecar that dies, hangs, talks nonsense and comes too late.
@Suite(.serialized, .enabled(if: TestSidecar.isSetUp, Comment(rawValue: TestSidecar.absence)))
struct SidecarClientTests {
    private static var quick: SidecarManners {
        var manners = SidecarManners()
        manners.shortestRestart = 50
        manners.resubscribeAfter = Nanoseconds.milliseconds(200)
        return manners
    }

    private static func kind(_ result: Result<JSONValue, SidecarFailure>) -> SidecarFailure.Kind? {
        if case .failure(let failure) = result { failure.kind } else { nil }
    }

    @Test func `the sidecar greets, lists exchanges and tells their details`() async throws {
        try await TestSidecar.with { sidecar in
            try await sidecar.connected()
            #expect(sidecar.client.condition.version == "4.5.90")
            let catalog = SidecarCatalog(sidecar.client, time: SystemTime())
            let names = try await catalog.names()
            #expect(names.count > 90 && names.contains("kraken") && names.contains("binance"))
            let details = try await catalog.details("kraken")
            #expect(details.members?.map(\.key) == ["id", "name", "urls", "countries", "version"])
            #expect(details.text("name") == "Kraken" && details["urls"]?.text("logo") != nil)
            await #expect(
                throws: SidecarFailure(
                    .refused, name: "UnknownExchange", message: "Exchange nowhere is not supported by CCXT.")
            ) {
                try await catalog.details("nowhere")
            }
        }
    }

    @Test func `a request under way when the sidecar is killed is unknown, and the next life answers`() async throws {
        try await TestSidecar.with(manners: Self.quick) { sidecar in
            try await sidecar.connected()
            let pid = try #require(sidecar.client.condition.pid)
            async let waiting = sidecar.misbehave("wait", [.text("seconds", "30")], within: 60_000)
            _ = try await sidecar.client.ask("exchanges")
            kill(pid, SIGKILL)
            #expect(Self.kind(await waiting) == .unknown)
            try await sidecar.wait("it is there again") {
                sidecar.client.condition.isConnected && sidecar.client.condition.pid != pid
            }
            #expect(try await sidecar.client.ask("exchanges").elements?.isEmpty == false)
            #expect(sidecar.client.condition.starts == 2)
        }
    }

    @Test func `what is asked while there is no sidecar never left`() async throws {
        try await TestSidecar.with(manners: Self.quick) { sidecar in
            // Python has not even begun to read its code.
            await #expect(throws: SidecarFailure.self) { try await sidecar.client.ask("exchanges") }
            #expect(Self.kind(await sidecar.misbehave("wait")) == .unavailable)
        }
    }

    @Test func `a sidecar that hangs is noticed within the bound, killed and replaced`() async throws {
        var manners = Self.quick
        manners.heartbeat = Nanoseconds.milliseconds(100)
        manners.silenceLimit = Nanoseconds.milliseconds(1_500)
        try await TestSidecar.with(manners: manners) { sidecar in
            try await sidecar.connected()
            let pid = try #require(sidecar.client.condition.pid)
            let clock = ContinuousClock()
            let began = clock.now
            kill(pid, SIGSTOP)
            let result = await sidecar.misbehave("wait", within: 60_000)
            #expect(Self.kind(result) == .unknown)
            #expect(clock.now - began < .seconds(10))
            try await sidecar.wait("it is there again") {
                sidecar.client.condition.isConnected && sidecar.client.condition.pid != pid
            }
            // The one that hung is gone, not left behind.
            #expect(kill(pid, 0) == -1)
        }
    }

    @Test(arguments: ["garbage", "oversized"])
    func `a sidecar that talks nonsense is replaced, and what was under way is unknown`(what: String) async throws {
        try await TestSidecar.with(manners: Self.quick) { sidecar in
            try await sidecar.connected()
            async let waiting = sidecar.misbehave("wait", [.text("seconds", "30")], within: 60_000)
            _ = await sidecar.misbehave(what)
            #expect(Self.kind(await waiting) == .unknown)
            try await sidecar.wait("it is there again") {
                sidecar.client.condition.isConnected && sidecar.client.condition.starts == 2
            }
        }
    }

    @Test func `twenty megabytes come through; more than a frame holds is an error, and the connection goes on`()
        async throws
    {
        try await TestSidecar.with(manners: Self.quick) { sidecar in
            try await sidecar.connected()
            let large = await sidecar.misbehave("huge", [.whole("bytes", 20_000_000)], within: 60_000)
            #expect(try large.get().text?.utf8.count == 20_000_000)
            let tooLarge = await sidecar.misbehave("huge", [.whole("bytes", 70_000_000)], within: 60_000)
            #expect(Self.kind(tooLarge) == .unknown)
            #expect(sidecar.client.condition.starts == 1)
        }
    }

    @Test func `an answer past its deadline is not waited for, by the sidecar or by us`() async throws {
        var manners = Self.quick
        manners.grace = Nanoseconds.milliseconds(200)
        try await TestSidecar.with(manners: manners) { sidecar in
            try await sidecar.connected()
            // The sidecar gives up by itself; nothing had been sent to an exchange.
            let slow = await sidecar.misbehave("wait", [.text("seconds", "30")], within: 100)
            #expect(slow == .failure(SidecarFailure(.refused, name: "NotSent", message: "NotSent")))
            // It cannot: it is busy. Nobody knows what it does.
            let busy = await sidecar.misbehave("block", [.text("seconds", "2")], within: 100)
            #expect(Self.kind(busy) == .unknown)
        }
    }

    @Test func `a sidecar of another version is not used`() async throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: folder.path + "/mrmarket_sidecar", withIntermediateDirectories: true)
        _ = try folder.write(
            """
            import json, socket, sys
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(sys.argv[2])
            listener.listen()
            connection, _ = listener.accept()
            body = json.dumps({"t": "hello", "protocol": 3, "ccxt": "9"}).encode()
            connection.sendall(len(body).to_bytes(4, "big") + body)
            sys.stdin.read()
            """, to: "mrmarket_sidecar/__main__.py")
        try await TestSidecar.with(manners: Self.quick, code: folder.path) { sidecar in
            try await sidecar.wait("it was turned away") { sidecar.client.condition.fault != nil }
            #expect(sidecar.client.condition.fault?.contains("it speaks protocol 3, this server 2") == true)
            #expect(!sidecar.client.condition.isConnected)
        }
    }

    @Test func `a sidecar that cannot start says why`() async throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: folder.path + "/mrmarket_sidecar", withIntermediateDirectories: true)
        _ = try folder.write("raise SystemExit('no such luck')", to: "mrmarket_sidecar/__main__.py")
        try await TestSidecar.with(manners: Self.quick, code: folder.path) { sidecar in
            try await sidecar.wait("it failed") { sidecar.client.condition.fault != nil }
            #expect(sidecar.client.condition.fault?.contains("no such luck") == true)
        }
    }

    @Test func `secrets are nowhere but on a socket that is its owner's alone`() async throws {
        let secret = "s3cr3t-nobody-may-see"
        let log = LogText()
        try await TestSidecar.with(manners: Self.quick, logger: log.logger) { sidecar in
            try await sidecar.connected()
            sidecar.client.open(
                "kraken/default", exchange: "kraken",
                credentials: ExchangeCredentials(apiKey: "key-nobody-may-see", secret: Secret(secret)),
                settings: .object([.init(key: "urls", value: .object([.text("private", "http://127.0.0.1:1")]))]))
            let failure = await #expect(throws: SidecarFailure.self) {
                try await sidecar.client.ask("balance", session: "kraken/default")
            }
            let pid = try #require(sidecar.client.condition.pid)
            for name in ["cmdline", "environ"] {
                let text = String(decoding: try Data(contentsOf: URL(filePath: "/proc/\(pid)/\(name)")), as: UTF8.self)
                #expect(!text.contains("nobody-may-see"))
            }
            #expect(!"\(failure, default: "")".contains("nobody-may-see"))
            let files = FileManager.default
            let socket = try files.attributesOfItem(atPath: sidecar.setup.socket)[.posixPermissions] as? NSNumber
            let folder = URL(filePath: sidecar.setup.socket).deletingLastPathComponent().path
            let around = try files.attributesOfItem(atPath: folder)[.posixPermissions] as? NSNumber
            #expect(socket?.intValue == 0o600 && around?.intValue == 0o700)
        }
        #expect(!log.text.contains("nobody-may-see"))
    }

    @Test func `a sidecar does not outlive who started it`() async throws {
        var pid: Int32 = 0
        try await TestSidecar.with(manners: Self.quick) { sidecar in
            try await sidecar.connected()
            pid = try #require(sidecar.client.condition.pid)
        }
        #expect(kill(pid, 0) == -1)
    }
}
