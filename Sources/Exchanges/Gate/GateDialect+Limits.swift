import TradingCore

/// Gate's limits hold for each endpoint; ours for each group of them, which is stricter and needs no list.
/// Source: "Gate API v4", Frequency limit rule.
enum GateLimit: String {
    /// 200 in 10 s from one address.
    case market
    /// Place, edit and their batches: 10 in 1 s.
    case place
    /// 200 in 1 s: nothing else uses it up, so no reserve is needed.
    case cancel
    /// 200 in 10 s of one user.
    case account
    /// 1 in 3 s.
    case withdrawal

    var costs: [RateCost] { [RateCost(rawValue)] }
}

extension GateDialect {
    public var limits: [RateLimit] {
        [
            RateLimit(GateLimit.market.rawValue, capacity: 200, interval: 10_000, scope: .address),
            RateLimit(GateLimit.place.rawValue, capacity: 10, interval: 1_000, scope: .key),
            RateLimit(GateLimit.cancel.rawValue, capacity: 200, interval: 1_000, scope: .key),
            RateLimit(GateLimit.account.rawValue, capacity: 200, interval: 10_000, scope: .key),
            RateLimit(GateLimit.withdrawal.rawValue, capacity: 1, interval: 3_000, scope: .key),
        ]
    }

    /// `X-Gate-RateLimit-Requests-Remain` and `X-Gate-RateLimit-Limit`. They speak of the endpoint, so what they say of our
    /// group is the least that was used.
    public func usage(in answer: EndpointAnswer, to request: EndpointRequest) -> [RateUsage] {
        guard let limit = request.costs.first?.limit,
            let remaining = answer.header("X-Gate-RateLimit-Requests-Remain").flatMap({ Int($0) }),
            let capacity = answer.header("X-Gate-RateLimit-Limit").flatMap({ Int($0) }),
            (0...1_000_000).contains(capacity), (0...capacity).contains(remaining)
        else { return [] }
        return [RateUsage(limit, used: capacity - remaining, capacity: capacity)]
    }
}
