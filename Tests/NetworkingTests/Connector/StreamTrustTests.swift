import Testing

@testable import Networking

@Suite struct StreamTrustTests {
    private static let bound: Int64 = 10_000

    private func ready(at now: Int64) -> StreamTrust {
        var trust = StreamTrust()
        trust.isReady(at: now)
        return trust
    }

    @Test func `a word that is owed too long has the stream doubted, until it tells of an order`() {
        var trust = ready(at: 0)
        trust.accepted(sentAt: 1_000, now: 1_200)
        let early = trust.overdue(at: 11_199, after: Self.bound)
        #expect(early == nil && !trust.isDoubted)
        let late = trust.overdue(at: 11_200, after: Self.bound)
        #expect(late == 10_000 && trust.isDoubted)
        trust.isDown()
        trust.isReady(at: 12_000)
        #expect(trust.isDoubted, "that it is begun anew proves nothing")
        trust.hasTold(at: 13_000)
        #expect(!trust.isDoubted)
    }

    @Test(arguments: [(1_400, false), (1_500, false), (1_501, true)] as [(Int64, Bool)])
    func `of an order that was sent before the stream was there no word is owed`(sentAt: Int64, isOwed: Bool) {
        var trust = StreamTrust()
        trust.accepted(sentAt: 1_000, now: 1_100)
        trust.isReady(at: 1_500)
        trust.accepted(sentAt: sentAt, now: 1_600)
        let late = trust.overdue(at: 60_000, after: Self.bound)
        #expect((late != nil) == isOwed && trust.isDoubted == isOwed)
    }

    @Test func `what broke owes nothing of what was accepted before`() {
        var trust = ready(at: 0)
        trust.accepted(sentAt: 1_000, now: 1_100)
        trust.isDown()
        trust.isReady(at: 2_000)
        // Its answer comes only now.
        trust.accepted(sentAt: 1_900, now: 2_100)
        _ = trust.overdue(at: 60_000, after: Self.bound)
        #expect(!trust.isDoubted)
    }

    @Test func `a word that comes before the answer is not waited for`() {
        var trust = ready(at: 0)
        trust.hasTold(at: 1_050)
        trust.accepted(sentAt: 1_000, now: 1_100)
        _ = trust.overdue(at: 60_000, after: Self.bound)
        #expect(!trust.isDoubted)
        trust.accepted(sentAt: 62_000, now: 62_100)
        trust.hasTold(at: 62_150)
        _ = trust.overdue(at: 90_000, after: Self.bound)
        #expect(!trust.isDoubted)
    }

    @Test func `another connection is tried now and then while it is doubted`() {
        var trust = ready(at: 0)
        var tried: [Int64] = []
        func look(_ now: Int64) { if trust.isRetryDue(at: now, every: 60_000) { tried.append(now) } }
        look(90_000)
        trust.accepted(sentAt: 1_000, now: 1_000)
        _ = trust.overdue(at: 20_000, after: Self.bound)
        for now: Int64 in [79_999, 80_000, 80_001, 139_999, 140_000] { look(now) }
        #expect(tried == [80_000, 140_000])
    }
}
