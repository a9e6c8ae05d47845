import Foundation
import Ledger
import TestSupport
import Testing
import TradingCore

/// One server with two keys of one exchange, under two labels: keys of two accounts, and two keys of one.
@Suite(.serialized, .timeLimit(.minutes(6))) struct TwoLabelsTests {
    private static let labels = ["default", "account2"]

    /// Two keys of an account of its own.
    private static let carol = ["carolONE", "carolTWO"].map {
        BinanceServerProcess.Account(
            name: "carol", key: String(repeating: $0, count: 8), secret: String(repeating: $0 + "Sec", count: 6))
    }

    private struct Scene {
        let folder: TemporaryFolder
        let exchange: BinanceServerProcess
        let port: Int
        let environment: [String: String]
        /// One for each label.
        let auditors: [SpotAuditor]
        var server: ServerProcess

        init(_ keys: [BinanceServerProcess.Account]) async throws {
            folder = try TemporaryFolder()
            let file = folder.path + "/accounts.json"
            let carol = TwoLabelsTests.carol.map { "{\"key\":\"\($0.key)\",\"secret\":\"\($0.secret)\"}" }
            try """
            [{"name":"carol","funds":{"USDT":"1000000","BTC":"10"},"keys":[\(carol.joined(separator: ","))]}]
            """.write(toFile: file, atomically: true, encoding: .utf8)
            let exchange = try await BinanceServerProcess(folder: folder.path, arguments: ["--accounts", file])
            self.exchange = exchange
            port = try FreePort.next()
            var environment = [
                "BINANCE_REST_URL": "http://127.0.0.1:\(exchange.port)",
                "BINANCE_STREAM_URL": "ws://127.0.0.1:\(exchange.port)",
            ]
            for (key, suffix) in zip(keys, ["", "_2"]) {
                environment["BINANCE_API_KEY" + suffix] = key.key
                environment["BINANCE_SECRET" + suffix] = key.secret
            }
            self.environment = environment
            auditors = keys.map { SpotAuditor(port: exchange.port, key: $0.key, secret: $0.secret) }
            server = try await ServerProcess(folder: folder.path, port: port, environment: environment, patience: 60)
        }

        mutating func killServer() async throws {
            server.kill()
            server = try await ServerProcess(folder: folder.path, port: port, environment: environment, patience: 60)
            try await server.logIn()
        }

        static let busy = #""orderRefreshTime":400,"requoteMove":0.000002,"#
        static let still = #""orderRefreshTime":60000,"#

        /// - Parameters:
        ///   - spread: of bid and ask, from the middle.
        ///   - more: how often it quotes anew.
        func start(_ label: String, spread: String, more: String = Scene.busy) async throws {
            let body = """
                {"userId":"two","clientId":"\(label)","pair":"BTC/USDT","exchangeName":"binance","accountLabel":"\(label)",\
                "bidSpread":\(spread),"askSpread":\(spread),"orderAmount":0.002,"numberOfLayers":2,\
                "priceSourceType":"mid_price","amountChangePerLayer":0,"amountChangeType":"fixed",\(more)\
                "baseFunds":3,"quoteFunds":300000,"maximumConsecutiveRejects":1000}
                """
            try await server.wait("\(label) is taken up") {
                try await self.server.post("/strategy/execute-pure-market-making", body).status == 200
            }
        }

        func stop() async throws {
            for (count, label) in zip([1, 0], TwoLabelsTests.labels) {
                try await server.wait("\(label) is stopped", seconds: 60) {
                    let answer = try await self.server.get(
                        "/strategy/stop-marketmaking?userId=two&clientId=\(label)")
                    let health = try JSONValue(try await self.server.get("/health/trading").text)
                    guard case .array(let executors)? = health["executors"] else { return false }
                    func sum(_ name: String) -> Int {
                        executors.reduce(0) { sum, executor in
                            if case .number(let text)? = executor[name] { sum + (Int(text) ?? 1) } else { sum + 1 }
                        }
                    }
                    return answer.status == 200 && sum("sessions") == count && sum("unknownOrders") == 0
                }
            }
        }
    }

    /// Not often: all who ask from one address share its weight, the server among them.
    private static func trades(_ auditor: SpotAuditor) async throws -> Int {
        try await Task.sleep(for: .seconds(2))
        return try await auditor.trades().count
    }

    private func ids(_ auditor: SpotAuditor) async throws -> Set<String> {
        Set(
            try await auditor.openOrders().compactMap { order in
                if case .string(let id)? = order["clientOrderId"] { id } else { nil }
            })
    }

    // MARK: - Two accounts

    @Test func `keys of two accounts trade at once, and each has its own orders, fills and funds`() async throws {
        var scene = try await Scene([BinanceServerProcess.alice, BinanceServerProcess.bob])
        try await scene.server.logIn()
        for label in Self.labels { try await scene.start(label, spread: "0.00001") }
        func bothTrade(_ count: Int) async throws {
            let auditors = scene.auditors
            try await scene.server.wait("both have traded", seconds: 60) {
                for auditor in auditors where try await Self.trades(auditor) < count { return false }
                return true
            }
        }
        try await bothTrade(3)
        try await scene.killServer()
        let before = try await scene.auditors[0].trades().count
        try await bothTrade(before + 3)
        try await scene.stop()
        #expect(scene.server.interrupt() == 0, "\(scene.server.log.suffix(3_000))")
        var seen: Set<Int64> = []
        for (label, auditor) in zip(Self.labels, scene.auditors) {
            let books = try await ServerBooks(folder: scene.folder.path, labels: [label])
            let (orders, fills) = try await books.expectSame(as: auditor)
            print("two labels: \(label) \(orders) orders, \(fills) fills")
            #expect(seen.isDisjoint(with: books.orders.keys), "an id of both")
            seen.formUnion(books.orders.keys)
        }
    }

    // MARK: - Two keys of one account

    @Test func `two keys of one account: neither label cancels, books or takes over what is the other's`() async throws
    {
        var scene = try await Scene(Self.carol)
        try await scene.server.logIn()
        let auditor = scene.auditors[0]
        // The first rests far from the market: whoever took its orders for strays would cancel them.
        try await scene.start("default", spread: "0.05", more: Scene.still)
        try await scene.server.wait("its four orders rest") {
            try await Task.sleep(for: .milliseconds(500))
            return try await ids(auditor).count == 4
        }
        try await scene.start("account2", spread: "0.00001")
        try await scene.server.wait("the second has traded", seconds: 90) { try await Self.trades(auditor) >= 3 }
        #expect(scene.server.log.contains("two keys of one exchange account?"))
        let stored = { try await ServerBooks(folder: scene.folder.path, labels: ["default"]).orders.keys }
        // Killed and started again, both reconcile with the other's orders on the account's list.
        scene.server.kill()
        let resting = try await ids(auditor)
        let ofTheFirst = try await stored().count
        #expect(ofTheFirst == 4 && resting.count >= 4)
        try await scene.killServer()
        let before = try await auditor.trades().count
        try await scene.server.wait("both are at work, and the second trades", seconds: 90) {
            try await Self.trades(auditor) >= before + 3
        }
        try await scene.stop()
        #expect(scene.server.interrupt() == 0, "\(scene.server.log.suffix(3_000))")
        let whole = try await ServerBooks(folder: scene.folder.path, labels: Self.labels)
        // Each thinks that all of the account's funds are its own: those are not compared.
        let (orders, fills) = try await whole.expectSame(as: auditor, ownsFunds: false)
        print("two keys of one account: \(orders) orders, \(fills) fills")
        let first = try await ServerBooks(folder: scene.folder.path, labels: ["default"])
        #expect(first.fills.isEmpty, "what the second traded is not the first's")
        #expect(whole.ledger.isSound, "\(whole.ledger.findings)")
    }
}
