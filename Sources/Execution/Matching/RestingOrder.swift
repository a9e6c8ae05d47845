import TradingCore

/// An order of an account, resting at the paper exchange among recorded volume.
struct RestingOrder {
    var account: AccountID
    var request: OrderRequest
    var remaining: Int64
    var queue: QueuePosition

    var ticks: Int64 { request.price.ticks }
}
