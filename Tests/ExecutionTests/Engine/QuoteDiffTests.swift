import Strategies
import Testing
import TradingCore

@testable import Execution

@Suite("Quote diff")
struct QuoteDiffTests {
    @Test("an unchanged quote keeps its order and its place in the queue")
    func keeps() throws {
        let bench = try EngineBench(Plan([bid(9_990), ask(10_010)]))
        #expect(bench.settle().map(\.price.ticks) == [9_990, 10_010])
        for _ in 0..<5 {
            bench.decide()
            #expect(bench.take() == [])
        }
        #expect(bench.session.orderCount == 2)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var tolerance = QuoteTolerance.exact
        var wanted: Quote
        var filled: Int64 = 0
        var ageMilliseconds: Int64 = 0
        var keeps: Bool
    }

    @Test(
        "an order is kept exactly as far as the tolerance goes",
        arguments: [
            Case(testDescription: "same price", wanted: bid(9_990), keeps: true),
            Case(testDescription: "a tick off, exact", wanted: bid(9_991), keeps: false),
            Case(
                testDescription: "two ticks off of two", tolerance: QuoteTolerance(ticks: 2), wanted: bid(9_992),
                keeps: true),
            Case(
                testDescription: "below by two of two", tolerance: QuoteTolerance(ticks: 2), wanted: bid(9_988),
                keeps: true),
            Case(
                testDescription: "three ticks off of two", tolerance: QuoteTolerance(ticks: 2), wanted: bid(9_993),
                keeps: false),
            // One thousandth of 10 000 ticks is 10.
            Case(
                testDescription: "ten ticks of a thousandth", tolerance: QuoteTolerance(trillionths: 1_000_000_000),
                wanted: bid(10_000), keeps: true),
            Case(
                testDescription: "eleven ticks of a thousandth", tolerance: QuoteTolerance(trillionths: 1_000_000_000),
                wanted: bid(10_001), keeps: false),
            Case(testDescription: "larger than wanted", wanted: bid(9_990, lots: 999), keeps: false),
            Case(testDescription: "half of what is wanted", wanted: bid(9_990, lots: 2_000), keeps: true),
            Case(testDescription: "below half of what is wanted", wanted: bid(9_990, lots: 2_001), keeps: false),
            Case(testDescription: "half filled", wanted: bid(9_990), filled: 500, keeps: true),
            Case(testDescription: "more than half filled", wanted: bid(9_990), filled: 501, keeps: false),
            Case(testDescription: "another level", wanted: bid(9_990, level: 1), keeps: false),
            Case(testDescription: "not post-only", wanted: bid(9_990, isPostOnly: false), keeps: false),
            Case(
                testDescription: "a millisecond too young",
                tolerance: QuoteTolerance(maximumAgeNanoseconds: 1_000_000_000),
                wanted: bid(9_990), ageMilliseconds: 999, keeps: true),
            Case(
                testDescription: "just old enough", tolerance: QuoteTolerance(maximumAgeNanoseconds: 1_000_000_000),
                wanted: bid(9_990), ageMilliseconds: 1_000, keeps: false),
        ])
    func tolerates(_ example: Case) throws {
        let plan = Plan([bid(9_990)])
        plan.decidesOnFills = false
        let bench = try EngineBench(plan, tolerance: example.tolerance)
        let order = try #require(bench.settle().first)
        if example.filled > 0 { bench.tell(.filled(bench.fill(order, lots: example.filled))) }
        bench.pass(milliseconds: example.ageMilliseconds)
        plan.quotes = [example.wanted]
        bench.decide()
        #expect(bench.take().cancelled == (example.keeps ? [] : [order.id]))
    }

    @Test("a slot waits for an order that nobody has acknowledged, and moves on with the answer")
    func waitsForAnswer() throws {
        let plan = Plan([bid(9_990)])
        let bench = try EngineBench(plan)
        bench.decide()
        let first = try #require(bench.takePlaced().first)
        plan.quotes = [bid(9_980)]
        bench.decide()
        #expect(bench.take() == [])
        bench.tell(.accepted(first.id))
        #expect(bench.take() == [.cancel(first.id)])
        bench.tell(.cancelled(first.id))
        #expect(bench.takePlaced().map(\.price.ticks) == [9_980])
    }

