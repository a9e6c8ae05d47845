import Jobs
import Scheduling
import Testing
import TradingCore

/// A process that dies between any two steps and within any transaction, on a network with every fault it has.
@Suite struct FundingSimulationTests {
    /// A seeded day of customers, network and process.
    private struct Day {
        var world: FundingWorld
        var random: SplitMix64
        let crashes: Bool
        let context: String

        init(seed: UInt64, crashes: Bool, context: String) async throws {
            random = SplitMix64(seed: seed)
            self.crashes = crashes
            self.context = context
            let network = FakePaymentNetwork(seed: seed &+ 1)
            network.faults = .init(
                lostAnswer: random.below(30), late: random.below(30), dropped: random.below(30),
                insufficient: random.below(20), lookupTimeout: random.below(30))
            network.refusesWithdrawals = random.below(4) == 0
            world = try await FundingWorld(network: network)
        }

        /// - Parameter crashAfter: the process dies after so many steps.
        mutating func play(steps: Int, crashAfter: Int? = nil) throws {
            for step in 0..<steps {
                do { try self.step(step, of: steps) } catch is FundingWorld.Crash { try world.start() }
                if step == crashAfter || crashes && random.below(12) == 0 { try world.start() }
                if crashes, random.below(15) == 0 {
                    world.crashInTransaction = world.transactionCount + 1 + Int(random.below(3))
                }
                try world.checkAlways("\(context) step \(step)")
            }
            if crashes { world.crashInTransaction = nil }
            try world.settle()
            try world.checkSettled(context)
        }

        private mutating func step(_ step: Int, of steps: Int) throws {
            switch random.below(12) {
            case 0 where step < steps * 2 / 3:
                let memo = ["order-1", "order-1", "order-2", "order-2", "nobody", ""][Int(random.below(6))]
                world.network.deposit(
                    20 + Int64(random.below(60)), by: ["alice", "bob"][Int(random.below(2))], memo: memo)
            case 1, 2: try world.poll()
            case 3, 4: try world.claim()
            case 5: world.network.actLate()
            case 6: world.wait(seconds: Int64(random.below(60)))
            case 7:
                // Somebody tells of a deposit again, past every queue.
                guard !world.network.snapshots.isEmpty else { return }
                let index = Int(random.below(UInt64(world.network.snapshots.count)))
                let snapshot = world.network.snapshots[index]
                try world.desk { desk in
                    try desk.store([snapshot], movesCursor: false)
                    try desk.dispose(snapshot.deposit.snapshotID)
                }
            default:
                if !world.tasks.isEmpty { try world.advance(Int(random.below(UInt64(world.tasks.count)))) }
            }
        }
    }

    @Test func `money is conserved and each deposit has one disposition, wherever the process dies`() async throws {
        var steps: [String: Int] = [:]
        for seed in UInt64(1)...100 {
            var day = try await Day(seed: seed, crashes: true, context: "seed \(seed)")
            try day.play(steps: 250)
            for order in FundingWorld.orders {
                steps[try day.world.look { try $0.saga(order).step }, default: 0] += 1
            }
        }
        // The days are various enough to mean something.
        #expect(steps["running", default: 0] > 20)
        #expect(steps["closed", default: 0] > 20)
    }

    @Test func `a crash after every single step of a day costs nothing`() async throws {
        for step in 0..<120 {
            var day = try await Day(seed: 3, crashes: false, context: "seed 3, crash after step \(step)")
            try day.play(steps: 120, crashAfter: step)
        }
    }

    @Test func `a crash in every single transaction of a day costs nothing`() async throws {
        var whole = try await Day(seed: 5, crashes: false, context: "seed 5")
        try whole.play(steps: 120)
        let count = whole.world.transactionCount
        #expect(count > 60)
        for transaction in 4...min(count, 150) {
            var day = try await Day(seed: 5, crashes: false, context: "seed 5, crash in transaction \(transaction)")
            day.world.crashInTransaction = transaction
            try day.play(steps: 120)
        }
    }

    @Test func `the same seed plays the same day`() async throws {
        var days: [[FakePaymentNetwork.Payment]] = []
        for _ in 0..<2 {
            var day = try await Day(seed: 11, crashes: true, context: "seed 11")
            try day.play(steps: 250)
            days.append(day.world.network.executed)
        }
        #expect(days[0] == days[1])
        #expect(!days[0].isEmpty)
    }
}
