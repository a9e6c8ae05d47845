import Exchanges
import Scheduling
import Testing

/// An exchange that counts what reaches it, in windows of both kinds.
private struct CountingExchange {
    struct Flight {
        var grant: RateBudget.Grant?
        var weight: Int
        var arrivesAt: Int64
        var answeredAt: Int64
    }

    let interval: Int64
    var arrivals: [(at: Int64, weight: Int)] = []
    var flights: [Flight] = []
    var usedAtArrival: [RateBudget.Grant: Int] = [:]

    /// Weight in the rolling window that ends at `now`.
    func rolling(_ now: Int64) -> Int {
        arrivals.reduce(0) { $1.at > now - interval && $1.at <= now ? $0 + $1.weight : $0 }
    }

    /// Weight since the full interval began.
    func fixed(_ now: Int64) -> Int {
        let start = now - now % interval
        return arrivals.reduce(0) { $1.at >= start && $1.at <= now ? $0 + $1.weight : $0 }
    }
}

@Suite struct RateBudgetProperties {
    static let seeds: [UInt64] = Array(1...12)

    @Test("never more than the capacity arrives in any window, whatever the way takes", arguments: seeds)
    func neverMore(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let capacity = 5 + Int(random.below(60))
        let interval = Int64(200 + random.below(5_000))
        let reserve = Int(random.below(UInt64(capacity / 2 + 1)))
        var budget = RateBudget([
            RateLimit("weight", capacity: capacity, interval: interval, scope: .address, reserve: reserve)
        ])
        var exchange = CountingExchange(interval: interval)
        var now: Int64 = 1_000_000
        var (went, waited, cancelsStarved) = (0, 0, 0)
        var cancels: [(answeredAt: Int64, weight: Int)] = []
        for _ in 0..<3_000 {
            now += Int64(random.below(40))
            advance(&exchange, &budget, to: now, tells: random.below(2) == 0)
            let purpose: RateBudget.Purpose = random.below(4) == 0 ? .cancel : .ordinary
            let weight = 1 + Int(random.below(4))
            switch budget.ask([RateCost("weight", weight)], purpose, now: now) {
            case .go(let grant):
                went += 1
                let way = Int64(random.below(300)), back = Int64(random.below(300))
                exchange.flights.append(
                    .init(
                        grant: grant, weight: weight, arrivesAt: now + way, answeredAt: now + way + back))
                if purpose == .cancel { cancels.append((now + way + back, weight)) }
            case .wait(let until):
                waited += 1
                #expect(until > now, "seed \(seed)")
                // No number from outside was told here, so the reserve belongs to cancels alone.
                let cancelling = cancels.reduce(0) {
                    $1.answeredAt + interval + interval / 32 + 2 >= now ? $0 + $1.weight : $0
                }
                if purpose == .cancel, cancelling + weight <= min(reserve, capacity / 2) { cancelsStarved += 1 }
            case .never: #expect(weight > capacity - reserve, "seed \(seed)")
            }
            #expect(exchange.rolling(now) <= capacity, "seed \(seed) at \(now)")
            #expect(exchange.fixed(now) <= capacity, "seed \(seed) at \(now)")
        }
        #expect(went > 100 || interval > 2_000, "seed \(seed): \(went) went, \(waited) waited")
        #expect(waited > 100, "seed \(seed): \(went) went, \(waited) waited")
        #expect(cancelsStarved == 0, "seed \(seed)")
    }

    /// Lets arrivals and answers happen in their order.
    private func advance(
        _ exchange: inout CountingExchange, _ budget: inout RateBudget, to now: Int64, tells: Bool,
        limit: String = "other"
    ) {
        while true {
            let arrivals = exchange.flights.indices.filter { exchange.flights[$0].arrivesAt <= now }
            let next = arrivals.min { exchange.flights[$0].arrivesAt < exchange.flights[$1].arrivesAt }
            guard let next else { break }
            var flight = exchange.flights[next]
            exchange.arrivals.append((flight.arrivesAt, flight.weight))
            if let grant = flight.grant { exchange.usedAtArrival[grant] = exchange.rolling(flight.arrivesAt) }
            flight.arrivesAt = .max
            exchange.flights[next] = flight
        }
        let answered = exchange.flights.filter { $0.arrivesAt == .max && $0.answeredAt <= now }
        for flight in answered.sorted(by: { $0.answeredAt < $1.answeredAt }) {
            guard let grant = flight.grant else { continue }
            let used = exchange.usedAtArrival[grant] ?? 0
            budget.answered(grant, usage: tells ? [RateUsage(limit, used: used)] : [], now: flight.answeredAt)
        }
        exchange.flights.removeAll { $0.arrivesAt == .max && $0.answeredAt <= now }
    }

    @Test("what others used counts from when the exchange told of it", arguments: seeds)
    func others(seed: UInt64) {
        var random = SplitMix64(seed: seed &+ 1_000)
        let capacity = 40, interval: Int64 = 2_000
        var budget = RateBudget([RateLimit("weight", capacity: capacity, interval: interval, scope: .address)])
        var exchange = CountingExchange(interval: interval)
        var now: Int64 = 5_000_000
        var peak = 0
        for round in 0..<60 {
            // Others come in a burst, then we ask once and wait for the answer, then as much as we may.
            let burst = Int(random.below(20))
            exchange.arrivals.append((now, burst))
            let before = exchange.rolling(now)
            now += 1
            if case .go(let grant) = budget.ask([RateCost("weight")], now: now) {
                exchange.flights.append(
                    .init(grant: grant, weight: 1, arrivesAt: now, answeredAt: now + 50))
            }
            now += 60
            advance(&exchange, &budget, to: now, tells: true, limit: "weight")
            guard before < capacity else { continue }
            for _ in 0..<30 {
                now += Int64(random.below(30))
                advance(&exchange, &budget, to: now, tells: true, limit: "weight")
                if case .go(let grant) = budget.ask([RateCost("weight")], now: now) {
                    let way = Int64(random.below(40))
                    exchange.flights.append(
                        .init(grant: grant, weight: 1, arrivesAt: now + way, answeredAt: now + 60))
                }
                #expect(exchange.rolling(now) <= capacity, "seed \(seed) round \(round) at \(now)")
                peak = max(peak, exchange.rolling(now))
            }
            now += Int64(random.below(UInt64(interval)))
        }
        #expect(peak > capacity * 2 / 3, "seed \(seed): the limit was hardly used")
    }

    @Test("what it says of the moment is true: not before, and then surely", arguments: seeds)
    func momentIsTrue(seed: UInt64) {
        var random = SplitMix64(seed: seed &+ 2_000)
        var budget = RateBudget([
            RateLimit("a", capacity: 12, interval: 1_000, scope: .address),
            RateLimit("b", capacity: 30, interval: 10_000, scope: .key),
        ])
        var now: Int64 = 77_000
        for round in 0..<400 {
            let costs = [RateCost("a", Int(random.below(4))), RateCost("b", Int(random.below(3)))]
            var verdict = budget.ask(costs, key: "k", now: now)
            if case .wait(let until) = verdict {
                #expect(budget.opens(for: costs, key: "k", now: now) == until)
                var early = budget
                if case .go = early.ask(costs, key: "k", now: until - 1) {
                    Issue.record("seed \(seed) round \(round): it could have gone before \(until)")
                }
                now = until
                verdict = budget.ask(costs, key: "k", now: now)
            }
            guard case .go(let grant) = verdict else {
                Issue.record("seed \(seed) round \(round): \(verdict) at \(now)")
                continue
            }
            now += Int64(random.below(20))
            budget.answered(grant, now: now)
        }
    }
}
