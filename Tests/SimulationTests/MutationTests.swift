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
        (.forgottenReservation, "reservationOwner", 0),
    ])
    func `a desk that breaks a rule is found out`(mutation: DeskMutation, invariant: String, faults: Int) async throws {
        try await expectFound(DeskScenario(mutation: mutation), invariant, atMost: faults)
    }

    @Test(arguments: [
        (ServerMutation.noFencing, "jobEffectOnce", 3),
        (.reversedLane, "laneOrder", 0),
        (.unguardedTick, "scheduleForward", 0),
    ])
    func `a server that breaks a rule is found out`(
        mutation: ServerMutation, invariant: String, faults: Int
    ) async throws {
        try await expectFound(DeskScenario(serverMutation: mutation), invariant, atMost: faults)
    }

    private func expectFound(_ scenario: DeskScenario, _ invariant: String, atMost limit: Int) async throws {
        let simulation = try await Simulation(scenario)
        for seed in UInt64(1)...400 {
            let result = try simulation.run(seed: seed)
            guard result.violation?.invariant == invariant, !result.faults.isEmpty || limit == 0 else { continue }
            let report = try #require(try SimulationReport(result, in: simulation))
            let smallest = report.smallest
            #expect(smallest.violation?.invariant == invariant)
            #expect(smallest.faults.count <= limit, "\(report)")
            #expect(report.command.contains("--seed \(seed) --faults"))
            let again = try simulation.run(seed: seed, only: smallest.faults.map(\.point))
            #expect(again.fingerprint == smallest.fingerprint)
            return
        }
        Issue.record("no seed broke \(invariant)")
    }
}
