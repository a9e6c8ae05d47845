import Foundation
import TestSupport
import Testing
import TradingCore

/// Two programs with two databases and one key of one exchange account.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TwoServersTests {
    private let folder: TemporaryFolder
    private let exchange: BinanceServerProcess
    private let auditor: SpotAuditor
    private let environment: [String: String]

    init() async throws {
        folder = try TemporaryFolder()
        exchange = try await BinanceServerProcess(folder: folder.path)
        let alice = BinanceServerProcess.alice
        auditor = SpotAuditor(port: exchange.port, key: alice.key, secret: alice.secret)
        environment = [
            "BINANCE_API_KEY": alice.key, "BINANCE_SECRET": alice.secret,
            "BINANCE_REST_URL": "http://127.0.0.1:\(exchange.port)",
            "BINANCE_STREAM_URL": "ws://127.0.0.1:\(exchange.port)",
        ]
    }

    /// Far from the market, so that nothing fills and nothing has to be moved.
    private static let strategy = """
        {"userId":"two","clientId":"c1","pair":"BTC/USDT","exchangeName":"binance","bidSpread":0.05,"askSpread":0.05,\
        "orderAmount":0.002,"orderRefreshTime":60000,"numberOfLayers":2,"priceSourceType":"mid_price",\
        "amountChangePerLayer":0,"amountChangeType":"fixed","baseFunds":1,"quoteFunds":100000}
        """

    private func server(_ name: String) async throws -> ServerProcess {
        let own = folder.path + "/" + name
        try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
        return try await ServerProcess(
            folder: own, port: try FreePort.next(), environment: environment, patience: 60)
    }

    private func quote(_ server: ServerProcess) async throws {
        try await server.logIn()
        try await server.wait("the key is accepted") {
            try await server.get("/health/exchange/binance").status == 200
        }
        let answer = try await server.post("/strategy/execute-pure-market-making", Self.strategy)
        #expect(answer.status == 200, "\(answer.text)")
    }

    /// Ids of what rests, by what is in front of the number in them.
    private func resting() async throws -> [Substring: Set<String>] {
        let ids = try await auditor.openOrders().compactMap { order -> String? in
            if case .string(let id)? = order["clientOrderId"] { id } else { nil }
        }
        return Dictionary(grouping: ids) { $0.prefix(9) }.mapValues(Set.init)
    }

    private func foreign(_ server: ServerProcess) async throws -> Int? {
        let health = try JSONValue(try await server.get("/health/trading").text)
        guard case .array(let accounts)? = health["accounts"] else { return nil }
        let binance = accounts.first { $0["account"] == .string("binance/default") }
        guard case .number(let text)? = binance?["foreignOrders"] else { return nil }
        return Int(text)
    }

    @Test func `two servers on one account reconcile, each with its own orders alone`() async throws {
        let first = try await server("first")
        try await quote(first)
        try await first.wait("its four orders rest") { try await self.resting().values.map(\.count) == [4] }
        let mark = try #require(try await resting().keys.first)
        #expect(mark.hasPrefix("mrk"))
        // An account with somebody's orders on it is what the second one starts with.
        let second = try await server("second")
        try await quote(second)
        try await second.wait("eight orders rest") { try await self.resting().values.map(\.count) == [4, 4] }
        try await second.wait("it tells of the first one's") { try await self.foreign(second) == 4 }
        #expect(second.log.contains("are not of this database, and are left alone"))
        // Killed and started again it reconciles with the first one's orders beside its own, and keeps its own.
        let before = try await resting()
        second.kill()
        let again = try await server("second")
        try await again.wait("it is at work") {
            let health = try await again.get("/health/trading").text
            let resting = try await self.resting()
            return health.contains("\"reconciled\":true") && resting.keys.sorted() == before.keys.sorted()
                && resting.values.map(\.count) == [4, 4]
        }
        #expect(try await resting()[mark] == before[mark])
        // One ends, and takes its own off.
        #expect(again.interrupt() == 0, "\(again.log.suffix(2_000))")
        #expect(try await resting() == [mark: before[mark] ?? []])
        #expect(first.interrupt() == 0, "\(first.log.suffix(2_000))")
        #expect(try await resting().isEmpty)
    }

    @Test func `a new database leaves the orders of the one before, and says so`() async throws {
        let old = try await server("old")
        try await quote(old)
        try await old.wait("its four orders rest") { try await self.resting().values.map(\.count) == [4] }
        let left = try await resting()
        old.kill()
        let new = try await server("new")
        try await quote(new)
        try await new.wait("its own rest too") { try await self.resting().values.map(\.count) == [4, 4] }
        try await new.wait("the old ones are shown") { try await self.foreign(new) == 4 }
        #expect(new.log.contains("4 open orders are not of this database"))
        #expect(new.interrupt() == 0, "\(new.log.suffix(2_000))")
        #expect(try await resting() == left)
    }
}
