import Exchanges
import Testing

@Suite struct RateBudgetTests {
    private let limits = [
        RateLimit("weight", capacity: 100, interval: 60_000, scope: .address, reserve: 20),
        RateLimit("orders", capacity: 10, interval: 10_000, scope: .key),
        RateLimit("messages", capacity: 1, interval: 1_000, scope: .connection),
    ]

    @discardableResult
    private func go(
        _ budget: inout RateBudget, _ costs: [RateCost], _ now: Int64, _ purpose: RateBudget.Purpose = .ordinary,
        key: String = ""
    ) throws -> RateBudget.Grant {
        guard case .go(let grant) = budget.ask(costs, purpose, key: key, now: now) else {
            throw Refused(verdict: budget.ask(costs, purpose, key: key, now: now))
        }
        return grant
    }

    private struct Refused: Error { var verdict: RateBudget.Verdict }

    @Test func `ordinary requests leave the reserve to cancels`() throws {
        var budget = RateBudget(limits)
        try go(&budget, [RateCost("weight", 80)], 0)
        guard case .wait = budget.ask([RateCost("weight", 1)], now: 0) else { throw Refused(verdict: .wait(until: 0)) }
        try go(&budget, [RateCost("weight", 20)], 0, .cancel)
        guard case .wait = budget.ask([RateCost("weight", 1)], .cancel, now: 0) else {
            throw Refused(verdict: .wait(until: 0))
        }
    }

    @Test func `a key's limit is its own, an address's is everybody's`() throws {
        var budget = RateBudget(limits)
        try go(&budget, [RateCost("orders", 10), RateCost("weight", 40)], 0, key: "one")
        #expect(budget.opens(for: [RateCost("orders")], key: "one", now: 5) != 5)
        #expect(budget.opens(for: [RateCost("orders")], key: "two", now: 5) == 5)
        #expect(budget.opens(for: [RateCost("weight", 41)], key: "two", now: 5) != 5)
    }

    @Test func `limits of a connection and unknown ones are not counted`() throws {
        var budget = RateBudget(limits)
        for _ in 0..<5 { try go(&budget, [RateCost("messages"), RateCost("nonsense", 1_000)], 0) }
    }

    @Test func `what weighs more than ever allowed is refused for good`() {
        var budget = RateBudget(limits)
        #expect(budget.ask([RateCost("weight", 81)], now: 0) == .never(limit: "weight"))
        #expect(budget.opens(for: [RateCost("weight", 60), RateCost("weight", 60)], now: 0) == nil)
        #expect(budget.ask([RateCost("weight", .max), RateCost("weight", .max)], now: 0) == .never(limit: "weight"))
    }

    @Test func `what was never sent is given back, and nothing is settled twice`() throws {
        var budget = RateBudget(limits)
        let grant = try go(&budget, [RateCost("weight", 80)], 0)
        budget.unused(grant)
        budget.unused(grant)
        budget.answered(grant, now: 0)
        let second = try go(&budget, [RateCost("weight", 80)], 0)
        budget.answered(second, now: 10)
        budget.answered(second, now: 10)
        #expect(budget.usage(of: "weight", now: 10)?.used == 80)
        #expect(budget.usage(of: "weight", now: 62_000)?.used == 0)
    }

    @Test func `a capacity that the exchange tells counts from then on`() throws {
        var budget = RateBudget(limits)
        let grant = try go(&budget, [RateCost("weight", 1)], 0)
        budget.answered(grant, usage: [RateUsage("weight", used: 1, capacity: 20)], now: 1)
        // Never more than half is kept back.
        #expect(budget.opens(for: [RateCost("weight", 9)], now: 1) == 1)
        #expect(budget.opens(for: [RateCost("weight", 10)], now: 1) != 1)
        #expect(budget.opens(for: [RateCost("weight", 11)], now: 1) == nil)
    }

    @Test func `absurd numbers from outside do no harm`() throws {
        var budget = RateBudget(limits)
        for (used, capacity, resets) in [(Int.max, Int.max, Int64.max), (.min, .min, .min), (0, 0, -1)] {
            let grant = try go(&budget, [], 0)
            let usage = RateUsage("weight", used: used, capacity: capacity, resetsIn: resets)
            budget.answered(grant, usage: [usage, RateUsage("nonsense", used: 1)], now: 0)
        }
        #expect(budget.usage(of: "weight", now: 70_000)?.used == 0)
    }

    @Test("a complaint is waited out, by cancels too", arguments: [(429, 7_000), (418, 7_000)] as [(Int, Int64)])
    func complaint(status: Int, wait: Int64) throws {
        var budget = RateBudget(limits)
        let earlier = try go(&budget, [], 0)
        let grant = try go(&budget, [], 0)
        let answer = EndpointAnswer(status: status, headers: [.init("retry-after", "7")], body: [])
        budget.answered(grant, refusal: RateRefusal(answer, nil), now: 1_000)
        // A good answer to what was sent before does not end it.
        budget.answered(earlier, now: 1_500)
        #expect(budget.awayUntil(1_500) == 1_000 + wait)
        #expect(budget.ask([], .cancel, now: 1_500) == .wait(until: 1_000 + wait))
        try go(&budget, [], 1_000 + wait)
    }

    @Test func `where no time is named the wait doubles, until a good answer`() throws {
        var budget = RateBudget(limits)
        var now: Int64 = 0
        var waits: [Int64] = []
        for _ in 0..<8 {
            let grant = try go(&budget, [], now)
            budget.answered(grant, refusal: RateRefusal(.slowDown), now: now)
            waits.append(try #require(budget.awayUntil(now)) - now)
            now += waits.last ?? 0
        }
        #expect(waits == [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
        budget.answered(try go(&budget, [], now), now: now)
        budget.answered(try go(&budget, [], now), refusal: RateRefusal(.slowDown), now: now)
        #expect(budget.awayUntil(now) == now + 1_000)
        budget.answered(try go(&budget, [], now + 1_000), refusal: RateRefusal(.banned), now: now + 1_000)
        #expect(budget.awayUntil(now + 1_000) == now + 1_000 + 240_000)
    }

    @Test func `a complaint is read from status, header and failure`() {
        func answer(_ status: Int, _ retryAfter: String? = nil) -> EndpointAnswer {
            EndpointAnswer(status: status, headers: retryAfter.map { [.init("Retry-After", $0)] } ?? [], body: [])
        }
        #expect(RateRefusal(answer(200), nil) == nil)
        #expect(RateRefusal(answer(500), ExchangeFailure(.exchangeNotAvailable, message: "")) == nil)
        #expect(RateRefusal(answer(429), nil) == RateRefusal(.slowDown))
        #expect(RateRefusal(answer(418, "120"), nil) == RateRefusal(.banned, retryAfter: 120_000))
        #expect(RateRefusal(answer(429, "Wed, 21 Oct 2026 07:28:00 GMT"), nil) == RateRefusal(.slowDown))
        #expect(RateRefusal(answer(429, "9223372036854775807"), nil)?.retryAfter == 259_200_000)
        let told = ExchangeFailure(.rateLimitExceeded, message: "", retryAfter: 5)
        #expect(RateRefusal(answer(200, "9"), told) == RateRefusal(.slowDown, retryAfter: 5))
    }
}
