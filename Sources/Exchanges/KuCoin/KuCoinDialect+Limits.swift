import TradingCore

/// KuCoin's pools of weight, 30 s each, as an account of the lowest level has them. Source: docs-new, "Rate Limit".
enum KuCoinPool: String {
    /// Orders, fills, balances of the trading account.
    case spot
    /// Keys, deposits, withdrawals, fees.
    case management
    /// Market data, by address.
    case `public`

    func costs(_ weight: Int) -> [RateCost] { [RateCost(rawValue, weight)] }
}

extension KuCoinDialect {
    public var limits: [RateLimit] {
        [
            // Two hundred cancels by id, at three each in the classic interface.
            RateLimit(KuCoinPool.spot.rawValue, capacity: 4_000, interval: 30_000, scope: .key, reserve: 600),
            RateLimit(KuCoinPool.management.rawValue, capacity: 2_000, interval: 30_000, scope: .key, reserve: 200),
            RateLimit(KuCoinPool.public.rawValue, capacity: 2_000, interval: 30_000, scope: .address, reserve: 100),
        ]
    }

    /// `gw-ratelimit-limit`, `gw-ratelimit-remaining` and `gw-ratelimit-reset` (ms) of the pool that the request took from.
    public func usage(in answer: EndpointAnswer, to request: EndpointRequest) -> [RateUsage] {
        guard let pool = request.costs.first?.limit,
            let capacity = answer.header("gw-ratelimit-limit").flatMap({ Int($0) }),
            let remaining = answer.header("gw-ratelimit-remaining").flatMap({ Int($0) }),
            (0...10_000_000).contains(capacity), (0...capacity).contains(remaining)
        else { return [] }
        return [
            RateUsage(pool, used: capacity - remaining, capacity: capacity, resetsIn: KuCoinDialect.reset(answer))
        ]
    }

    /// Milliseconds.
    static func reset(_ answer: EndpointAnswer) -> Int64? {
        guard let time = answer.header("gw-ratelimit-reset").flatMap({ Int64($0) }), (0...600_000).contains(time)
        else { return nil }
        return time
    }
}
