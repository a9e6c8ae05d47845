import Strategies
import Testing
import TradingCore

@testable import Execution

@Suite("Data that cannot be trusted")
struct StaleDataTests {
    /// A plan that decides once a day.
    private func slowPlan() -> Plan {
        let plan = Plan([bid(9_990), ask(10_010)])
        plan.refreshNanoseconds = Nanoseconds.perDay
        return plan
    }

    @Test("a gap takes every quote off at once; the snapshot brings them back")
    func gap() throws {
        let bench = try EngineBench(slowPlan())
        let orders = bench.settle()
        bench.engine.marketLost(now: bench.now)
        #expect(bench.take().cancelled == orders.map(\.id))
        for order in orders { bench.tell(.cancelled(order.id)) }
        bench.decide()
        bench.pass(milliseconds: 10_000)
        #expect(bench.take() == [])
        #expect(bench.session.refusals[.stalePublicData] ?? 0 > 0)
        bench.engine.marketRecovered(now: bench.now)
        bench.pass(milliseconds: 0)
        #expect(bench.takePlaced().count == 2)
    }

    @Test("an order accepted after the gap is cancelled too")
    func acceptedAfterGap() throws {
        let bench = try EngineBench(slowPlan())
        bench.decide()
        let orders = bench.takePlaced()
        bench.engine.marketLost(now: bench.now)
        #expect(bench.take().cancelled == orders.map(\.id))
    }

    enum Trouble: CaseIterable { case publicSilence, privateSilence, skew, drift }

    @Test("quotes are pulled without waiting for the strategy's next decision", arguments: Trouble.allCases)
    func pulled(_ trouble: Trouble) throws {
        var limits = RiskLimits()
        limits.maximumDataAgeNanoseconds = Nanoseconds.seconds(3)
        limits.maximumAccountDataAgeNanoseconds = Nanoseconds.seconds(3)
        let bench = try EngineBench(slowPlan(), limits: limits)
        bench.engine.health.lastAccountData = bench.now
        let orders = bench.settle()
        #expect(orders.count == 2)
        func live(_ milliseconds: Int64) {
            for _ in 0..<milliseconds / 100 {
                bench.pass(milliseconds: 100, silently: trouble == .publicSilence)
                if trouble != .privateSilence { bench.engine.health.lastAccountData = bench.now }
            }
        }
        live(3_000)
        #expect(bench.take() == [], "at the edge of its age data is good")
        let refusal: RiskRefusal
        switch trouble {
        case .publicSilence: refusal = .stalePublicData
        case .privateSilence: refusal = .stalePrivateData
        case .skew:
            bench.engine.health.clockSkewNanoseconds = limits.maximumClockSkewNanoseconds + 1
            refusal = .clockSkew
        case .drift:
            bench.engine.balancesReported(base: "0", quote: "0", tolerance: "1")
            refusal = .balanceDrift
        }
        live(1_000)
        #expect(bench.take().cancelled == orders.map(\.id))
        #expect(bench.session.refusals[refusal] == 1)
    }

    @Test("data is stale one nanosecond after its age, on the nanosecond")
    func exactEdge() throws {
        var limits = RiskLimits()
        limits.maximumDataAgeNanoseconds = Nanoseconds.milliseconds(700)
        let bench = try EngineBench(slowPlan(), limits: limits)
        let orders = bench.settle()
        let placedAt = bench.now
        bench.pass(milliseconds: 700, silently: true)
        #expect(bench.take() == [])
        #expect(bench.engine.nextWake == placedAt.advanced(byNanoseconds: 700_000_001))
        bench.pass(milliseconds: 1, silently: true)
        #expect(bench.take().cancelled == orders.map(\.id))
    }

    @Test("a session that lives on a quiet but living market is left alone")
    func quiet() throws {
        let bench = try EngineBench(slowPlan())
        _ = bench.settle()
        bench.pass(milliseconds: 3_600_000)
        #expect(bench.take() == [])
    }
}
