import Foundation
import Testing

/// What `synchronous=FULL` is for, and that the harness would see if it were not there.
@Suite struct DurabilityTests {
    @Test func `each acknowledged commit has an fsync of the log before it`() async throws {
        var chain = try Chain("seam")
        let report = try await chain.run(KillPlan(point: .never, mode: .power, steps: 60, checkpoint: 500))
        #expect(report.violations == [])
        let syncs = report.all("synced").compactMap { Int($0) }
        #expect(syncs.count == report.kept.count && syncs.count > 50)
        for (earlier, later) in zip(syncs, syncs.dropFirst()) { #expect(later > earlier) }
        #expect(report.all("unsynced-commits") == ["0"])
    }

    @Test func `callers that come together share an fsync, and none is told before it`() async throws {
        var chain = try Chain("seam")
        let report = try await chain.run(KillPlan(point: .never, mode: .power, lanes: 32, steps: 10, checkpoint: 500))
        #expect(report.violations == [])
        #expect(report.all("unsynced-commits") == ["0"])
        let syncs = try #require(report.count("wal.fsync"))
        let commits = try #require(report.count("commit"))
        print("fsyncs of the log: \(syncs), commits: \(commits), acknowledged: \(report.kept.count)")
        #expect(syncs >= commits - 2 && syncs < report.kept.count)
    }

    @Test(arguments: [KillPlan.Mode.kill, .power])
    func `a write that waits for no disk outlives the process, and the power once a later one has waited`(
        _ mode: KillPlan.Mode
    ) async throws {
        let more = mode == .kill ? ["LOOSE_OUTLIVES_ALL": "1"] : [:]
        var acknowledged = 0
        for number in 1...6 {
            var chain = try Chain("loose")
            for point in [KillPlan.Point.write(20 + 9 * number), .commit(10 + number)] {
                let report = try await chain.run(
                    KillPlan(point: point, mode: mode, seed: UInt64(number), lanes: 2, steps: 60), more)
                #expect(report.violations == [] && !report.isDone)
                acknowledged += report.kept.count
            }
            let check = try await chain.run(KillPlan(point: .never, mode: mode, steps: 0), more)
            #expect(check.violations == [] && check.isDone)
        }
        #expect(acknowledged > 50)
    }

    /// Turning WAL on is a commit with a rollback journal, and the journal's end is that it is deleted. Undone by a power cut after all
    /// that came since was moved into the file, that would put the first page back and cut the file to it.
    @Test func `a power cut that undoes the deletion of the journal with which WAL was turned on takes nothing back`()
        async throws
    {
        var (kills, tally) = (0, Tally())
        // It is deleted between the fourth sync of a new database and the sixth, and comes back by a throw of the dice.
        for (number, seed) in (4...6).flatMap({ number in (1...5).map { (number, UInt64(1_000 * $0 + number)) } }) {
            var chain = try Chain("seam")
            let early = KillPlan(point: .fsync(number), mode: .power, seed: seed, lanes: 8, steps: 5, checkpoint: 1)
            var late = early
            (late.point, late.isAfter, late.seed, late.batch) = (.fsync(20 + number), true, seed + 500, 3)
            for plan in [early, late] where try await chain.live(plan) { kills += 1 }
            try await chain.live(KillPlan(point: .never, mode: .power, steps: 2))
            tally += chain.tally
        }
        #expect(tally.violations == [])
        #expect(kills == 30 && tally.acknowledged > 40)
    }

    /// The negative control: the same kills on a plain connection.
    @Test(arguments: [
        ("FULL", KillPlan.Mode.power, false), ("NORMAL", .power, true), ("OFF", .power, true), ("NORMAL", .kill, false),
    ])
    func `a power cut takes back acknowledged commits, but only without synchronous=FULL`(
        _ synchronous: String, _ mode: KillPlan.Mode, _ loses: Bool
    ) async throws {
        var lost = 0
        for number in 1...8 {
            var chain = try Chain("raw")
            let plan = KillPlan(point: .write(40 + 10 * number), mode: mode, seed: UInt64(number), steps: 100)
            let report = try await chain.run(plan, [:], ["synchronous=\(synchronous)"])
            #expect(!report.isDone && report.kept.count > 5)
            var after = plan
            after.point = .never
            after.steps = 0
            let check = try await chain.run(after, [:], ["synchronous=\(synchronous)"])
            #expect(check.isDone || loses)
            lost += check.violations.count
        }
        #expect((lost > 0) == loses, "\(lost) lost")
    }

    /// The same, with a disk that says it has synced and has not, under the very workload that otherwise loses nothing.
    @Test func `the harness sees a disk that lies about its syncs`() async throws {
        var violations: [String] = []
        for seed in 1...6 as ClosedRange<UInt64> {
            var chain = try Chain("seam")
            let plan = KillPlan(point: .commit(12), mode: .power, seed: seed)
            _ = try await chain.run(plan, ["FAULTVFS_LIES": "1"])
            violations += try await chain.run(KillPlan(point: .never, mode: .power)).violations
        }
        #expect(!violations.isEmpty)
    }
}
