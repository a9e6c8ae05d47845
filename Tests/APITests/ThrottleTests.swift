import TestSupport
import Testing
import TradingCore

@testable import API

@Suite struct ThrottleTests {
    @Test func `who is refused is told when the window ends, and is admitted then`() async throws {
        let time = ManualTime()
        let throttle = Throttle(limit: 2, windowNanoseconds: 60 * Nanoseconds.perSecond, time: time)
        #expect(throttle.refusal("a") == nil && throttle.refusal("a") == nil)
        #expect(throttle.refusal("a") == 60)
        #expect(throttle.refusal("b") == nil, "each address has its own")
        try await time.sleep(until: Timestamp(nanoseconds: 58_900_000_000))
        #expect(throttle.refusal("a") == 2, "whole seconds, rounded up")
        try await time.sleep(until: Timestamp(nanoseconds: 59_999_999_999))
        #expect(throttle.refusal("a") == 1)
        try await time.sleep(until: Timestamp(nanoseconds: 60_000_000_000))
        #expect(throttle.refusal("a") == nil)
    }
}
