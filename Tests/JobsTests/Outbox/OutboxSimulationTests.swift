import Jobs
import Persistence
import Scheduling
import Testing
import TradingCore

/// Senders that die, hang past their lease, fail and book late, in an order drawn from a seed.
@Suite struct OutboxSimulationTests {
    @Test func `whatever senders do, every message arrives, first arrivals in order, and nothing is left`() async throws
    {
        for seed in UInt64(1)...60 {
            var run = try await Run(seed: seed)
            try run.play()
            try run.check()
        }
    }

    private struct Run {
        let seed: UInt64
        var random: SplitMix64
        let database: MemoryDatabase
        var rules = OutboxRules()
        var now = Timestamp(nanoseconds: Nanoseconds.seconds(1_000))
        /// What senders hold, and how far they are.
        var senders: [(batch: OutboxBatch, sent: Int)] = []
        var put: [OutboxLane: [String]] = [:]
        var arrived: [OutboxLane: [String]] = [:]

        init(seed: UInt64) async throws {
            self.seed = seed
            random = SplitMix64(seed: seed)
            database = try MemoryDatabase()
            try await Migrator(allMigrations).migrate(database)
            rules.leaseNanoseconds = Nanoseconds.seconds(5)
            rules.messagesPerClaim = 3
            rules.lanesPerClaim = 2
            rules.maximumFailures = 1_000
            rules.maximumDelayNanoseconds = Nanoseconds.seconds(4)
        }

        func outbox<Value>(_ body: (Outbox) throws -> Value) throws -> Value {
            let rules = rules
            return try database.transact { try body(Outbox(transaction: $0, rules: rules)) }
        }

        mutating func play() throws {
            for step in 0..<400 {
                now = now.advanced(byNanoseconds: Int64(random.below(600_000_000)))
                switch random.below(10) {
                case 0...2: if step < 250 { try putOne(step) }
                case 3, 4: for batch in try outbox({ try $0.claim(now: now) }) { senders.append((batch, 0)) }
                case 5...8: sendOne()
                default: try endOne()
                }
            }
            // The world heals: dead senders' leases lapse, and all that is left is sent.
            for _ in 0..<200 {
                now = now.advanced(byNanoseconds: Nanoseconds.seconds(6))
                for batch in try outbox({ try $0.claim(now: now) }) {
                    for message in batch.messages { arrive(message) }
                    try outbox { _ = try $0.acknowledge(batch, .sent(batch.messages.count), now: now) }
                }
            }
        }

        private mutating func putOne(_ step: Int) throws {
            let lane = OutboxLane(topic: "t", key: "\(random.below(4))")
            let commits = random.below(5) > 0
            struct Crash: Error {}
            do {
                try outbox {
                    try $0.put(topic: lane.topic, key: lane.key, name: "\(step)", payload: [], now: now)
                    if !commits { throw Crash() }
                }
                put[lane, default: []].append("\(step)")
            } catch is Crash {}
        }

        private mutating func sendOne() {
            guard !senders.isEmpty else { return }
            let index = Int(random.below(UInt64(senders.count)))
            let (batch, sent) = senders[index]
            guard sent < batch.messages.count, now < batch.leasedUntil else { return }
            arrive(batch.messages[sent])
            senders[index].sent += 1
        }

        private mutating func arrive(_ message: OutboxMessage) {
            if arrived[message.lane, default: []].contains(message.name) { return }
            arrived[message.lane, default: []].append(message.name)
        }

        private mutating func endOne() throws {
            guard !senders.isEmpty else { return }
            let (batch, sent) = senders.remove(at: Int(random.below(UInt64(senders.count))))
            switch random.below(4) {
            case 0: break  // Died before it could book.
            case 1: try outbox { _ = try $0.acknowledge(batch, .failed(sent: sent, reason: "no"), now: now) }
            default: try outbox { _ = try $0.acknowledge(batch, .sent(sent), now: now) }
            }
        }

        func check() throws {
            #expect(arrived == put, "seed \(seed)")
            #expect(try outbox { try $0.metrics() } == OutboxMetrics(), "seed \(seed)")
            #expect(try database.transact { try $0.rows("SELECT topic FROM outbox_lanes").count } == 0, "seed \(seed)")
        }
    }
}
