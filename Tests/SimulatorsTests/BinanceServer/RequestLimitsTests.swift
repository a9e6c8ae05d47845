import Testing
import TradingCore

@testable import Simulators

@Suite("Limits of requests and orders")
struct RequestLimitsTests {
    private func at(_ seconds: Int64) -> Timestamp {
        Timestamp(nanoseconds: 1_700_000_040_000_000_000 + seconds * 1_000_000_000)
    }

    @Test("6000 a minute, then 429, then a ban that grows, each saying how long")
    func weight() throws {
        var limits = RequestLimits()
        for _ in 0..<60 { _ = try limits.charge(100, to: "a", at: at(1)) }
        #expect(limits.usedWeight(of: "a", at: at(1)) == 6_000)
        #expect(try limits.charge(5, to: "b", at: at(1)) == 5)
        // 1 700 000 040 is a whole minute.
        for _ in 0..<10 { expect(429, 59, charging: &limits, at(1)) }
        expect(418, 120, charging: &limits, at(1))
        expect(418, 60, charging: &limits, at(61))
        #expect(try limits.charge(1, to: "a", at: at(121)) == 1)
        for _ in 0..<11 { _ = try? limits.charge(6_000, to: "a", at: at(122)) }
        expect(418, 240, charging: &limits, at(122))
    }

    private func expect(_ status: Int, _ seconds: Int64, charging limits: inout RequestLimits, _ now: Timestamp) {
        do throws(SpotError) {
            _ = try limits.charge(1, to: "a", at: now)
            Issue.record("was let through")
        } catch {
            #expect(error.code == -1003)
            #expect(error.status == status && error.retryAfter == seconds, "\(error)")
        }
    }

    @Test("what came before a stretch's end is told as counted, though its answer is made after it")
    func boundary() {
        var limits = RequestLimits()
        limits.placed("alice", at: at(9))
        #expect(limits.orderCounts("alice", at: at(9)).short == 1)
        #expect(limits.orderCounts("alice", at: at(10)) == (short: 0, day: 1))
        limits.placed("alice", at: at(10))
        limits.placed("alice", at: at(9))
        #expect(limits.orderCounts("alice", at: at(9)) == (short: 2, day: 3))
        #expect(limits.orderCounts("alice", at: at(10)) == (short: 2, day: 3))
    }

    @Test("100 orders in ten seconds; filled ones count no more")
    func orders() throws {
        var limits = RequestLimits()
        for _ in 0..<100 {
            try limits.checkOrder("alice", at: at(3))
            limits.placed("alice", at: at(3))
        }
        #expect(
            throws: SpotError(
                -1015, "Too many new orders; current limit is 100 orders per 10 SECOND.", status: 429, retryAfter: 7)
        ) {
            try limits.checkOrder("alice", at: at(3))
        }
        try limits.checkOrder("bob", at: at(3))
        limits.filled("alice", at: at(3))
        try limits.checkOrder("alice", at: at(3))
        limits.placed("alice", at: at(3))
        try limits.checkOrder("alice", at: at(10))
        #expect(limits.orderCounts("alice", at: at(10)) == (0, 100))
    }

    @Test("200 000 orders a day")
    func day() throws {
        var limits = RequestLimits()
        for _ in 0..<200_000 { limits.placed("alice", at: at(3)) }
        #expect(throws: SpotError.self) { try limits.checkOrder("alice", at: at(20)) }
        try limits.checkOrder("alice", at: at(86_400))
    }
}
