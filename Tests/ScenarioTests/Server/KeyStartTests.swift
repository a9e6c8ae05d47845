import Exchanges
import Foundation
import TestSupport
import Testing
import TradingCore

/// Keys and orders by hand at the real program, over starts and kills.
@Suite(.serialized) struct KeyStartTests {
    private static let given = [
        "OKX_API_KEY": "api-key-1", "OKX_SECRET": "hunter2", "OKX_PASSPHRASE": "open sesame",
    ]

    private static func settings(_ folder: TemporaryFolder, _ port: Int = 0) -> [String: String] {
        ["DATABASE_PATH": folder.path + "/data/mr_market.db", "PORT": "\(port)"]
    }

    @Test func `a start with another encryption key is refused in one line while secrets are stored (H49, D60)`()
        async throws
    {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let server = try await ServerProcess(folder: folder.path, port: port, environment: Self.given)
        #expect(server.interrupt() == 0, "\(server.log)")
        for secret in ["hunter2", "open sesame"] { #expect(!server.log.contains(secret)) }
        let settings = Self.settings(folder, port)
        let listed = try Program.run(["keys", "list"], environment: settings)
        #expect(listed.output.contains("okx/default\ttrade\tunknown"), "\(listed.output) \(listed.errors)")
        let other = settings.merging(["ENCRYPTION_PRIVATE_KEY": Data(repeating: 7, count: 32).base64EncodedString()]) {
            $1
        }
        for command in [["serve"], ["keys", "check"], ["keys", "rotate"]] {
            let refused = try Program.run(command, environment: other)
            #expect(refused.code == 2, "\(command): \(refused.output)")
            let lines = refused.errorLines.filter { $0.hasPrefix("mrmarket: ") }
            #expect(lines.count == 1 && lines[0].contains("ENCRYPTION_PRIVATE_KEY"), "\(refused.errors)")
        }
        #expect(try Program.run(["keys", "check"], environment: settings).code == 0)
    }

    @Test func `a rotation by command keeps the old key for backups, and the next start opens everything`() async throws
    {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let settings = Self.settings(folder, port)
        var server = try await ServerProcess(folder: folder.path, port: port, environment: Self.given)
        let busy = try Program.run(["keys", "rotate"], environment: settings)
        #expect(busy.code == 2 && busy.errors.contains("in use"), "beside a running server: \(busy.errors)")
        #expect(server.interrupt() == 0)
        let file = folder.path + "/data/encryption-private-key"
        let before = try String(contentsOfFile: file, encoding: .utf8)
        let rotated = try Program.run(["keys", "rotate"], environment: settings)
        #expect(rotated.code == 0 && rotated.output.hasPrefix("Sealed 1 keys"), "\(rotated.output) \(rotated.errors)")
        let after = try String(contentsOfFile: file, encoding: .utf8)
        #expect(before != after)
        let kept = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/data").filter {
            $0.hasPrefix("encryption-private-key.before-")
        }
        #expect(kept.count == 1)
        // As if the process had died between the commit and the change of the files.
        try FileManager.default.moveItem(atPath: file, toPath: file + ".next")
        try before.write(toFile: file, atomically: true, encoding: .utf8)
        server = try await ServerProcess(folder: folder.path, port: port)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == after)
        #expect(server.interrupt() == 0)
        #expect(try Program.run(["keys", "check"], environment: settings).code == 0)
        #expect(try Program.run(["keys", "remove", "1"], environment: settings).code == 0)
        #expect(try Program.run(["keys", "remove", "1"], environment: settings).code == 2)
        server = try await ServerProcess(folder: folder.path, port: port, environment: Self.given)
        #expect(server.interrupt() == 0)
        #expect(try Program.run(["keys", "list"], environment: settings).output == "", "it does not come back (D33)")
    }

    @Test func `no core dumps and no ptrace while secrets are in memory`() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let server = try await ServerProcess(folder: folder.path, port: port)
        let limits = try String(contentsOfFile: "/proc/\(server.processIdentifier)/limits", encoding: .utf8)
        let core = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
        #expect(core.split(separator: " ").filter { $0 == "0" }.count == 2, "\(core)")
        #expect(server.interrupt() == 0)
        let doctor = try Program.run(["doctor"], environment: Self.settings(folder, port))
        #expect(doctor.output.contains("ok   memory: no core dumps, no ptrace"), "\(doctor.output)")
    }

    @Test func `an order by hand outlives kill and stop, and is cancelled by its id (H36, H37)`() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        var server = try await ServerProcess(folder: folder.path, port: port)
        try await server.logIn()
        let book = try await server.get("/market/orderbook?exchange=paper&symbol=BTC%2FUSDT&limit=1")
        guard case .array(let best)? = try JSONValue(book.text)["bids"]?[0], case .number(let bid) = best[0] else {
            Issue.record("\(book.text)")
            return
        }
        let price = try FixedDecimal(bid[...]).multiplied(by: "0.985", rounding: .down)
            .rounded(toMultipleOf: "0.01", .down)
        let placed = try await server.post(
            "/trade/limit",
            """
            {"userId":"u","clientId":"c","exchange":"paper","symbol":"BTC/USDT","side":"buy","amount":0.01,"price":\(price)}
            """)
        #expect(placed.status == 201, "\(placed.text)")
        guard case .string(let id)? = try JSONValue(placed.text)["id"] else { return }
        server.kill()
        server = try await ServerProcess(folder: folder.path, port: port)
        try await server.logIn()
        #expect(try await server.get("/trade/order/\(id)").text.contains(#""status":"open""#))
        #expect(server.interrupt() == 0, "\(server.log)")
        server = try await ServerProcess(folder: folder.path, port: port)
        try await server.logIn()
        #expect(try await server.get("/trade/order/\(id)").text.contains(#""status":"open""#))
        let cancelled = try await server.post("/trade/cancel/\(id)/BTC%2FUSDT", "{}")
        #expect(cancelled.status == 200, "\(cancelled.text)")
        let market = try await server.post(
            "/trade/market",
            #"{"userId":"u","clientId":"c","exchange":"paper","symbol":"BTC/USDT","side":"buy","amount":0.001}"#)
        #expect(market.status == 201 && market.text.contains(#""status":"closed""#), "\(market.text)")
        #expect(server.interrupt() == 0, "\(server.log)")
    }
}