    @Test("a replacement waits for the cancel, unless it may overlap", arguments: [false, true])
    func replacement(overlaps: Bool) throws {
        let plan = Plan([bid(9_990)])
        let bench = try EngineBench(plan, tolerance: QuoteTolerance(overlapsReplacement: overlaps))
        let first = try #require(bench.settle().first)
        plan.quotes = [bid(9_980)]
        bench.decide()
        let actions = bench.take()
        #expect(actions.cancelled == [first.id])
        #expect(actions.placed.map(\.price.ticks) == (overlaps ? [9_980] : []))
        bench.tell(.cancelled(first.id))
        #expect(bench.takePlaced().map(\.price.ticks) == (overlaps ? [] : [9_980]))
        #expect(bench.orders.map(\.price.ticks) == [9_980])
    }

    @Test("a replacement does not overlap an order whose cancel could not be sent")
    func noOverlapWithoutCancel() throws {
        let plan = Plan([bid(9_990)])
        let bench = try EngineBench(plan, tolerance: QuoteTolerance(overlapsReplacement: true))
        let first = try #require(bench.settle().first)
        var budget = OrderBudget(limit: 4, windowNanoseconds: Nanoseconds.seconds(4), cancelReserve: 1)
        while budget.takeCancel(at: bench.now) {}
        bench.engine.health.budget = budget
        plan.quotes = [bid(9_980)]
        bench.decide()
        #expect(bench.take() == [])
        #expect(bench.orders.map(\.cancelIsWanted) == [true])
        bench.engine.health.budget = nil
        bench.decide()
        #expect(bench.take() == [], "the slot waits for the cancel that is wanted")
        bench.pass(milliseconds: 100)
        #expect(bench.take().cancelled == [first.id])
    }

    @Test("a hanging order is left alone beside its slot's new quote")
    func hanging() throws {
        let plan = Plan([bid(9_990)])
        let bench = try EngineBench(plan)
        let first = try #require(bench.settle().first)
        plan.hanging = [first.id]
        plan.quotes = [bid(9_950)]
        bench.decide()
        let actions = bench.take()
        #expect(actions.cancelled == [])
        #expect(actions.placed.map(\.price.ticks) == [9_950])
        plan.hanging = []
        bench.decide()
        #expect(bench.take().cancelled == [first.id])
    }

    @Test("holding takes everything off, keeping changes nothing")
    func holdAndKeep() throws {
        let plan = Plan([bid(9_990), ask(10_010)])
        let bench = try EngineBench(plan)
        let placed = bench.settle()
        plan.keeps = true
        plan.quotes = []
        bench.decide()
        #expect(bench.take() == [])
        plan.keeps = false
        plan.hold = .crossedBook
        bench.decide()
        #expect(bench.take().cancelled == placed.map(\.id))
        #expect(bench.session.lastHold == .crossedBook)
    }

    @Test("a quote kept back by an order on its way out is placed once that order is gone")
    func retriesAfterCancel() throws {
        let plan = Plan([bid(9_990, level: 3)])
        let bench = try EngineBench(plan, quote: "100")
        let first = try #require(bench.settle().first)
        plan.quotes = [bid(9_980)]
        bench.decide()
        #expect(bench.take() == [.cancel(first.id)])
        #expect(bench.session.refusals == [.insufficientBalance: 1])
        bench.tell(.cancelled(first.id))
        #expect(bench.takePlaced().map(\.price.ticks) == [9_980])
    }

    @Test("an order that an exchange refuses is not sent again at once")
    func rejected() throws {
        let bench = try EngineBench(Plan([bid(9_990)]))
        bench.decide()
        let first = try #require(bench.takePlaced().first)
        bench.tell(.rejected(first.id, .wouldTake))
        #expect(bench.take() == [])
        bench.pass(milliseconds: 249)
        #expect(bench.take() == [])
        bench.pass(milliseconds: 1)
        let second = try #require(bench.takePlaced().first)
        #expect(second.id != first.id)
    }
}
