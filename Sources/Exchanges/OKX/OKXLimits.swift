/// What OKX allows of each endpoint. Orders count by user and instrument there; counting them by user alone stays below.
///
/// Cancels have limits of their own at OKX, so nothing needs to be kept back for them.
/// Source: www.okx.com/docs-v5, "Rate Limit" of each endpoint; 50061 for orders of a sub-account.
enum OKXLimits {
    /// New and changed orders of a sub-account, over all endpoints.
    static let orders = "orders"

    /// Requests, or for the batches orders, in so many milliseconds.
    private static let endpoints: [(path: String, capacity: Int, interval: Int64, scope: RateLimit.Scope)] = [
        ("public/time", 10, 2_000, .address),
        ("system/status", 1, 5_000, .address),
        ("public/instruments", 20, 2_000, .address),
        ("market/ticker", 20, 2_000, .address),
        ("market/tickers", 20, 2_000, .address),
        ("market/books", 40, 2_000, .address),
        ("market/books-full", 10, 2_000, .address),
        ("market/candles", 40, 2_000, .address),
        ("market/history-candles", 20, 2_000, .address),
        ("market/trades", 100, 2_000, .address),
        ("asset/currencies", 6, 1_000, .key),
        ("asset/deposit-address", 6, 1_000, .key),
        ("asset/deposit-history", 6, 1_000, .key),
        ("asset/withdrawal-history", 6, 1_000, .key),
        ("asset/withdrawal", 6, 1_000, .key),
        ("account/balance", 10, 2_000, .key),
        ("account/config", 5, 2_000, .key),
        ("account/trade-fee", 5, 2_000, .key),
        ("trade/order", 60, 2_000, .key),
        ("trade/orders-pending", 60, 2_000, .key),
        ("trade/orders-history", 40, 2_000, .key),
        ("trade/orders-history-archive", 20, 2_000, .key),
        ("trade/fills-history", 10, 2_000, .key),
        ("trade/batch-orders", 300, 2_000, .key),
        ("trade/amend-order", 60, 2_000, .key),
        ("trade/cancel-order", 60, 2_000, .key),
        ("trade/cancel-batch-orders", 300, 2_000, .key),
        ("trade/cancel-all-after", 1, 1_000, .key),
    ]

    private static let known = Set(endpoints.map(\.path))

    static let all: [RateLimit] =
        endpoints.map { RateLimit($0.path, capacity: $0.capacity, interval: $0.interval, scope: $0.scope) }
        + [RateLimit(orders, capacity: 1_000, interval: 2_000, scope: .key)]

    /// - Parameter count: orders in the call.
    static func costs(_ path: String, _ count: Int = 1) -> [RateCost] {
        guard known.contains(path) else { return [] }
        let cost = RateCost(path, count)
        let placesOrders = path == "trade/batch-orders" || path == "trade/amend-order"
        return placesOrders ? [cost, RateCost(orders, count)] : [cost]
    }
}
