import Testing

@testable import Networking
@testable import TradingCore

@Suite struct StreamTrustTests {
    private let first = Self.id(1)
    private let second = Self.id(2)
    private let third = Self.id(3)

    private static func id(_ number: UInt64) -> ClientOrderID {
        ClientOrderID(unchecked: number)
    }

    private func ready(at now: Int64) -> StreamTrust {
        var trust = StreamTrust()
        trust.isReady(at: now)
        return trust
    }

    private func doubted() -> StreamTrust {
        var trust = ready(at: 0)
        trust.accepted(first, sentAt: 1_000, now: 1_200)
        _ = trust.begunDoubt(at: 12_000)
        trust.isReady(at: 12_100)
        return trust
    }

    private func isDoubted(_ trust: StreamTrust, at now: Int64) -> Bool {
        var trust = trust
        _ = trust.begunDoubt(at: now)
        return trust.isDoubted
    }

    // MARK: - What is owed

    @Test func `a word that is owed too long has the stream doubted, until it tells of what has just happened`() {
        var trust = ready(at: 0)
        trust.accepted(first, sentAt: 1_000, now: 1_200)
        let early = trust.begunDoubt(at: 11_199)
        #expect(early == nil && !trust.isDoubted)
        let late = trust.begunDoubt(at: 11_200)
        #expect(late == .silent(10_000) && trust.isDoubted)
        trust.isDown()
        trust.isReady(at: 12_000)
        #expect(trust.isDoubted, "that it is begun anew proves nothing")
        trust.hasTold(.init(happenedAt: 12_900), at: 13_000)
        #expect(!trust.isDoubted)
    }

    @Test(arguments: [(1_400, false), (1_500, false), (1_501, true)] as [(Int64, Bool)])
    func `of an order that was sent before the stream was there no word is owed`(sentAt: Int64, isOwed: Bool) {
        var trust = StreamTrust()
        trust.accepted(first, sentAt: 1_000, now: 1_100)
        trust.isReady(at: 1_500)
        trust.accepted(second, sentAt: sentAt, now: 1_600)
        #expect(isDoubted(trust, at: 60_000) == isOwed)
    }

    @Test func `what broke owes nothing of what was accepted before`() {
        var trust = ready(at: 0)
        trust.accepted(first, sentAt: 1_000, now: 1_100)
        trust.isDown()
        trust.isReady(at: 2_000)
        // Its answer comes only now.
        trust.accepted(first, sentAt: 1_900, now: 2_100)
        #expect(!isDoubted(trust, at: 60_000))
    }

    @Test(arguments: [nil, 940, 1_020] as [Int64?])
    func `a word that comes before the answer is not waited for`(happenedAt: Int64?) {
        var trust = ready(at: 0)
        trust.hasTold(.init(order: first, happenedAt: happenedAt), at: 1_050)
        trust.accepted(first, sentAt: 1_000, now: 1_100)
        #expect(!isDoubted(trust, at: 60_000))
    }

    /// The word, and whether it pays what is owed for the second order, sent at 2000.
    @Test(
        arguments: [
            (1, 1_999, false), (1, 2_000, true), (nil, 1_999, false), (nil, 2_000, true), (2, 1_000, true),
            (1, nil, false), (2, nil, true), (3, nil, true), (nil, nil, true),
        ] as [(UInt64?, Int64?, Bool)])
    func `what is owed is paid by a word of what happened since alone`(
        order: UInt64?, happenedAt: Int64?, isPaid: Bool
    ) {
        var trust = ready(at: 0)
        trust.hasTold(.init(order: first, happenedAt: 1_100), at: 1_150)
        trust.accepted(first, sentAt: 1_000, now: 1_200)
        trust.accepted(second, sentAt: 2_000, now: 2_100)
        trust.accepted(third, sentAt: 3_000, now: 3_100)
        trust.hasTold(.init(order: order.map { Self.id($0) }, happenedAt: happenedAt), at: 4_000)
        // The third is still owed after a word of the second, and no trouble yet.
        #expect(isDoubted(trust, at: 12_500) == !isPaid)
    }

    // MARK: - What is late

    @Test func `a doubted stream is not relied on again for an old word`() {
        var trust = doubted()
        for now in stride(from: 12_200, to: 60_000, by: 500) as StrideTo<Int64> {
            trust.hasTold(.init(order: first, happenedAt: now - 5_001), at: now)
            #expect(trust.isDoubted)
        }
        trust.hasTold(.init(order: first, happenedAt: 55_000), at: 60_000)
        #expect(!trust.isDoubted)
    }

    @Test func `without a time it is relied on again for an order that was accepted since`() {
        var trust = doubted()
        trust.hasTold(.init(order: first), at: 13_000)
        #expect(trust.isDoubted, "the word may be as old as the order")
        trust.accepted(second, sentAt: 14_000, now: 14_100)
        var late = trust
        late.hasTold(.init(order: second), at: 20_000)
        #expect(late.isDoubted, "nearly six seconds")
        var before = trust
        before.hasTold(.init(order: third), at: 14_300)
        #expect(before.isDoubted)
        before.accepted(third, sentAt: 14_200, now: 14_400)
        #expect(!before.isDoubted, "its word came before its answer")
        trust.hasTold(.init(order: second), at: 14_200)
        #expect(!trust.isDoubted)
    }

    @Test func `a stream that is steadily late is doubted though it owes nothing`() {
        var trust = ready(at: 0)
        trust.hasTold(.init(happenedAt: 20_000), at: 40_000)
        trust.hasTold(.init(happenedAt: 20_900), at: 40_900)
        #expect(!isDoubted(trust, at: 41_000))
        trust.hasTold(.init(happenedAt: 22_000), at: 42_000)
        let doubt = trust.begunDoubt(at: 42_001)
        #expect(doubt == .late(20_000) && trust.isDoubted)
        let again = trust.begunDoubt(at: 45_000)
        #expect(again == nil)
    }

    @Test func `a jam that has passed, and what happened before it was there, is no lateness`() {
        var trust = ready(at: 0)
        for _ in 0..<50 { trust.hasTold(.init(happenedAt: 20_000), at: 40_000) }
        #expect(!isDoubted(trust, at: 40_001))
        trust.hasTold(.init(happenedAt: 41_900), at: 42_000)
        trust.hasTold(.init(happenedAt: 22_100), at: 42_100)
        #expect(!isDoubted(trust, at: 42_101))
        // As in a list of what is open.
        var new = ready(at: 100_000)
        for now in stride(from: 100_100, to: 110_000, by: 100) as StrideTo<Int64> {
            new.hasTold(.init(happenedAt: 50_000), at: now)
        }
        #expect(!isDoubted(new, at: 110_000))
    }

    @Test func `the first word of an accepted order has it doubted where it is late`() {
        var trust = ready(at: 0)
        trust.accepted(first, sentAt: 1_000, now: 1_100)
        trust.hasTold(.init(order: first, happenedAt: 1_050), at: 11_060)
        #expect(isDoubted(trust, at: 11_061))
    }

    @Test func `another connection is tried now and then while it is doubted`() {
        var trust = ready(at: 0)
        var tried: [Int64] = []
        func look(_ now: Int64) { if trust.isRetryDue(at: now, every: 60_000) { tried.append(now) } }
        look(90_000)
        trust.accepted(first, sentAt: 1_000, now: 1_000)
        _ = trust.begunDoubt(at: 20_000)
        for now: Int64 in [79_999, 80_000, 80_001, 139_999, 140_000] { look(now) }
        #expect(tried == [80_000, 140_000])
    }
}
