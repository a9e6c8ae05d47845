import TradingCore

/// What the limits have been asked of and have refused since the start: whether somebody keeps to them is seen here.
struct LimitRecord: Sendable {
    /// Requests of Binance's interface, whatever was answered.
    private(set) var requests = 0
    /// New orders that were let past the limits of orders.
    private(set) var orders = 0
    /// The most weight that an address used in a minute.
    private(set) var peakWeight = 0
    /// The most orders that an account had counted in ten seconds.
    private(set) var peakOrders = 0
    /// Answers of status 429 or 418, by status and code.
    private(set) var refusals: [Refusal: Int] = [:]

    struct Refusal: Hashable, Sendable {
        var status: Int
        var code: Int
    }

    mutating func note(_ operation: SpotOperation, _ reply: SpotReply) {
        requests += 1
        peakWeight = max(peakWeight, reply.usedWeight)
        if let counts = reply.orderCounts { peakOrders = max(peakOrders, counts.short) }
        if operation.countsAsOrder, reply.error == nil { orders += 1 }
        guard let error = reply.error, error.status == 429 || error.status == 418 else { return }
        refusals[Refusal(status: error.status, code: error.code), default: 0] += 1
    }

    var json: JSON {
        let sorted = refusals.sorted { ($0.key.status, $0.key.code) < ($1.key.status, $1.key.code) }
        return [
            "requests": .number(Int64(requests)), "orders": .number(Int64(orders)),
            "peakWeight": .number(Int64(peakWeight)), "peakOrders": .number(Int64(peakOrders)),
            "refusals": .list(
                sorted.map { refusal, count in
                    [
                        "status": .number(Int64(refusal.status)), "code": .number(Int64(refusal.code)),
                        "count": .number(Int64(count)),
                    ]
                }),
        ]
    }
}
