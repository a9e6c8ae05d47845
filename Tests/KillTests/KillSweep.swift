import Foundation
import Scheduling

/// Many chains of lives, two at a time: every n from 1 on, then, at least for a quarter of all, at random until there have been enough.
struct KillSweep: Sendable {
    var workload: String
    var kills: Int
    var seed: UInt64
    var busyness: UInt64 = 1

    func run() async throws -> Tally {
        var tally = try await inPairs(systematic)
        var random = SplitMix64(seed: seed)
        while tally.kills < kills, tally.violations.isEmpty {
            let seeds = (0..<8).map { _ in random.below(1 << 32) }
            tally += try await inPairs(seeds.map { seed in { try await atRandom(seed) } })
        }
        return tally
    }

    private typealias Work = @Sendable () async throws -> Tally

    private func inPairs(_ works: [Work]) async throws -> Tally {
        try await withThrowingTaskGroup { group in
            var tally = Tally()
            var waiting = works[...]
            for _ in 0..<2 { if let work = waiting.popFirst() { group.addTask { try await work() } } }
            while let done = try await group.next() {
                tally += done
                if let work = waiting.popFirst() { group.addTask { try await work() } }
            }
            return tally
        }
    }

    // MARK: - Every n

    /// The last n of each of the twelve series.
    private var last: Int { min(30, kills / 16) }

    private var systematic: [Work] {
        let points: [(KillPlan.Mode, Bool, @Sendable (Int) -> KillPlan.Point)] = [
            (.kill, false, { .write($0) }), (.power, false, { .write($0) }), (.power, false, { .fsync($0) }),
            (.power, true, { .fsync($0) }), (.kill, false, { .commit($0) }), (.power, false, { .commit($0) }),
        ]
        return points.flatMap { mode, isAfter, point -> [Work] in
            let plan: @Sendable (Int) -> KillPlan = { number in
                KillPlan(point: point(number), mode: mode, isAfter: isAfter, seed: seed &+ UInt64(number))
            }
            return [{ try await inCreation(plan) }, { try await inOneChain(plan) }]
        }
    }

    /// A new database for every n: from its first byte through its migrations to the first steps.
    private func inCreation(_ plan: (Int) -> KillPlan) async throws -> Tally {
        var tally = Tally()
        for number in 1...last {
            var chain = try Chain(workload)
            var plan = plan(number)
            plan.steps = 2
            let isKilled = try await chain.live(plan)
            plan.point = .never
            try await chain.live(plan)
            tally += chain.tally
            if !isKilled { break }
        }
        return tally
    }

    /// One database for all n, until a life gets through.
    private func inOneChain(_ plan: (Int) -> KillPlan) async throws -> Tally {
        var chain = try Chain(workload)
        for number in 1...last where try await !chain.live(plan(number)) { break }
        try await end(&chain)
        return chain.tally
    }

    // MARK: - At random

    private func atRandom(_ seed: UInt64) async throws -> Tally {
        var random = SplitMix64(seed: seed)
        var chain = try Chain(workload)
        for _ in 0..<15 { try await chain.live(.random(&random, busyness: busyness)) }
        try await end(&chain)
        return chain.tally
    }

    /// A life that comes to its proper end, so that the last kill is checked too.
    private func end(_ chain: inout Chain) async throws {
        try await chain.live(KillPlan(point: .never, mode: .kill, steps: 2))
    }
}
