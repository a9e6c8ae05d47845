import Foundation
import Ledger
import Scheduling
import TestSupport
import Testing
import TradingCore

/// The real program, killed at random moments while it trades, then its books beside the exchange's own.
@Suite(.serialized) struct ServerKillTests {
    /// Tight quotes that are moved all the time, so that a kill always catches something on its way.
    private static func busy(_ client: Int) -> String {
        """
        {"userId":"kill","clientId":"c\(client)","pair":"BTC/USDT","exchangeName":"paper","bidSpread":0.000001,\
        "askSpread":0.000001,"orderAmount":0.01,"orderRefreshTime":50,"numberOfLayers":5,\
        "priceSourceType":"mid_price","amountChangePerLayer":0,"amountChangeType":"fixed","requoteMove":0.000001,\
        "baseFunds":3,"quoteFunds":300000}
        """
    }

    @Test(arguments: [20_261_123 as UInt64])
    func `after any number of kills server and exchange agree on every order and fill (H28, H36, seed)`(
        _ seed: UInt64
    ) async throws {
        let folder = try TemporaryFolder()
        var random = SplitMix64(seed: seed)
        let port = try FreePort.next()
        var server = try await ServerProcess(folder: folder.path, port: port)
        try await startBusy(server)
        for _ in 0..<6 {
            try await Task.sleep(for: .milliseconds(200 + Int(random.next() % 900)))
            server.kill()
            try await Task.sleep(for: .milliseconds(Int(random.next() % 300)))
            server = try await ServerProcess(folder: folder.path, port: port)
        }
        try await stopBusy(server)
        #expect(server.interrupt() == 0, "\(server.log)")
        try agree(try await Bookkeeping(folder: folder.path))
    }

    /// Like a real exchange it goes on while the server is dead, and now and then it is the one that dies.
    @Test(arguments: [20_261_125 as UInt64])
    func `the same with the exchange in a process of its own, each killed apart from the other (H28, H36, seed)`(
        _ seed: UInt64
    ) async throws {
        let folder = try TemporaryFolder()
        var random = SplitMix64(seed: seed)
        let port = try FreePort.next()
        var exchange = try await ExchangeProcess(folder: folder.path)
        let arguments = ["--exchange-socket", exchange.socket]
        var server = try await ServerProcess(folder: folder.path, port: port, arguments: arguments)
        try await startBusy(server)
        for round in 0..<8 {
            try await Task.sleep(for: .milliseconds(200 + Int(random.next() % 900)))
            let victim = random.next() % 3
            if victim != 0 { server.kill() }
            if victim != 1 || round == 0 { exchange.kill() }
            try await Task.sleep(for: .milliseconds(Int(random.next() % 300)))
            if victim != 1 || round == 0 { exchange = try await ExchangeProcess(folder: folder.path) }
            if victim != 0 {
                server = try await ServerProcess(folder: folder.path, port: port, arguments: arguments)
            }
        }
        try await stopBusy(server)
        #expect(server.interrupt() == 0, "\(server.log)")
        #expect(exchange.interrupt() == 0)
        try agree(try await Bookkeeping(folder: folder.path))
    }

    private func startBusy(_ server: ServerProcess) async throws {
        try await server.logIn()
        for client in 1...2 {
            let answer = try await server.post("/strategy/execute-pure-market-making", Self.busy(client))
            #expect(answer.status == 200, "\(answer.text)")
        }
    }

    private func stopBusy(_ server: ServerProcess) async throws {
        try await server.logIn()
        try await server.wait("quoting again") {
            let text = try await server.get("/health/trading").text
            return text.contains("\"sessions\":2") && !text.contains("\"openOrders\":0")
        }
        try await Task.sleep(for: .milliseconds(500))
        for client in 1...2 {
            let answer = try await server.get("/strategy/stop-marketmaking?userId=kill&clientId=c\(client)")
            #expect(answer.status == 200, "\(answer.text)")
        }
    }

