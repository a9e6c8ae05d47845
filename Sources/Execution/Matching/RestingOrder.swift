import TradingCore

/// An order of an account, resting at the paper exchange among recorded volume.
@usableFromInline
struct RestingOrder: Codable, Sendable {
    var account: AccountID
    var request: OrderRequest
    var remaining: Int64
    /// Lots that self-trade prevention took off it: they will never be told as filled.
    var prevented: Int64
    var queue: QueuePosition

    var ticks: Int64 { request.price.ticks }
}

/// An order on its way in.
struct IncomingOrder {
    let account: AccountID
    let request: OrderRequest
    var remaining: Int64
    var prevented: Int64 = 0
    /// What is still locked for it: quote of a buy, base of a sell.
    var reserved: Int128
}
