import Exchanges
import Scheduling
import Testing
import TradingCore

@testable import Simulators

/// Our connector's budget against the exchange's own counts, in virtual time: requests arrive after any delay, answers come
/// after another or not at all, and everybody wants more than is allowed.
@Suite("Limits are kept")
struct KeptLimitsTests {
    private enum Step {
        /// Somebody wants to send something.
        case want(Wish)
        case arrives(Wish, RateBudget.Grant)
        case answered(RateBudget.Grant, [RateUsage])
    }

    private struct Wish {
        var weight: Int
        var isOrder = false
        var purpose = RateBudget.Purpose.ordinary
        /// Milliseconds until the same is wanted again.
        var pause: Int64
    }

    private struct Exchange {
        var limits = RequestLimits()
        var orders = 0
        var requests = 0
        var refusals: [SpotError] = []

        mutating func take(_ wish: Wish, at now: Timestamp, fills: Bool) -> [RateUsage] {
            requests += 1
            do throws(SpotError) {
                let weight = try limits.charge(wish.weight, to: "us", at: now)
                if wish.isOrder {
                    try limits.checkOrder("alice", at: now)
                    limits.placed("alice", at: now)
                    orders += 1
                    if fills { limits.filled("alice", at: now) }
                }
                let counts = limits.orderCounts("alice", at: now)
                return [
                    RateUsage("weight", used: weight), RateUsage("orders per 10 s", used: counts.short),
                    RateUsage("orders per day", used: counts.day),
                ]
            } catch {
                refusals.append(error)
                return []
            }
        }
    }

    /// Ten minutes of four busy sessions, polls of whole books and lists, and cancels.
    @Test("four sessions that want more than is allowed are never refused, and go on")
    func kept() throws {
        let begin: Int64 = 1_700_000_043_210
        let seed: UInt64 = 20_261_127
        var random = SplitMix64(seed: seed)
        var budget = RateBudget(BinanceDialect().limits)
        var exchange = Exchange()
        var queue: [(time: Int64, step: Step)] = []
        for _ in 0..<4 {
            queue.append((begin, .want(Wish(weight: 1, isOrder: true, pause: 20))))
            queue.append((begin, .want(Wish(weight: 1, purpose: .cancel, pause: 180))))
        }
        for weight in [80, 250] { queue.append((begin, .want(Wish(weight: weight, pause: 1_500)))) }
        let end = begin + 600_000
        while let next = queue.indices.min(by: { queue[$0].time < queue[$1].time }) {
            let (now, step) = queue.remove(at: next)
            if now >= end { break }
            switch step {
            case .want(let wish):
                let costs =
                    [RateCost("weight", wish.weight)]
                    + (wish.isOrder ? [RateCost("orders per 10 s"), RateCost("orders per day")] : [])
                switch budget.ask(costs, wish.purpose, key: "alice", now: now) {
                case .go(let grant):
                    queue.append((now + 1 + Int64(random.below(600)), .arrives(wish, grant)))
                    queue.append((now + wish.pause, .want(wish)))
                case .wait(let until): queue.append((until, .want(wish)))
                case .never(let limit): Issue.record("\(limit) never allows \(wish)")
                }
            case .arrives(let wish, let grant):
                let usage = exchange.take(
                    wish, at: Timestamp(nanoseconds: now * 1_000_000), fills: random.below(10) == 0)
                // Some answers are lost, and the request is given up.
                let isLost = random.below(20) == 0
                queue.append(
                    (now + (isLost ? 3_000 : 1 + Int64(random.below(600))), .answered(grant, isLost ? [] : usage)))
            case .answered(let grant, let usage): budget.answered(grant, usage: usage, now: now)
            }
        }
        #expect(exchange.refusals.isEmpty, "seed \(seed): \(exchange.refusals.count), \(exchange.refusals.prefix(3))")
        // Of 6 000 that the exchange would have taken.
        #expect(exchange.orders > 3_000, "\(exchange.orders) orders of \(exchange.requests) requests")
    }
}
