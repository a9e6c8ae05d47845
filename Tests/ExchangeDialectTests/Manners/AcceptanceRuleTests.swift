import Exchanges
import Testing

@Suite struct AcceptanceRuleTests {
    /// The exchange is a minute ahead, known to 6 ms: at ours 1000 it is 61000.
    private func clock() -> ClockOffset {
        var clock = ClockOffset()
        clock.heard(.init(sentAt: 1_000, answeredAt: 1_010, exchangeTime: 61_005))
        return clock
    }

    @Test func `two look-ups after the window, a second apart, say that it never was`() {
        let clock = clock()
        var rule = AcceptanceRule(timestamp: 61_000, window: 10_000)
        // Ours 11 000 is the window's end; the clock is known to a few milliseconds.
        guard case .unknown(let lookUpAt) = rule.verdict(1_100, clock) else {
            Issue.record("decided")
            return
        }
        #expect((11_001...11_015).contains(lookUpAt))
        rule.lookedUp(.notFound, sentAt: lookUpAt, clock)
        #expect(rule.verdict(lookUpAt, clock) == .unknown(lookUpAt: lookUpAt + 1_000))
        rule.lookedUp(.notFound, sentAt: lookUpAt + 1_000, clock)
        #expect(rule.verdict(lookUpAt + 1_000, clock) == .neverAccepted)
    }

    @Test func `look-ups before the window's end, too close, or failed themselves do not count`() {
        let clock = clock()
        var rule = AcceptanceRule(timestamp: 61_000, window: 10_000)
        for at in stride(from: Int64(1_000), through: 11_000, by: 1_000) { rule.lookedUp(.notFound, sentAt: at, clock) }
        #expect(rule.failedLookUps == 0)
        rule.lookedUp(.notFound, sentAt: 12_000, clock)
        rule.lookedUp(.notFound, sentAt: 12_999, clock)
        rule.lookedUp(.unclear, sentAt: 20_000, clock)
        #expect(rule.failedLookUps == 1)
        #expect(rule.verdict(20_000, clock) == .unknown(lookUpAt: 20_000))
    }

    @Test func `an order that was seen is accepted, whatever came before`() {
        let clock = clock()
        var rule = AcceptanceRule(timestamp: 0, window: 0)
        rule.lookedUp(.notFound, sentAt: 5_000, clock)
        rule.lookedUp(.found, sentAt: 5_001, clock)
        #expect(rule.verdict(5_001, clock) == .accepted)
        var late = AcceptanceRule(timestamp: 0, window: 0)
        late.lookedUp(.notFound, sentAt: 5_000, clock)
        late.lookedUp(.notFound, sentAt: 7_000, clock)
        late.seen()
        #expect(late.verdict(7_000, clock) == .accepted)
    }

    @Test func `while the exchange's time is not known nothing is`() {
        var rule = AcceptanceRule(timestamp: 0, window: 0)
        for at in [100_000, 200_000, 300_000] as [Int64] { rule.lookedUp(.notFound, sentAt: at, ClockOffset()) }
        #expect(rule.verdict(300_000, ClockOffset()) == .unknown(lookUpAt: 300_000))
    }

    @Test func `only an order that is not there is not found`() {
        #expect(AcceptanceRule.Finding(.success(ExchangeOrder())) == .found)
        for kind in ExchangeFailure.Kind.allCases {
            let finding = AcceptanceRule.Finding(.failure(ExchangeFailure(kind, message: "")))
            #expect(finding == (kind == .orderNotFound ? .notFound : .unclear))
        }
    }

    @Test func `absurd times do no harm`() {
        let clock = clock()
        for (timestamp, window) in [(.max, .max), (.min, .min), (.min, .max), (.max, 0)] as [(Int64, Int64)] {
            var rule = AcceptanceRule(timestamp: timestamp, window: window)
            rule.lookedUp(.notFound, sentAt: 2_000, clock)
            _ = rule.verdict(2_000, clock)
        }
    }

    @Test func `nonces only rise`() {
        var nonces = NonceSequence(after: 10)
        let given = [5, 5, 20, 20, 19, 30].map { nonces.next($0) }
        #expect(given == [11, 12, 20, 21, 22, 30])
    }
}
