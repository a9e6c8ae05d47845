import Foundation
import TestSupport
import Testing
import TradingCore

/// Clients that do not behave, against the real program.
@Suite(.serialized) struct HostileClientTests {
    @Test func `however many connections are opened, the server keeps what it needs to trade`() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let server = try await ServerProcess(
            folder: folder.path, port: port, arguments: ["--example"], descriptors: 300)
        try await server.wait("quoting") {
            try await server.get("/health/trading").text.contains("\"openOrders\":4")
        }
        let crowd = (0..<500).compactMap { _ in RawConnection(port: port) }
        #expect(crowd.count > 200, "the kernel's queue takes more than the server")
        for connection in crowd.prefix(100) { connection.send("GET /health/live HTTP/1.1\r\nHost: x\r\n") }
        // While they hold on, a backup of the running server's database still can be made, and the server trades.
        try await Task.sleep(for: .milliseconds(500))
        #expect(server.isRunning, "\(server.log)")
        for connection in crowd { connection.close() }
        try await server.wait("it answers again") { try await server.get("/health").status == 200 }
        #expect(server.interrupt() == 0, "\(server.log)")
    }

    /// 300 file descriptors leave clients 44 connections: 11 an address, and 5 that are the operator's.
    @Test func `a halt gets through while others hold every connection that they can get`() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let server = try await ServerProcess(folder: folder.path, port: port, descriptors: 300)
        let settings = [
            "DATABASE_PATH": folder.path + "/data/mr_market.db", "PORT": "\(port)", "PATH": "/usr/bin:/bin",
        ]
        let first = (0..<60).compactMap { _ in RawConnection(port: port, client: 2) }
        try await server.wait("one address has its share, and no more") { first.count { !$0.isClosed } == 11 }
        let another = try #require(RawConnection(port: port, client: 3))
        another.send("GET /health/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(another.readAll().hasSuffix("pong"), "others are served beside it")
        let crowd = (2...8).flatMap { client in (0..<40).compactMap { _ in RawConnection(port: port, client: client) } }
        #expect(crowd.count > 200, "one may be turned away by a kernel that is busy")
        // Its own client would wait for ever for a connection that nobody takes.
        let halted = try Program.run(["halt"], environment: settings)
        #expect(halted.code == 0 && halted.output.contains("HALTED"), "\(halted.errors)")
        #expect(first.count { !$0.isClosed } <= 11)
        for connection in first + crowd { connection.close() }
        #expect(server.interrupt() == 0, "\(server.log)")
    }

    @Test func `what is not HTTP is refused in the envelope of every other error`() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let server = try await ServerProcess(folder: folder.path, port: port)
        for request in ["\u{16}\u{3}\u{1}garbage\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /health\r\nX: \u{0}\r\n\r\n"]
        {
            let connection = try #require(RawConnection(port: port))
            connection.send(request)
            let answer = connection.readAll()
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(answer)")
            #expect(answer.hasSuffix(#""error":"Bad Request","statusCode":400}"#), "\(answer)")
            connection.close()
        }
        #expect(server.interrupt() == 0)
    }

    @Test(arguments: [
        "GET /health?x=" + String(repeating: "x", count: 90_000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: x\r\nX-Long: " + String(repeating: "x", count: 90_000) + "\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: x\r\n" + String(repeating: "X-Many: x\r\n", count: 1_100) + "\r\n",
    ]) func `an address or headers too long to be read are told as that`(_ request: String) async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let server = try await ServerProcess(folder: folder.path, port: port)
        let connection = try #require(RawConnection(port: port))
        connection.send(request)
        let answer = connection.readAll()
        #expect(answer.hasPrefix("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "\(answer.prefix(200))")
        #expect(
            answer.hasSuffix(#""error":"Request Header Fields Too Large","statusCode":431}"#), "\(answer.suffix(200))")
        connection.close()
        #expect(server.interrupt() == 0)
    }

    @Test func `a client that waits to be told so is told to send its body`() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let server = try await ServerProcess(folder: folder.path, port: port)
        let connection = try #require(RawConnection(port: port))
        let body = #"{"password":"wrong"}"#
        connection.send(
            "POST /auth/login HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/json\r\n"
                + "Connection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
        #expect(connection.readSome() == "HTTP/1.1 100 Continue\r\n\r\n")
        connection.send(body)
        let answer = connection.readAll()
        #expect(answer.hasPrefix("HTTP/1.1 401 Unauthorized\r\n") && answer.contains("Invalid password"), "\(answer)")
        connection.close()
        #expect(server.interrupt() == 0)
    }

    @Test func `a request that is never finished keeps no order on the book when the server ends`() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let server = try await ServerProcess(folder: folder.path, port: port, arguments: ["--example"])
        try await server.wait("quoting") {
            try await server.get("/health/trading").text.contains("\"openOrders\":4")
        }
        let half = try #require(RawConnection(port: port))
        half.send("POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        try await Task.sleep(for: .milliseconds(100))
        let began = ContinuousClock.now
        #expect(server.interrupt() == 0, "\(server.log)")
        #expect(ContinuousClock.now - began < .seconds(12), "clients have 2.5 seconds, not the 20 of everything")
        half.close()
        let books = try await Bookkeeping(folder: folder.path)
        #expect(books.exchangeOrders.values.allSatisfy { $0.status != 2 } && !books.exchangeOrders.isEmpty)
    }

    @Test func `a halt goes through when every login and request is throttled`() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let settings = [
            "DATABASE_PATH": folder.path + "/data/mr_market.db", "PORT": "\(port)", "PATH": "/usr/bin:/bin",
        ]
        let server = try await ServerProcess(
            folder: folder.path, port: port, environment: ["THROTTLE_LIMIT": "1", "THROTTLE_LOGIN_LIMIT": "1"])
        _ = try await server.post("/auth/login", "{\"password\":\"wrong\"}")
        #expect(try await server.post("/auth/login", "{\"password\":\"wrong\"}").status == 429)
        #expect(try await server.post("/admin/trading-state", "{}").status == 401, "but not for everybody")
        let halted = try Program.run(["halt"], environment: settings)
        #expect(halted.code == 0, "\(halted.errors)")
        #expect(halted.output.contains("HALTED"))
        #expect(server.interrupt() == 0)
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/net/if_inet6"), "there is no IPv6 here"))
    func `a server that listens on IPv6 is halted and resumed from the command line`() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let server = try await ServerProcess(folder: folder.path, port: port, environment: ["HOST": "::"])
        let settings = [
            "DATABASE_PATH": folder.path + "/data/mr_market.db", "PORT": "\(port)", "HOST": "::1",
            "PATH": "/usr/bin:/bin",
        ]
        let halted = try Program.run(["halt", "--account", "paper/account2"], environment: settings)
        #expect(halted.code == 0, "\(halted.errors)")
        // It was the running server that took it, and stored it.
        #expect(halted.output.contains("HALTED for paper/account2, now."), "\(halted.output)")
        try await server.logIn()
        #expect(try await server.get("/admin/trading-state").text.contains(#""id":"paper/account2","state":"HALTED""#))
        #expect(try Program.run(["resume"], environment: settings).output.contains("ACTIVE for the whole server, now."))
        #expect(server.interrupt() == 0)
        // Nobody runs: the same account is known all the same.
        let later = try Program.run(["resume", "--account", "paper/account2"], environment: settings)
        #expect(later.output.contains("from the next start on"), "\(later.errors)")
    }

    @Test(arguments: ["999.1.1.1", "203.0.113.7", "not a host"])
    func `an address that is not this machine's ends the start in one line`(_ host: String) throws {
        let folder = try TemporaryFolder()
        let result = try Program.run(
            ["serve"],
            environment: ["HOST": host, "DATABASE_PATH": folder.path + "/data/x.db", "PATH": "/usr/bin:/bin"])
        #expect(result.code == 2)
        #expect(result.errorLines.count == 1 && result.errors.contains("HOST \(host): must be"), "\(result.errors)")
    }

    @Test func `a database path that is no file is refused untouched`() throws {
        let folder = try TemporaryFolder()
        let link = folder.path + "/link.db"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path + "/nowhere.db")
        let pipe = folder.path + "/pipe.db"
        mkfifo(pipe, 0o600)
        for (path, what) in [
            (link, "a link to nothing"), (pipe, "a device, socket or pipe"), (folder.path, "a folder"),
        ] {
            let result = try Program.run(
                ["serve"], environment: ["DATABASE_PATH": path, "PORT": "0", "PATH": "/usr/bin:/bin"])
            #expect(result.code == 2)
            #expect(result.errorLines.count == 1 && result.errors.contains(what), "\(result.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/nowhere.db"))
    }

    @Test func `a recording that holds nothing is refused before anything remembers it`() async throws {
        let folder = try TemporaryFolder()
        let empty = try folder.write("", to: "btcusdt-empty.raw")
        let port = try FreePort.next()
        let settings = [
            "DATABASE_PATH": folder.path + "/data/mr_market.db", "PORT": "\(port)", "PATH": "/usr/bin:/bin",
        ]
        let result = try Program.run(
            ["serve", "--feed", empty, "--format", "binance-raw", "--instrument", "BTC/USDT"], environment: settings)
        #expect(result.code == 2, "\(result.errors)")
        #expect(result.errorLines.count == 1, "\(result.errors)")
        let server = try await ServerProcess(folder: folder.path, port: port)
        #expect(server.interrupt() == 0)
        let speed = try Program.run(["serve", "--speed", "2"], environment: settings)
        #expect(speed.code == 2 && speed.errors.contains("--speed 2: must come with --feed"), "\(speed.errors)")
    }
}
