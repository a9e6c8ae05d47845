import Scheduling
import Strategies
import Testing
import TradingCore

@testable import Execution

@Suite("Order budget")
struct OrderBudgetTests {
    @Test("no window of any position ever holds more requests than the limit", arguments: 1...60 as ClosedRange<UInt64>)
    func neverExceeds(seed: UInt64) {
        print("seed \(seed)")
        var random = SplitMix64(seed: seed)
        let limit = 2 + Int(random.below(40))
        let window = 1_000 + Int64(random.below(1_000_000))
        var budget = OrderBudget(
            limit: limit, windowNanoseconds: window, cancelReserve: Int(random.below(UInt64((limit + 1) / 2))))
        var now: Int64 = 1_000_000_000
        var sent: [Int64] = []
        for _ in 0..<2_000 {
            // Bursts, steady trickles and long silences.
            switch random.below(4) {
            case 0: break
            case 1: now += Int64(random.below(10))
            case 2: now += Int64(random.below(UInt64(window / Int64(limit))))
            default: now += random.below(20) == 0 ? 2 * window : 1
            }
            let time = Timestamp(nanoseconds: now)
            let goes = random.below(3) == 0 ? budget.takeCancel(at: time) : budget.takeOrder(at: time)
            if goes { sent.append(now) }
        }
        var first = 0
        var most = 0
        for index in sent.indices {
            while sent[index] - sent[first] > window { first += 1 }
            most = max(most, index - first + 1)
        }
        #expect(most <= limit)
        #expect(most > 0)
    }

    @Test(
        "cancels still go when orders no longer may, as many as are reserved",
        arguments: [
            (10, 2), (10, 4), (100, 20), (5, 2), (3, 1), (4, 1),
        ])
    func reserve(limit: Int, reserve: Int) {
        var budget = OrderBudget(limit: limit, windowNanoseconds: 1_000_000_000, cancelReserve: reserve)
        let now = EngineBench.start
        var orders = 0
        while budget.takeOrder(at: now) { orders += 1 }
        #expect(orders == limit - limit / 2 - reserve)
        var cancels = 0
        while budget.takeCancel(at: now) { cancels += 1 }
        #expect(cancels == reserve)
    }

    @Test("slows down before the limit instead of stopping: afterwards orders go evenly")
    func slows() {
        var budget = OrderBudget(limit: 10, windowNanoseconds: Nanoseconds.seconds(10), cancelReserve: 2)
        var now = EngineBench.start
        while budget.takeOrder(at: now) {}
        var gaps: [Int64] = []
        for _ in 0..<20 {
            let next = budget.nextOrder(after: now)
            var early = budget
            let goes = [early.takeOrder(at: next.advanced(byNanoseconds: -1)), budget.takeOrder(at: next)]
            #expect(goes == [false, true], "then, and not a nanosecond sooner")
            gaps.append(next.nanoseconds(since: now))
            now = next
        }
        #expect(Set(gaps) == [Nanoseconds.seconds(2) + 1])
    }

    @Test("a silence fills it up, never beyond its burst")
    func refills() {
        var budget = OrderBudget(limit: 10, windowNanoseconds: 1_000, cancelReserve: 0)
        while budget.takeOrder(at: EngineBench.start) {}
        let later = EngineBench.start.advanced(byNanoseconds: Nanoseconds.perDay)
        #expect(budget.nextOrder(after: later) == later)
        var orders = 0
        while budget.takeOrder(at: later) { orders += 1 }
        #expect(orders == 5)
    }

    @Test("an engine out of budget quotes when it can again, and cancels from the reserve")
    func engineWaits() throws {
        let plan = Plan((0..<4).map { bid(9_990 - Int64($0), level: UInt8($0)) })
        plan.refreshNanoseconds = Nanoseconds.perDay
        let bench = try EngineBench(plan)
        bench.engine.health.budget = OrderBudget(
            limit: 6, windowNanoseconds: Nanoseconds.seconds(3), cancelReserve: 1)
        var placed = bench.settle()
        #expect(placed.count == 2)
        #expect(bench.session.refusals == [.orderBudget: 2])
        bench.pass(milliseconds: 2_001)
        placed += bench.takePlaced()
        #expect(placed.count == 4, "the rest follows as the budget refills, long before the next refresh")
        plan.hold = .externalPrice
        bench.decide()
        #expect(bench.take().cancelled.count == 1, "the reserve is for cancels")
        bench.pass(milliseconds: 4_000)
        #expect(bench.take().cancelled.count == 3, "the others follow")
    }
}
