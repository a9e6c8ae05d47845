import Simulation
import Testing

@Suite struct FaultTests {
    private static func pass(_ plan: inout FaultPlan, _ count: Int) {
        for number in 0..<count { _ = plan.pass(FaultKind.allCases, "place \(number % 7)") }
    }

    private static func busySeed() throws -> UInt64 {
        try #require((UInt64(1)...100).first { FaultPlan(seed: $0).rate >= 800 })
    }

    @Test func `what happens at a point follows from the seed and its number`() throws {
        let seed = try Self.busySeed()
        var (plan, again) = (FaultPlan(seed: seed), FaultPlan(seed: seed))
        Self.pass(&plan, 1_000)
        Self.pass(&again, 1_000)
        #expect(plan.injected == again.injected)
        #expect(plan.injected.count > 20)
        var other = FaultPlan(seed: seed + 1)
        Self.pass(&other, 1_000)
        #expect(other.injected != plan.injected)
    }

    @Test func `a fault that is left out leaves all others where they are`() throws {
        let seed = try Self.busySeed()
        var plan = FaultPlan(seed: seed)
        Self.pass(&plan, 1_000)
        for left in plan.injected.prefix(10) {
            let others = plan.injected.filter { $0 != left }
            var without = FaultPlan(seed: seed, only: others.map(\.point).reversed())
            Self.pass(&without, 1_000)
            #expect(without.injected == others)
        }
    }

    @Test func `what is left out at one place moves nothing at another`() throws {
        let seed = try Self.busySeed()
        var (plan, fewer) = (FaultPlan(seed: seed), FaultPlan(seed: seed))
        for number in 0..<2_000 {
            _ = plan.pass(FaultKind.allCases, number % 3 == 0 ? "here" : "there")
            if number % 3 == 0 { _ = fewer.pass(FaultKind.allCases, "here") }
        }
        #expect(fewer.injected.count > 20)
        #expect(fewer.injected == plan.injected.filter { $0.place == "here" })
    }

    @Test func `a point is written so that it is read again`() {
        for value: UInt32 in [0, 1, 0xABC, 0xFFFF_FFFF, 0x0041_F3A9] {
            let point = FaultPoint(rawValue: value)
            #expect(point.description.count == 8)
            #expect(FaultPoint(point.description) == point)
        }
        for text in ["", "-1", "xyz", "123456789"] { #expect(FaultPoint(text) == nil, "\(text)") }
    }

    @Test func `nothing happens once faults are over`() throws {
        var plan = FaultPlan(seed: try Self.busySeed())
        plan.isActive = false
        Self.pass(&plan, 1_000)
        #expect(plan.injected.isEmpty)
        #expect(plan.count == 0)
    }

    /// It takes one lost answer or one death after a commit, and nothing else.
    @Test func `a violation shrinks to the one fault that makes it`() async throws {
        let simulation = try await Simulation(CounterScenario())
        var found = 0
        for seed in UInt64(1)...200 where found < 10 {
            let result = try simulation.run(seed: seed)
            guard result.faults.count > 2, let report = try SimulationReport(result, in: simulation) else { continue }
            found += 1
            #expect(report.smallest.faults.count == 1, "\(report)")
            let kind = report.smallest.faults.first?.kind
            #expect(kind == .commitUnknown || kind == .crashAfterCommit, "\(report)")
            let point = try #require(report.smallest.faults.first?.point)
            #expect(report.command == "Scripts/simulate --seed \(seed) --faults \(point)")
        }
        #expect(found == 10)
        for seed in UInt64(1)...200 {
            let calm = try simulation.run(seed: seed, only: [])
            #expect(calm.violation == nil)
        }
    }
}
