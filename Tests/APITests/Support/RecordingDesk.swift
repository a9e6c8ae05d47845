import Execution
import MarketMaking
import Synchronization
import TradingCore

/// A desk that writes down what it is asked and answers what it is told to.
final class RecordingDesk: TradingDesk {
    struct State: Sendable {
        var calls: [String] = []
        var error: DeskError?
        var health = DeskHealth(
            exchanges: [.init(name: "paper", displayName: "Paper", isAlive: true, fault: nil)], executors: [],
            isReconciled: true, faults: [])
        var status = StrategyInstance.Status.stopped
        var orderStatus = OrderStatus.open
        var tradingStates: [TradingStateEntry] = []
    }

    let state = Mutex(State())

    var calls: [String] { state.withLock { $0.calls } }
    func fail(_ error: DeskError?) { state.withLock { $0.error = error } }

    static let instance = StrategyInstance(
        id: 1, key: StrategyKey(userID: "u", clientID: "c", type: .pureMarketMaking), startPrice: "60000.50",
        parameters: #"{"bidSpread":0.0010}"#, parametersVersion: 1, status: .running,
        createdAt: Timestamp(nanoseconds: 1_760_000_000_123_000_000),
        updatedAt: Timestamp(nanoseconds: 1_760_000_000_123_000_000))

    private func note(_ call: String) throws(DeskError) {
        let error = state.withLock { state in
            state.calls.append(call)
            return state.error
        }
        if let error { throw error }
    }

    func startPureMarketMaking(_ parameters: String) async throws(DeskError) -> StrategyInstance {
        try note("start \(parameters)")
        return Self.instance
    }

    func rerun(_ strategyKey: String) async throws(DeskError) -> StrategyInstance {
        try note("rerun \(strategyKey)")
        return Self.instance
    }

    func stop(_ key: StrategyKey) async throws(DeskError) -> StrategyInstance {
        try note("stop \(key)")
        var instance = Self.instance
        instance.status = state.withLock { $0.status }
        return instance
    }

    func strategies(_ filter: StrategyFilter) async throws(DeskError) -> [StrategyInstance] {
        try note("strategies")
        return [Self.instance]
    }

    func inspect(_ strategyKey: String) async throws(DeskError) -> StrategyInspection {
        try note("inspect \(strategyKey)")
        return StrategyInspection(
            instance: Self.instance, state: .active, reason: nil, base: "10", quote: "1000000", position: "0",
            realizedPnL: "0", unrealizedPnL: nil, orderCount: 0, fillCount: 0, openOrders: [])
    }

    func history(_ filter: HistoryFilter, _ page: RecordPage) async throws(DeskError) -> [HistoryEntry] {
        try note("history \(filter) \(page.before.map { "\($0)" } ?? "-") \(page.limit)")
        return [
            HistoryEntry(
                id: 7, userID: "u", clientID: "c", exchange: "paper", pair: "BTC/USDT", side: .buy, amount: "0.010",
                price: "60000.1", filled: "0", orderID: "7",
                executedAt: Timestamp(nanoseconds: 1_760_000_000_000_000_000),
                status: "open", strategy: "pureMarketMaking", strategyInstanceID: 1)
        ]
    }

    func performance(
        userID: String, strategyType: String?, _ page: RecordPage
    ) async throws(DeskError) -> [PerformanceEntry] {
        try note("performance \(userID) \(strategyType ?? "-") \(page.before.map { "\($0)" } ?? "-") \(page.limit)")
        return [
            PerformanceEntry(
                id: 1, userID: "=cmd()", clientID: "a,\"b\"", strategyType: "pureMarketMaking", profitLoss: "-0.30",
                additionalMetrics: #"{"a":1}"#, executedAt: Timestamp(nanoseconds: 1_760_000_000_000_000_000))
        ]
    }

    func fills(strategyKey: String, after: Int64, limit: Int) async throws(DeskError) -> [FillEntry] {
        try note("fills \(strategyKey) \(after) \(limit)")
        return []
    }

    func orderBook(exchange: String, symbol: String, limit: Int) async throws(DeskError) -> OrderBookView {
        try note("book \(exchange) \(symbol) \(limit)")
        return OrderBookView(
            exchange: exchange, symbol: symbol, bids: [.init(price: "99.5", quantity: "1")],
            asks: [.init(price: "101", quantity: "2"), .init(price: "100.5", quantity: "1")],
            time: Timestamp(nanoseconds: 1_760_000_000_000_000_000))
    }

    func setTradingState(_ change: TradingStateChange) async throws(DeskError) {
        try note("state \(change.scope) \(change.state) \(change.reason)")
    }

    func tradingStates() async throws(DeskError) -> [TradingStateEntry] { state.withLock { $0.tradingStates } }

    func health() async -> DeskHealth { state.withLock { $0.health } }
}
