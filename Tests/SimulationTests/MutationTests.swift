import Simulation
import Testing

/// The checks can fail: each broken rule is found by the invariant that it breaks, with the few faults it takes.
@Suite struct MutationTests {
    @Test(arguments: [
        (DeskMutation.effectOutsideCompletion, "jobEffectOnce", 1),
        (.receiverWithoutReceipts, "messageOnce", 1),
        (.depositWithoutReceipt, "oneDisposition", 1),
        (.freshRequestID, "paidOnce", 2),
        (.followUpAfterCommit, "followUp", 1),
        (.fillCountedTwice, "fillsAgree", 1),
        (.timeoutTakenForRefusal, "paymentsAgree", 1),
        (.moneyFromNowhere, "assetSum", 0),
        (.forgottenReservation, "reservationOwner", 1), (.noSerialKey, "serialOrder", 1),
    ])
    func `a desk that breaks a rule is found out`(mutation: DeskMutation, invariant: String, faults: Int) async throws {
        try await expectFound(DeskScenario(mutation: mutation), invariant, atMost: faults)
    }

    @Test(arguments: [
        (ServerMutation.noFencing, "jobClaims", 5),
        (.reversedLane, "laneOrder", 0),
        (.unguardedTick, "scheduleForward", 0),
    ])
    func `a server that breaks a rule is found out`(
        mutation: ServerMutation, invariant: String, faults: Int
    ) async throws {
        try await expectFound(DeskScenario(serverMutation: mutation), invariant, atMost: faults)
    }

    /// Several seeds may break it, and some of them need fewer faults than others.
    private func expectFound(_ scenario: DeskScenario, _ invariant: String, atMost limit: Int) async throws {
        let simulation = try await Simulation(scenario)
        var reports: [SimulationReport] = []
        for seed in UInt64(1)...600 where reports.count < 4 {
            let result = try simulation.run(seed: seed)
            guard result.violation?.invariant == invariant, !result.faults.isEmpty || limit == 0 else { continue }
            let report = try #require(try SimulationReport(result, in: simulation))
            let smallest = report.smallest
            #expect(smallest.violation?.invariant == invariant)
            #expect(smallest.faults.count <= result.faults.count)
            #expect(report.command.hasPrefix("Scripts/simulate --seed \(seed) --faults"))
            let points = smallest.faults.map(\.point)
            #expect(try simulation.run(seed: seed, only: points).fingerprint == smallest.fingerprint, "\(report)")
            // Not one of them can be left out.
            for left in points {
                let fewer = try simulation.run(seed: seed, only: points.filter { $0 != left })
                #expect(fewer.violation?.invariant != invariant, "\(report)")
            }
            reports.append(report)
            if smallest.faults.count <= limit { return }
        }
        Issue.record("no seed broke \(invariant) with \(limit) faults: \(reports.map(\.description))")
    }
}