    private func agree(_ books: Bookkeeping) throws {
        #expect(!books.exchangeFills.isEmpty, "nothing traded, so nothing was tested")
        // No fill lost, none booked twice.
        #expect(Set(books.serverFills).count == books.serverFills.count)
        #expect(Set(books.serverFills) == Set(books.exchangeFills))
        // Nothing rests, nothing is unknown, nothing is at the exchange that is not stored here.
        #expect(books.exchangeOrders.values.allSatisfy { $0.status != 2 })
        #expect(books.exchangeOrders.keys.allSatisfy { books.serverOrders[$0] != nil })
        let live = ["pending", "unknown", "open", "cancelling"]
        #expect(books.serverOrders.values.allSatisfy { !live.contains($0.status) })
        for (id, order) in books.serverOrders {
            let there = books.exchangeOrders[id]
            #expect(order.filled == max(0, there?.filled ?? 0), "order \(id)")
            if there == nil {
                #expect(order.status == "rejected", "order \(id) is \(order.status) here, unknown there")
            }
        }
        #expect(books.funds.values.allSatisfy { $0.locked.isZero })
        let ledger = try #require(books.ledger)
        #expect(ledger.isSound, "\(ledger.findings)")
        let bought = books.serverFills.reduce(0) { $0 + $1.lots }
        #expect(bought > 0)
    }

    @Test func `the book of a market that nobody trades on is told to the first who asks`() async throws {
        let folder = try TemporaryFolder()
        let server = try await ServerProcess(folder: folder.path, port: FreePort.next())
        defer { server.kill() }
        try await server.logIn()
        let answer = try await server.get("/market/orderbook?exchange=paper&symbol=BTC%2FUSDT&limit=5")
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.text.contains(#""datetime":"20"#) && answer.text.contains(#""bids":[["#))
    }

    @Test func `Ctrl-C takes every order off, and the next start goes on`() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        var server = try await ServerProcess(folder: folder.path, port: port, arguments: ["--example"])
        try await server.wait("quoting") { try await server.get("/health/trading").text.contains("\"openOrders\":4") }
        #expect(server.interrupt() == 0, "\(server.log)")
        #expect(server.log.contains("Stopped. Own orders cancelled"))
        let books = try await Bookkeeping(folder: folder.path)
        #expect(books.exchangeOrders.values.allSatisfy { $0.status != 2 })
        server = try await ServerProcess(folder: folder.path, port: port, arguments: ["--example"])
        try await server.wait("quoting again") {
            try await server.get("/health/trading").text.contains("\"openOrders\":4")
        }
        #expect(server.interrupt() == 0)
    }

    @Test func `a halt from the command line holds over restarts, until resumed`() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        var server = try await ServerProcess(folder: folder.path, port: port, arguments: ["--example"])
        try await server.wait("quoting") { try await server.get("/health/trading").text.contains("\"openOrders\":4") }
        let settings = ["DATABASE_PATH": folder.path + "/data/mr_market.db", "PORT": "\(port)"]
        #expect(try Program.run(["halt", "--reason", "drill"], environment: settings).output.contains("HALTED"))
        try await server.wait("empty") { try await server.get("/health/trading").text.contains("\"openOrders\":0") }
        server.kill()
        server = try await ServerProcess(folder: folder.path, port: port)
        try await Task.sleep(for: .milliseconds(1_200))
        #expect(try await server.get("/health/trading").text.contains("\"openOrders\":0"))
        #expect(try Program.run(["resume"], environment: settings).output.contains("ACTIVE"))
        try await server.wait("quoting again") {
            try await server.get("/health/trading").text.contains("\"openOrders\":4")
        }
        #expect(server.interrupt() == 0)
    }

    @Test func `bad settings, a busy port and somebody else's database end in one clear line`() async throws {
        let folder = try TemporaryFolder()
        let bad = try Program.run(["serve"], environment: ["PORT": "http"])
        #expect(bad.code == 2)
        #expect(bad.errors == "mrmarket: PORT=http: must be a whole number from 0 to 65535\n")
        let foreign = try folder.write("SQLite format 3\0" + String(repeating: "x", count: 200), to: "mr_market.db")
        let refused = try Program.run(["serve"], environment: ["DATABASE_PATH": foreign, "PORT": "0"])
        #expect(refused.code == 2)
        #expect(refused.errors.contains(foreign))
        #expect(refused.errorLines.count == 1)
        let port = try FreePort.next()
        let server = try await ServerProcess(folder: folder.path, port: port)
        let busy = try Program.run(
            ["serve"], environment: ["DATABASE_PATH": folder.path + "/b/x.db", "PORT": "\(port)"])
        #expect(busy.code == 2)
        #expect(busy.errors.contains("PORT \(port): must be free"))
        #expect(server.interrupt() == 0)
    }
}
