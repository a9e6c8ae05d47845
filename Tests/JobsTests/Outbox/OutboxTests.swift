import Jobs
import Persistence
import Testing
import TradingCore

private func at(_ seconds: Int64) -> Timestamp { Timestamp(nanoseconds: Nanoseconds.seconds(1_000 + seconds)) }

@Suite struct OutboxTests {
    private let database: MemoryDatabase
    private var rules = OutboxRules()
    private let lane = OutboxLane(topic: "orders", key: "17")

    init() async throws {
        database = try MemoryDatabase()
        try await Migrator(allMigrations).migrate(database)
        rules.maximumFailures = 3
        rules.leaseNanoseconds = Nanoseconds.seconds(10)
    }

    @discardableResult
    private func outbox<Value>(_ body: (Outbox) throws -> Value) throws -> Value {
        let rules = rules
        return try database.transact { try body(Outbox(transaction: $0, rules: rules)) }
    }

    @discardableResult
    private func put(_ name: String, key: String = "17", now: Timestamp = at(0)) throws -> String {
        try outbox { try $0.put(topic: "orders", key: key, name: name, payload: Array(name.utf8), now: now) }
    }

    private func names(_ batch: OutboxBatch) -> [String] { batch.messages.map(\.name) }

    // MARK: - Putting

