import Strategies
import Testing
import TradingCore

@testable import Execution

@Suite("Kill switch")
struct KillSwitchTests {
    private let first = SessionID.bench

    /// A bench holding one bitcoin bought (or sold) at 100.00, with a quote resting.
    private func bench(
        _ side: Side, _ change: (inout RiskLimits) -> Void, plan: Plan = Plan()
    ) throws -> EngineBench {
        var limits = RiskLimits()
        limits.priceCollarTrillionths = nil
        change(&limits)
        plan.quotes = [side == .buy ? bid(10_000, level: 1) : ask(10_000, level: 1)]
        plan.refreshNanoseconds = Nanoseconds.seconds(1)
        let bench = try EngineBench(plan, limits: limits)
        let order = try #require(bench.settle().first)
        plan.quotes = [bid(9_000)]
        bench.tell(.filled(bench.fill(order)))
        for request in bench.takePlaced() { bench.tell(.accepted(request.id)) }
        return bench
    }

    @Test(
        "marks a long at the bid and a short at the ask, exactly at the bound",
        arguments: [
            // Loss of 1.00 a coin: a long at a bid of 99.00, a short at an ask of 101.00; the mid says less.
            (Side.buy, Int64(9_901), Int64(9_903), false), (.buy, 9_900, 10_100, true),
            (.sell, 10_097, 10_099, false), (.sell, 9_900, 10_100, true),
        ])
    func exitSide(side: Side, bidTicks: Int64, askTicks: Int64, halts: Bool) throws {
        let bench = try bench(side) { $0.maximumLoss = "1" }
        bench.market(bidTicks, askTicks)
        bench.pass(milliseconds: 1_000)
        #expect(bench.session.haltReason == (halts ? .loss : nil))
        #expect(bench.session.state == (halts ? .halted : .active))
        let actions = bench.take()
        #expect(actions.alerts == (halts ? [.halted(first, .loss)] : []))
        #expect(actions.cancelled.count == (halts ? 1 : 0), "everything comes off the book")
    }

    @Test("halts on drawdown from the best moment, though there is no loss")
    func drawdown() throws {
        let bench = try bench(.buy) { $0.maximumDrawdown = "2" }
        bench.market(10_500, 10_502)
        bench.pass(milliseconds: 1_000)
        bench.market(10_301, 10_303)
        bench.pass(milliseconds: 1_000)
        #expect(bench.session.haltReason == nil)
        bench.market(10_300, 10_302)
        bench.pass(milliseconds: 1_000)
        #expect(bench.session.haltReason == .drawdown)
    }

    @Test("does not wait for a strategy that decides once a day")
    func slowStrategy() throws {
        let plan = Plan()
        let bench = try bench(.buy, { $0.maximumLoss = "1" }, plan: plan)
        plan.refreshNanoseconds = Nanoseconds.perDay
        bench.pass(milliseconds: 2_000)
        let decisions = plan.decisionCount
        bench.market(9_000, 9_002)
        bench.pass(milliseconds: 1_000)
        #expect(bench.session.haltReason == .loss)
        #expect(plan.decisionCount == decisions)
    }

    @Test("with one side of the book gone the last mid stands, and with no price ever nothing is judged")
    func oneSided() throws {
        let bench = try bench(.buy) { $0.maximumLoss = "1" }
        bench.market(0, 10_002)
        bench.pass(milliseconds: 2_000)
        #expect(bench.session.haltReason == nil)
        let empty = try EngineBench()
        empty.market(0, 0)
        var limits = RiskLimits()
        limits.maximumLoss = "1"
        limits.priceCollarTrillionths = nil
        let plan = Plan([bid(9_990)])
        try empty.add(1, plan, limits: limits)
        let order = try #require(empty.settle().first)
        empty.tell(.filled(empty.fill(order)))
        empty.pass(milliseconds: 20_000)
        #expect(empty.session.haltReason == nil)
    }

