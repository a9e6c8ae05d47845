import Strategies
import Testing
import TradingCore

@testable import Execution

@Suite("A session's own order budget")
struct SessionBudgetTests {
    /// Ten in ten seconds: five at once, of which one is for cancels, the others spread.
    private static let budget = OrderBudget(limit: 10, windowNanoseconds: Nanoseconds.seconds(10), cancelReserve: 2)

    private func bench(_ plans: [Plan]) throws -> EngineBench {
        let bench = try EngineBench()
        for (index, plan) in plans.enumerated() {
            try bench.add(UInt16(index + 1), plan, budget: index == 0 ? Self.budget : nil)
        }
        return bench
    }

    private func ladder(_ prices: ClosedRange<Int64>) -> [Quote] {
        prices.reversed().enumerated().map { level, ticks in
            Quote(side: .buy, level: UInt8(level), price: Price(ticks: ticks), quantity: Quantity(lots: 10))
        }
    }

    @Test func `one session's limit slows no other of the account`() throws {
        let bench = try bench([Plan(ladder(9_980...9_989)), Plan(ladder(9_960...9_969))])
        let placed = bench.settle()
        let byFirst = placed.filter { $0.id.session.rawValue == 1 }
        #expect((1..<10).contains(byFirst.count), "\(byFirst.count) of 10 at once")
        #expect(placed.count - byFirst.count == 10)
        bench.pass(milliseconds: 30_000)
        #expect(
            bench.takePlaced().filter { $0.id.session.rawValue == 1 }.count >= 1, "the rest follows as time pays for it"
        )
    }

    @Test(arguments: ["halt", "account", "stop", "gap"])
    func `what takes a session off the market waits for no budget`(_ reason: String) throws {
        let plan = Plan(ladder(9_980...9_983))
        let bench = try bench([plan])
        var open = bench.settle()
        for _ in 0..<40 where open.count < 4 {
            bench.pass(milliseconds: 1_000)
            let placed = bench.takePlaced()
            for request in placed { bench.tell(.accepted(request.id)) }
            open += placed
        }
        #expect(open.count == 4)
        // Requotes until nothing of the budget is left: wanted cancels wait.
        plan.quotes = ladder(9_970...9_973)
        bench.decide()
        let session = try #require(SessionID(1))
        switch reason {
        case "halt": bench.engine.setState(.halted, of: session, reason: .operatorCommand, now: bench.now)
        case "account": bench.engine.setState(account: .halted, now: bench.now)
        case "stop": bench.engine.stop(session, now: bench.now)
        default: bench.engine.marketLost(now: bench.now)
        }
        bench.pass(milliseconds: 110)
        #expect(Set(bench.take().cancelled) == Set(open.map(\.id)))
    }

    @Test func `with the account's budget used up a halt still cancels everything`() throws {
        let bench = try EngineBench(Plan(ladder(9_980...9_989)))
        let placed = bench.settle()
        #expect(placed.count == 10)
        var budget = OrderBudget(limit: 10, windowNanoseconds: Nanoseconds.seconds(600), cancelReserve: 1)
        while budget.takeCancel(at: bench.now) {}
        bench.engine.health.budget = budget
        bench.engine.setState(server: .halted, now: bench.now)
        #expect(Set(bench.take().cancelled) == Set(placed.map(\.id)))
    }

    @Test func `an exchange that serves nobody is asked ever more rarely, however the market moves`() throws {
        let plan = Plan([Quote(side: .buy, level: 0, price: Price(ticks: 9_990), quantity: Quantity(lots: 10))])
        plan.watches = true
        let bench = try EngineBench(plan)
        bench.decide()
        var asked: [Timestamp] = []
        let start = bench.now
        for step in 0..<6_000 {
            for request in bench.takePlaced() {
                asked.append(bench.now)
                bench.tell(.rejected(request.id, .unavailable))
            }
            bench.market(10_000 + Int64(step % 2), 10_003)
            bench.pass(milliseconds: 10)
        }
        let seconds = asked.map { $0.nanoseconds(since: start) / Nanoseconds.perSecond }
        #expect(seconds == [0, 1, 3, 7, 15, 31], "\(seconds)")
        #expect(bench.session.state == .active)
        // Served again, it begins anew with the shortest wait.
        bench.pass(milliseconds: 31_000)
        let served = try #require(bench.takePlaced().first)
        bench.tell(.accepted(served.id))
        #expect(bench.engine.sessions[0].unservedCount == 0)
    }

    @Test func `urgent cancels are paid for by later orders, within a bound`() {
        var budget = Self.budget
        let now = EngineBench.start
        for _ in 0..<1_000 { budget.chargeCancel(at: now) }
        #expect(!budget.hasOrder(at: now))
        let next = budget.nextOrder(after: now)
        #expect(next > now && next.nanoseconds(since: now) <= Nanoseconds.seconds(10))
        #expect(budget.hasOrder(at: next))
    }
}