    @Test func `a message put again is the same message, and another payload is refused naming both`() throws {
        let first = try put("created")
        #expect(try put("created") == first)
        #expect(try outbox { try $0.metrics().pendingMessages } == 1)
        #expect(
            throws: OutboxError.conflict(
                lane: lane, name: "created", stored: Array("created".utf8), given: Array("other".utf8))
        ) {
            try outbox {
                try $0.put(topic: "orders", key: "17", name: "created", payload: Array("other".utf8), now: at(0))
            }
        }
        #expect(try outbox { try $0.claim(now: at(0)).map(\.messages.count) } == [1])
    }

    @Test func `an id says what the message is, and parts do not run into each other`() throws {
        let ids = [try put("created"), try put("created", key: "1"), try put("7created", key: "1")]
        #expect(Set(ids).count == 3)
        #expect(try outbox { try $0.message(ids[0])?.lane } == lane)
    }

    @Test func `a lane stored by a clock that ran ahead is sent when clocks are right`() throws {
        try put("created", now: at(86_400))
        #expect(try outbox { try $0.nextReady(now: at(0)) } == at(0))
        #expect(try outbox { try $0.claim(now: at(0)) }.map(names) == [["created"]])
        // What waits for a while, or is another's for a while, is left alone.
        #expect(try outbox { try $0.nextReady(now: at(1)) } == at(10))
        #expect(try outbox { try $0.claim(now: at(1)) }.isEmpty)
    }

    @Test func `what is too large is refused`() throws {
        var rules = rules
        rules.maximumPayloadBytes = 3
        #expect(throws: OutboxError.tooLarge(lane: lane, name: "x", bytes: 4, limit: 3)) {
            try database.transact {
                try Outbox(transaction: $0, rules: rules)
                    .put(topic: "orders", key: "17", name: "x", payload: [1, 2, 3, 4], now: at(0))
            }
        }
        #expect(try outbox { try $0.nextReady(now: at(0)) } == nil)
    }

    @Test func `a message of a transaction that fails never leaves`() throws {
        struct Refusal: Error {}
        #expect(throws: Refusal.self) {
            try outbox {
                try $0.put(topic: "orders", key: "17", name: "created", payload: [], now: at(0))
                throw Refusal()
            }
        }
        #expect(try outbox { try $0.claim(now: at(0)) }.isEmpty)
    }

    // MARK: - Sending

    @Test func `one sender has a lane until it acknowledges, and gets it in order`() throws {
        for name in ["a", "b", "c"] { try put(name) }
        let batch = try #require(try outbox { try $0.claim(now: at(1)) }.first)
        #expect(names(batch) == ["a", "b", "c"])
        #expect(try outbox { try $0.claim(now: at(2)) }.isEmpty)
        try put("d", now: at(3))
        #expect(try outbox { try $0.claim(now: at(3)) }.isEmpty)
        #expect(try outbox { try $0.acknowledge(batch, .sent(3), now: at(4)) })
        #expect(try outbox { try $0.claim(now: at(4)) }.map(names) == [["d"]])
    }

    @Test func `what was sent in part goes on with the rest`() throws {
        for name in ["a", "b", "c"] { try put(name) }
        let batch = try #require(try outbox { try $0.claim(now: at(1)) }.first)
        #expect(try outbox { try $0.acknowledge(batch, .sent(1), now: at(1)) })
        #expect(try outbox { try $0.claim(now: at(1)) }.map(names) == [["b", "c"]])
        #expect(try outbox { try $0.messages(lane, .sent) }.map(\.settledAt) == [at(1)])
    }

    @Test func `a lane whose sender died goes to another, whose fence is higher, and the dead one books nothing`()
        throws
    {
        try put("a")
        let dead = try #require(try outbox { try $0.claim(now: at(1)) }.first)
        #expect(dead.leasedUntil == at(11))
        #expect(try outbox { try $0.claim(now: at(10)) }.isEmpty)
        let heir = try #require(try outbox { try $0.claim(now: at(11)) }.first)
        #expect(heir.fence > dead.fence)
        #expect(heir.messages == dead.messages)
        #expect(try !outbox { try $0.acknowledge(dead, .sent(1), now: at(12)) })
        #expect(try !outbox { try $0.acknowledge(dead, .failed(sent: 0, reason: "late"), now: at(12)) })
        #expect(try outbox { try $0.acknowledge(heir, .sent(1), now: at(12)) })
        #expect(try !outbox { try $0.acknowledge(heir, .sent(1), now: at(12)) })
        #expect(try outbox { try $0.metrics() } == OutboxMetrics())
    }

    @Test func `a fence grows though the lane was empty in between, and though the clock stands still`() throws {
        try put("a")
        let first = try #require(try outbox { try $0.claim(now: at(5)) }.first)
        try outbox { try $0.acknowledge(first, .sent(0), now: at(5)) }
        let second = try #require(try outbox { try $0.claim(now: at(5)) }.first)
        try outbox { try $0.acknowledge(second, .sent(1), now: at(5)) }
        try put("b", now: at(6))
        let third = try #require(try outbox { try $0.claim(now: at(6)) }.first)
        #expect(first.fence < second.fence)
        #expect(second.fence < third.fence)
    }

    @Test(arguments: [true, false])
    func `a fence grows though the lane was empty in between and the clock was set back`(isDiscarded: Bool) throws {
        let id = try put("a")
        let first = try #require(try outbox { try $0.claim(now: at(100)) }.first)
        if isDiscarded {
            try outbox { try $0.acknowledge(first, .sent(0), now: at(100)) }
            #expect(try outbox { try $0.discard(id, now: at(100)) })
        } else {
            try outbox { try $0.acknowledge(first, .sent(1), now: at(100)) }
        }
        // Another lane ends as well, with a lower fence, and one that nobody has claimed.
        try put("x", key: "18")
        let other = try #require(try outbox { try $0.claim(now: at(1)) }.first)
        try outbox { try $0.acknowledge(other, .sent(1), now: at(1)) }
        #expect(
            try outbox {
                try $0.discard(try $0.put(topic: "orders", key: "19", name: "y", payload: [], now: at(1)), now: at(1))
            })
        _ = try outbox { try $0.sweep(now: at(2)) }
        try put("b", now: at(2))
        let second = try #require(try outbox { try $0.claim(now: at(2)) }.first)
        #expect(second.lane == first.lane)
        #expect(second.fence > first.fence)
        try outbox { try $0.acknowledge(second, .sent(1), now: at(2)) }
        try put("c", now: at(200))
        let third = try #require(try outbox { try $0.claim(now: at(200)) }.first)
        #expect(third.fence == at(200).nanoseconds, "the clock's again, once it is ahead")
        try outbox { try $0.acknowledge(third, .sent(1), now: at(200)) }
        _ = try outbox { try $0.sweep(now: at(200)) }
        let fences = try database.transact {
            try $0.rows("SELECT fence FROM outbox_fences").map { try $0.get(0, as: Int64.self) }
        }
        #expect(fences == [third.fence], "of many only the highest is kept")
    }

    // MARK: - Failing

    @Test func `a failing lane waits longer each time, then is parked, and holds nobody else up`() throws {
        try put("a")
        try put("b")
        try put("other", key: "18")
        var now = at(0)
        var waits: [Int64] = []
        for failure in 1...3 {
            let batches = try outbox { try $0.claim(now: now) }
            let stuck = try #require(batches.first { $0.lane == lane })
            #expect(names(stuck) == ["a", "b"])
            #expect(stuck.failures == failure - 1)
            if failure == 1 {
                #expect(batches.map(\.lane.key) == ["17", "18"])
                try outbox { try $0.acknowledge(batches[1], .sent(1), now: now) }
            }
            try outbox { try $0.acknowledge(stuck, .failed(sent: 0, reason: "no \(failure)"), now: now) }
            guard let next = try outbox({ try $0.nextReady(now: now) }) else { break }
            waits.append(next.nanoseconds(since: now))
            now = next
        }
        #expect(waits.count == 2)
        #expect((750_000_000...1_000_000_000).contains(waits[0]))
        #expect((1_500_000_000...2_000_000_000).contains(waits[1]))
        let report = try #require(try outbox { try $0.failingLanes() }.first)
        #expect(report.isParked && report.failures == 3 && report.pending == 2 && report.lastFailure == "no 3")
        #expect(try outbox { try $0.claim(now: at(1_000_000)) }.isEmpty)
        let metrics = try outbox { try $0.metrics() }
        #expect(metrics.parkedLanes == 1 && metrics.pendingMessages == 2 && metrics.oldestPending == at(0))
    }

    @Test func `a failure behind messages that were taken is the first of a new head`() throws {
        for name in ["a", "b"] { try put(name) }
        for _ in 1...2 {
            let batch = try #require(try outbox { try $0.claim(now: at(100)) }.first)
            try outbox { try $0.acknowledge(batch, .failed(sent: 0, reason: "no"), now: at(0)) }
        }
        let batch = try #require(try outbox { try $0.claim(now: at(100)) }.first)
        try outbox { try $0.acknowledge(batch, .failed(sent: 1, reason: "no"), now: at(100)) }
        let report = try #require(try outbox { try $0.failingLanes() }.first)
        #expect(report.failures == 1 && !report.isParked && report.pending == 1)
    }

    @Test func `what a sink refuses parks the lane at once, and an operator lets it go on`() throws {
        for name in ["a", "b"] { try put(name) }
        let batch = try #require(try outbox { try $0.claim(now: at(1)) }.first)
        try outbox { try $0.acknowledge(batch, .refused(sent: 0, reason: "never"), now: at(1)) }
        #expect(try outbox { try $0.claim(now: at(2)) }.isEmpty)
        #expect(try outbox { try $0.retry(lane, now: at(2)) })
        let again = try #require(try outbox { try $0.claim(now: at(2)) }.first)
        #expect(names(again) == ["a", "b"])
        // While it is being sent, an operator does not hand it to a second sender.
        #expect(try !outbox { try $0.retry(lane, now: at(3)) })
        try outbox { try $0.acknowledge(again, .refused(sent: 0, reason: "never"), now: at(3)) }
        #expect(try outbox { try $0.discard(again.messages[0].id, now: at(4)) })
        #expect(try !outbox { try $0.discard(again.messages[0].id, now: at(4)) })
        #expect(try outbox { try $0.claim(now: at(4)) }.map(names) == [["b"]])
        #expect(try outbox { try $0.messages(lane, .discarded) }.map(\.name) == ["a"])
    }

    @Test func `giving up a message that is being sent leaves the rest to its sender`() throws {
        for name in ["a", "b"] { try put(name) }
        let batch = try #require(try outbox { try $0.claim(now: at(1)) }.first)
        #expect(try outbox { try $0.discard(batch.messages[0].id, now: at(2)) })
        #expect(try outbox { try $0.claim(now: at(2)) }.isEmpty)
        #expect(try outbox { try $0.acknowledge(batch, .sent(2), now: at(3)) })
        #expect(try outbox { try $0.messages(lane, .sent) }.map(\.name) == ["b"])
        #expect(try outbox { try $0.metrics() } == OutboxMetrics())
    }

    @Test func `sent messages go after their retention, pending ones never`() throws {
        try put("a")
        let batch = try #require(try outbox { try $0.claim(now: at(0)) }.first)
        try outbox { try $0.acknowledge(batch, .sent(1), now: at(0)) }
        try put("b")
        let later = at(0).advanced(byNanoseconds: rules.retentionNanoseconds)
        #expect(try outbox { try $0.sweep(now: later) } == 0)
        #expect(try outbox { try $0.sweep(now: later.advanced(byNanoseconds: 1)) } == 1)
        #expect(try outbox { try $0.claim(now: later) }.map(names) == [["b"]])
    }

    @Test func `a number is never used twice, not even when every message was swept`() throws {
        try put("a")
        let batch = try outbox { try $0.claim(now: at(0)) }[0]
        try outbox { try $0.acknowledge(batch, .sent(1), now: at(0)) }
        let later = at(1).advanced(byNanoseconds: rules.retentionNanoseconds)
        #expect(try outbox { try $0.sweep(now: later) } == 1)
        try put("b")
        let next = try outbox { try $0.claim(now: later) }[0]
        #expect(next.messages[0].number > batch.messages[0].number)
    }

    @Test func `a claim is bounded in lanes and in messages, and takes who waits longest`() throws {
        var small = rules
        small.lanesPerClaim = 2
        small.messagesPerClaim = 2
        for (offset, key) in ["c", "b", "a"].enumerated() {
            for name in ["1", "2", "3"] { try put(name, key: key, now: at(Int64(offset))) }
        }
        let batches = try database.transact { try Outbox(transaction: $0, rules: small).claim(now: at(9)) }
        #expect(batches.map(\.lane.key) == ["b", "c"])
        #expect(batches.map(names) == [["1", "2"], ["1", "2"]])
    }
}
