/// What Bybit allows: of each endpoint in a second for an account without special rights, and of all for one address.
///
/// Cancels have limits of their own; of the address's requests some are kept back for them. The headers of an answer tell
/// a limit without naming its endpoint, so that no usage is read from them.
/// Source: bybit-exchange.github.io/docs/v5/rate-limit.
enum BybitLimits {
    /// Requests of an address in five seconds.
    static let address = "address"

    private static let endpoints: [(path: String, capacity: Int)] = [
        ("v5/order/create", 20), ("v5/order/amend", 20), ("v5/order/cancel", 20), ("v5/order/cancel-all", 20),
        ("v5/order/create-batch", 20), ("v5/order/cancel-batch", 20), ("v5/order/realtime", 50),
        ("v5/order/history", 50), ("v5/execution/list", 50), ("v5/account/wallet-balance", 50),
        ("v5/account/fee-rate", 5), ("v5/asset/coin/query-info", 2), ("v5/asset/deposit/query-address", 5),
        ("v5/asset/deposit/query-record", 5), ("v5/asset/withdraw/query-record", 5),
        ("v5/asset/withdraw/create", 5), ("v5/user/query-api", 10), ("v5/order/disconnected-cancel-all", 5),
    ]

    private static let known = Set(endpoints.map(\.path))

    static let all: [RateLimit] =
        endpoints.map { RateLimit($0.path, capacity: $0.capacity, interval: 1_000, scope: .key) }
        + [RateLimit(address, capacity: 600, interval: 5_000, scope: .address, reserve: 60)]

    static func costs(_ path: String, _ count: Int = 1) -> [RateCost] {
        let request = RateCost(address)
        return known.contains(path) ? [RateCost(path, count), request] : [request]
    }
}
