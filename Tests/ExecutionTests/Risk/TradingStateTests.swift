import Strategies
import Testing
import TradingCore

@testable import Execution

@Suite("Trading state")
struct TradingStateTests {
    private let first = SessionID.bench

    struct Combination: Sendable, CustomTestStringConvertible {
        var server: TradingState
        var account: TradingState
        var session: TradingState
        var testDescription: String { "server \(server), account \(account), session \(session)" }
    }

    static let combinations = TradingState.allCases.flatMap { server in
        TradingState.allCases.flatMap { account in
            TradingState.allCases.map { Combination(server: server, account: account, session: $0) }
        }
    }

    @Test("the strictest of server, account and session holds", arguments: combinations)
    func strictest(_ states: Combination) throws {
        let plan = Plan([bid(9_990)])
        let bench = try EngineBench(plan)
        let order = try #require(bench.settle().first)
        plan.keeps = true
        bench.tell(.filled(bench.fill(order)))
        plan.keeps = false
        plan.quotes = [bid(9_980), ask(10_010, lots: 1_000)]
        bench.engine.setState(states.session, of: first, reason: .operatorCommand, now: bench.now)
        bench.engine.setState(server: states.server, account: states.account, now: bench.now)
        bench.pass(milliseconds: 0)
        let strictest = max(states.server, states.account, states.session)
        let sides: [Side] = strictest == .active ? [.buy, .sell] : strictest == .reducing ? [.sell] : []
        #expect(bench.takePlaced().map(\.side) == sides)
    }

    @Test("halting takes everything off, at every level", arguments: 0..<3)
    func halting(level: Int) throws {
        let bench = try EngineBench(Plan([bid(9_990), ask(10_010)]))
        let orders = bench.settle()
        switch level {
        case 0: bench.engine.setState(server: .halted, now: bench.now)
        case 1: bench.engine.setState(account: .halted, now: bench.now)
        default: bench.engine.setState(.halted, of: first, reason: .operatorCommand, now: bench.now)
        }
        #expect(bench.take().cancelled == orders.map(\.id))
        for order in orders { bench.tell(.cancelled(order.id)) }
        bench.pass(milliseconds: 60_000)
        bench.engine.marketRecovered(now: bench.now)
        bench.pass(milliseconds: 60_000)
        #expect(bench.take() == [])
    }

    @Test("an order accepted after the halt is on its way out already")
    func acceptedAfterHalt() throws {
        let bench = try EngineBench(Plan([bid(9_990)]))
        bench.decide()
        let order = try #require(bench.takePlaced().first)
        bench.engine.setState(server: .halted, now: bench.now)
        #expect(bench.take().cancelled == [order.id])
        bench.tell([.accepted(order.id), .cancelled(order.id)])
        #expect(bench.take() == [])
        #expect(bench.orders == [])
    }

    @Test("reducing cancels at once what leads away from zero, and what would lead beyond it")
    func reducing() throws {
        let plan = Plan([bid(9_990), bid(9_980, level: 1)])
        plan.decidesOnFills = false
        plan.refreshNanoseconds = Nanoseconds.perDay
        let bench = try EngineBench(plan)
        let bought = bench.settle()
        bench.tell(.filled(bench.fill(bought[0])))
        plan.quotes = [bid(9_980, level: 1), ask(10_010, lots: 700), ask(10_020, lots: 700, level: 1)]
        let sells = bench.settle()
        #expect(sells.count == 2)
        bench.engine.setState(account: .reducing, now: bench.now)
        #expect(bench.take().cancelled == [bought[1].id, sells[1].id])
    }

    @Test("reducing never turns a position round, also when it shrinks under the orders")
    func neverTurns() throws {
        let plan = Plan([bid(9_990), bid(9_980, level: 1)])
        plan.decidesOnFills = false
        plan.refreshNanoseconds = Nanoseconds.perDay
        let bench = try EngineBench(plan)
        let bought = bench.settle()
        bench.tell(.filled(bench.fill(bought[0])))
        plan.quotes = [bid(9_980, level: 1), ask(10_010, lots: 600), ask(10_020, lots: 400, level: 1)]
        let kept = plan.quotes
        plan.quotes.append(ask(10_030, lots: 100, level: 2))
        let sells = bench.settle()
        plan.quotes = kept
        bench.decide()
        #expect(bench.take().cancelled == [sells[2].id])
        bench.tell(.cancelled(sells[2].id))
        plan.keeps = true
        bench.engine.setState(account: .reducing, now: bench.now)
        #expect(bench.take().cancelled == [bought[1].id], "600 and 400 sold bring 1,000 to zero")
        // A fill of the sell that was given up.
        bench.tell(.filled(bench.fill(sells[2])))
        #expect(bench.take().cancelled == [sells[1].id])
    }
}
