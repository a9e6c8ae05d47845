import Exchanges
import Testing

@Suite struct CircuitBreakerTests {
    private let absent = ExchangeFailure(.requestTimeout, message: "nothing came")

    private func breaker() -> CircuitBreaker {
        CircuitBreaker(threshold: 3, pause: Backoff(shortest: 1_000, longest: 8_000, seed: 1), longestTrial: 500)
    }

    private func opened() throws -> (CircuitBreaker, until: Int64) {
        var breaker = breaker()
        for _ in 0..<3 { breaker.ended(absent, now: 0) }
        guard case .open(let until) = breaker.state else { throw absent }
        return (breaker, until)
    }

    @Test func `opens after failures in a row, not before`() throws {
        var breaker = breaker()
        breaker.ended(absent, now: 0)
        breaker.ended(absent, now: 0)
        breaker.ended(nil, now: 0)
        breaker.ended(absent, now: 0)
        breaker.ended(absent, now: 0)
        #expect(breaker.ask(.ordinary, now: 0) == .go)
        breaker.ended(absent, now: 0)
        guard case .wait(let until) = breaker.ask(.ordinary, now: 0) else { throw absent }
        #expect((500...1_000).contains(until))
        #expect(breaker.ask(.cancel, now: 0) == .go)
    }

    @Test func `lets one through after the pause, and its outcome decides`() throws {
        var (breaker, until) = try opened()
        #expect(breaker.ask(.ordinary, now: until) == .go)
        #expect(breaker.ask(.ordinary, now: until) == .wait(until: until + 500))
        breaker.ended(absent, now: until + 10)
        guard case .open(let next) = breaker.state else { throw absent }
        #expect(next - until - 10 >= 1_000)
        #expect(breaker.ask(.ordinary, now: next) == .go)
        breaker.ended(nil, now: next + 1)
        #expect(breaker.state == .closed(failures: 0))
    }

    @Test func `a trial that nobody reports does not hold it for ever`() throws {
        var (breaker, until) = try opened()
        #expect(breaker.ask(.ordinary, now: until) == .go)
        #expect(breaker.ask(.ordinary, now: until + 500) == .go)
    }

    @Test func `a refusal is an answer`() {
        var breaker = breaker()
        for kind in [.insufficientFunds, .orderNotFound, .badSymbol, .permissionDenied] as [ExchangeFailure.Kind] {
            breaker.ended(absent, now: 0)
            breaker.ended(absent, now: 0)
            breaker.ended(ExchangeFailure(kind, message: ""), now: 0)
            #expect(breaker.state == .closed(failures: 0))
        }
    }

    @Test func `asking too much is not absence`() {
        var breaker = breaker()
        for _ in 0..<10 { breaker.ended(ExchangeFailure(.rateLimitExceeded, message: ""), now: 0) }
        #expect(breaker.ask(.ordinary, now: 0) == .go)
    }

    @Test func `a key that is refused stops everything but cancels and a question a minute, until one is answered`() {
        var breaker = breaker()
        let refused = ExchangeFailure(.authenticationError, message: "invalid key")
        breaker.ended(refused, now: 0)
        breaker.ended(refused, now: 1)
        #expect(breaker.ask(.ordinary, now: 59_999) == .refused(refused))
        #expect(breaker.ask(.cancel, now: 59_999) == .go)
        #expect(breaker.ask(.ordinary, now: 60_000) == .go)
        // The next waits for the next minute, whatever becomes of that one.
        #expect(breaker.ask(.ordinary, now: 60_001) == .refused(refused))
        breaker.ended(refused, now: 60_002)
        breaker.ended(ExchangeFailure(.requestTimeout, message: ""), now: 60_003)
        #expect(breaker.ask(.ordinary, now: 119_999) == .refused(refused))
        breaker.ended(nil, now: 120_000)
        #expect(breaker.ask(.ordinary, now: 120_000) == .go)
    }

    @Test func `a refusal of what was asked shows that the key is good, and so does a check of its own`() {
        let refused = ExchangeFailure(.authenticationError, message: "invalid key")
        for failure in [ExchangeFailure(.orderNotFound, message: ""), ExchangeFailure(.insufficientFunds, message: "")]
        {
            var breaker = breaker()
            breaker.ended(refused, now: 0)
            breaker.ended(failure, now: 1)
            #expect(breaker.ask(.ordinary, now: 2) == .go)
        }
        var breaker = breaker()
        breaker.ended(refused, now: 0)
        breaker.keyIsGood()
        #expect(breaker.ask(.ordinary, now: 1) == .go)
        // Of an exchange that does not answer it says nothing.
        for now in 2..<20 { breaker.ended(ExchangeFailure(.requestTimeout, message: ""), now: Int64(now)) }
        breaker.keyIsGood()
        #expect(breaker.ask(.ordinary, now: 20) != .go)
    }
}
