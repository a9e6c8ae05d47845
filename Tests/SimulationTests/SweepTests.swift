import Jobs
import Simulation
import Testing

@Suite struct SweepTests {
    @Test func `the same seed is the same run, in a new database and in a used one`() async throws {
        let (first, second) = (try await Simulation(DeskScenario()), try await Simulation(DeskScenario()))
        for seed in UInt64(1)...6 {
            let result = try first.run(seed: seed, keepsTrace: true)
            let again = try second.run(seed: 7 - seed)
            #expect(try second.run(seed: seed, keepsTrace: true).trace == result.trace, "seed \(seed)")
            #expect(try first.run(seed: 7 - seed).fingerprint == again.fingerprint, "seed \(7 - seed)")
        }
    }

    @Test func `nothing that the seeds think of breaks an invariant`() async throws {
        let simulation = try await Simulation(DeskScenario())
        var sweep = SimulationSweep()
        var coverage: Set<String> = []
        for seed in UInt64(1)...300 {
            let result = try simulation.run(seed: seed)
            sweep.add(result)
            coverage.formUnion(result.coverage)
            if let report = try SimulationReport(result, in: simulation) { Issue.record("\(report)") }
        }
        for (kind, count) in sweep.faults { #expect(count > 10, "\(kind) happened \(count) times") }
        let expected = Self.expected.subtracting(coverage).sorted()
        #expect(expected.isEmpty, "never seen: \(expected)")
    }

    /// Rare paths that a few hundred seeds must have taken, or the simulation simulates nothing.
    private static var expected: Set<String> {
        let jobs = JobState.allCases.flatMap { state in
            state.successors.map { "job \(state.rawValue) > \($0.rawValue)" }
        }
        return Set(jobs).subtracting(unused).union([
            "payout paying > paying", "payout paying > paid", "payout paying > refused", "payout paying > revoking",
            "payout revoking > paid", "payout revoking > refused", "payout revoking > revoking",
            "reservation open", "reservation posted", "reservation voided", "reservation expired",
        ])
    }

    /// No handler of the desk gives its job up.
    private static let unused: Set<String> = ["job running > discarded"]
}
