import Foundation
import Testing

/// `MRMARKET_KILLS` says how many (`Scripts/kill-soak`), `MRMARKET_KILL_SEED` which.
@Suite struct SQLiteKillTests {
    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    @Test(arguments: [("seam", 300, 1), ("core", 250, 4)] as [(String, Int, UInt64)])
    func `what was acknowledged outlives the process and the power, what was not is whole or absent`(
        _ workload: String, _ usual: Int, _ busyness: UInt64
    ) async throws {
        let seed = UInt64(Self.number("MRMARKET_KILL_SEED") ?? 1)
        let kills = Self.number("MRMARKET_KILLS") ?? usual
        let start = ContinuousClock.now
        let tally = try await KillSweep(workload: workload, kills: kills, seed: seed, busyness: busyness).run()
        print("SQLite, \(workload), seed \(seed): \(tally), in \(ContinuousClock.now - start)")
        for violation in tally.violations.prefix(20) { Issue.record("\(violation)") }
        #expect(tally.violations.isEmpty)
        #expect(tally.kills >= kills && tally.atRandom > 0)
    }
}
