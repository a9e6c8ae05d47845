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

    @Test("no state that is set lifts a suspension; only going on does (H27)")
    func suspension() throws {
        let bench = try EngineBench(Plan([bid(9_990), ask(10_010)]))
        let orders = bench.settle()
        bench.engine.suspend(now: bench.now)
        #expect(bench.take().cancelled == orders.map(\.id))
        for order in orders { bench.tell(.cancelled(order.id)) }
        bench.engine.setState(.active, of: first, reason: .operatorCommand, now: bench.now)
        bench.engine.setState(server: .active, account: .active, now: bench.now)
        bench.pass(milliseconds: 60_000)
        #expect(bench.take() == [])
        bench.engine.goOn(now: bench.now)
        bench.pass(milliseconds: 60_000)
        #expect(bench.takePlaced().count == 2)
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

    /// A position of 300 lots while each order is of 1,000.
    private func withSmallPosition(
        _ side: Side, rules: TradingRules = EngineBench.rules, lots: Int64 = 300
    ) throws -> (EngineBench, Plan) {
        let plan = Plan([side == .buy ? bid(9_990) : ask(10_010)])
        let bench = try EngineBench(plan, rules: rules)
        let order = try #require(bench.settle().first)
        plan.keeps = true
        bench.tell(.filled(bench.fill(order, lots: lots)))
        bench.tell(.cancelled(order.id))
        plan.keeps = false
        plan.quotes = [bid(9_980), bid(9_970, level: 1), ask(10_020), ask(10_030, level: 1)]
        bench.engine.setState(account: .reducing, now: bench.now)
        return (bench, plan)
    }

    @Test("a position smaller than one order is closed by an order of its size", arguments: [Side.buy, .sell])
    func smallPosition(_ opened: Side) throws {
        let (bench, plan) = try withSmallPosition(opened)
        let placed = bench.settle()
        #expect(placed.map(\.quantity.lots) == [300])
        #expect(placed.map(\.side) == [opened == .buy ? .sell : .buy])
        let order = try #require(placed.first)
        bench.decide()
        #expect(bench.take() == [], "an order of all that is left keeps its place")
        plan.keeps = true
        bench.tell(.filled(bench.fill(order, lots: 100)))
        plan.keeps = false
        bench.decide()
        #expect(bench.take() == [], "what is left of it is what is left of the position")
        bench.tell(.filled(bench.fill(order, lots: 200)))
        bench.decide()
        #expect(bench.takePlaced() == [] && bench.session.account.position.lots == 0)
        #expect(!bench.session.restIsTooSmall)
    }

    @Test("the last of several orders is as large as what the others leave")
    func severalOrders() throws {
        let (bench, plan) = try withSmallPosition(.buy)
        plan.quotes = [ask(10_020, lots: 200), ask(10_030, lots: 200, level: 1), ask(10_040, lots: 200, level: 2)]
        #expect(bench.settle().map(\.quantity.lots) == [200, 100])
        let hanging = bench.orders[0].id
        plan.hanging = [hanging]
        plan.quotes = [ask(10_030, lots: 200, level: 1)]
        bench.decide()
        #expect(bench.take() == [], "one that hangs is not sold twice")
    }

    @Test("what is below the exchange's smallest order stays, and is told")
    func dust() throws {
        var rules = EngineBench.rules
        rules.lotSize = "0.1"
        let (bench, plan) = try withSmallPosition(.buy, rules: rules, lots: 350)
        let order = try #require(bench.settle().first)
        #expect(order.quantity.lots == 300, "in whole steps")
        plan.keeps = true
        bench.tell(.filled(bench.fill(order)))
        plan.keeps = false
        bench.decide()
        #expect(bench.takePlaced() == [])
        #expect(bench.session.restIsTooSmall)
        rules.minimumNotional = "30.1"
        let (poor, _) = try withSmallPosition(.buy, rules: rules)
        #expect(poor.settle() == [], "300 lots at 100.20 are 30.06")
        #expect(poor.session.restIsTooSmall)
    }

    @Test("an active session's orders are as large as it wants them")
    func activeIsNotClipped() throws {
        let (bench, plan) = try withSmallPosition(.buy)
        _ = bench.take()
        bench.engine.setState(account: .active, now: bench.now)
        plan.quotes = [ask(10_020)]
        bench.pass(milliseconds: 0)
        for order in bench.orders where order.quantity.lots != 1_000 { bench.tell(.cancelled(order.id)) }
        bench.decide()
        #expect(bench.orders.map(\.quantity.lots) == [1_000])
    }
}
