import Exchanges
import Execution
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// What is asked of the server while it compares with the exchange what an earlier process left.
@Suite struct RecoveryRaceTests {
    private static let key = StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking)

    /// Two would quote side by side, and a halt, a stop and the end of the server would reach one of them.
    @Test(arguments: Question.allCases)
    func `whoever asks for a place that is being recovered waits, and it has one executor (H27, H28)`(
        _ question: Question
    ) async throws {
        try await withServer { bench in
            try await bench.quote()
            let (asked, goesOn) = (Signal(), Signal())
            let exchange = bench.exchange
            exchange.state.withLock { state in
                state.onOpenOrders = {
                    // The first look alone: whoever else looks is answered at once.
                    exchange.state.withLock { $0.onOpenOrders = nil }
                    asked.raise()
                    await goesOn.wait()
                }
            }
            let before = Set(exchange.open.map(\.request.id))
            try await bench.restart(waits: false)
            await asked.wait()
            let supervisor = bench.server.supervisor
            let error = await question.ask(supervisor)
            guard case .notReady(let why)? = error else {
                Issue.record("\(question) was answered: \(String(describing: error))")
                goesOn.raise()
                return
            }
            #expect(why == "open orders are being reconciled with the exchanges")
            goesOn.raise()
            try await bench.server.wait("reconciled") { await supervisor.isReconciled }
            let executors = await supervisor.health().executors
            #expect(executors.map(\.sessionCount) == [1] && executors.map(\.openOrderCount) == [4])
            #expect(Set(exchange.open.map(\.request.id)) == before, "what was wanted keeps its place")
            #expect(exchange.state.withLock { $0.marketSinks.count } == 1)
            try await supervisor.setTradingState(
                TradingStateChange(scope: .server, state: .halted, reason: "test"))
            try await bench.server.wait("the halt took everything off") { exchange.open.isEmpty }
            exchange.market(bid: 6_099_900, ask: 6_100_100)
            #expect(try await supervisor.stop(Self.key).status == .stopped)
            #expect(exchange.open.isEmpty)
        }
    }

    enum Question: CaseIterable {
        case book, order

        /// - Returns: why it was refused.
        func ask(_ supervisor: StrategySupervisor) async -> DeskError? {
            do throws(DeskError) {
                switch self {
                case .book: _ = try await supervisor.orderBook(exchange: "paper", symbol: "BTC/USDT", limit: 5)
                case .order:
                    _ = try await supervisor.place(
                        DirectOrderRequest(
                            userID: "u1", clientID: "c9", exchange: "paper", symbol: "BTC/USDT", side: .buy,
                            amount: "0.01", price: "59000"))
                }
                return nil
            } catch { return error }
        }
    }
}