    @Test("halts on so many refusals in a row; an acceptance begins the row anew", arguments: [1, 3, 10])
    func rejects(limit: Int) throws {
        var limits = RiskLimits()
        limits.maximumConsecutiveRejects = limit
        let bench = try EngineBench(Plan([bid(9_990)]), limits: limits)
        func refuse(_ count: Int) throws {
            for _ in 0..<count {
                bench.pass(milliseconds: 250)
                bench.tell(.rejected(try #require(bench.takePlaced().first).id, .insufficientBalance))
            }
        }
        bench.decide()
        try refuse(limit - 1)
        #expect(bench.session.state == .active)
        bench.pass(milliseconds: 250)
        let order = try #require(bench.takePlaced().first)
        bench.tell([.accepted(order.id), .cancelled(order.id)])
        bench.decide()
        try refuse(limit - 1)
        #expect(bench.session.state == .active)
        bench.pass(milliseconds: 250)
        bench.tell(.rejected(try #require(bench.takePlaced().first).id, .other))
        #expect(bench.session.haltReason == .consecutiveRejects)
        #expect(bench.take().alerts == [.halted(first, .consecutiveRejects)])
        bench.pass(milliseconds: 60_000)
        #expect(bench.take() == [])
    }

    @Test("post-only refusals are normal and do not count")
    func postOnly() throws {
        let bench = try EngineBench(Plan([bid(9_990)]))
        bench.decide()
        for _ in 0..<50 {
            bench.tell(.rejected(try #require(bench.takePlaced().first).id, .wouldTake))
            bench.pass(milliseconds: 250)
        }
        #expect(bench.session.state == .active)
    }

    @Test("tells once, and keeps its first reason")
    func once() throws {
        var limits = RiskLimits()
        limits.maximumConsecutiveRejects = 1
        let bench = try EngineBench(Plan([bid(9_990), ask(10_010)]), limits: limits)
        bench.decide()
        let orders = bench.takePlaced()
        for order in orders { bench.tell(.rejected(order.id, .other)) }
        #expect(bench.take().alerts == [.halted(first, .consecutiveRejects)])
    }

    @Test("nothing arms it again but an operator, for whom refusals and drawdown start anew but the loss does not")
    func rearming() throws {
        let bench = try bench(.buy) { ($0.maximumDrawdown, $0.maximumLoss) = ("2", "50") }
        bench.market(9_700, 9_702)
        bench.pass(milliseconds: 1_000)
        #expect(bench.session.haltReason == .drawdown)
        bench.market(12_000, 12_002)
        bench.engine.marketLost(now: bench.now)
        bench.engine.marketRecovered(now: bench.now)
        bench.engine.setState(server: .active, account: .active, now: bench.now)
        for order in bench.orders { bench.tell([.accepted(order.id), .cancelled(order.id)]) }
        bench.pass(milliseconds: 600_000)
        #expect(bench.session.state == .halted)
        bench.market(9_700, 9_702)
        bench.engine.setState(.active, of: first, reason: nil, now: bench.now)
        bench.pass(milliseconds: 5_000)
        #expect(bench.session.state == .active)
        #expect(bench.session.haltReason == nil)
        bench.market(9_500, 9_502)
        bench.pass(milliseconds: 1_000)
        #expect(bench.session.haltReason == .drawdown)
        bench.market(5_000, 5_002)
        bench.engine.setState(.active, of: first, reason: nil, now: bench.now)
        bench.pass(milliseconds: 1_000)
        #expect(bench.session.haltReason == .loss)
    }

    @Test
    func `a laxer state that was commanded before the switch went off does not lift it, and it is told once more`()
        throws
    {
        let bench = try bench(.buy) { $0.maximumDrawdown = "2" }
        bench.market(9_700, 9_702)
        let commandedAt = bench.now
        bench.pass(milliseconds: 1_000)
        #expect(bench.session.haltReason == .drawdown)
        bench.engine.actions.removeAll()
        bench.engine.setState(.active, of: first, reason: nil, commandedAt: commandedAt, now: bench.now)
        #expect(bench.session.state == .halted && bench.session.haltReason == .drawdown)
        #expect(bench.engine.actions.contains(.alert(.halted(first, .drawdown))))
        bench.engine.setState(.active, of: first, reason: nil, commandedAt: bench.now, now: bench.now)
        #expect(bench.session.state == .active)
        // The next one is told of what holds then.
        bench.engine.setState(.reducing, of: first, reason: nil, commandedAt: commandedAt, now: bench.now)
        #expect(bench.session.state == .reducing)
    }
}
