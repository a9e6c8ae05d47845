import MarketMaking
import Synchronization
import TradingCore

extension RecordingDesk {
    static let order: DirectOrderView = {
        guard let id = ClientOrderID(rawValue: 77), let symbol = Symbol("BTC/USDT") else {
            preconditionFailure("77 and BTC/USDT are good")
        }
        return DirectOrderView(
            id: id, userID: "u", clientID: "c",
            place: TradingPlace(exchange: ExchangeID(rawValue: "paper"), account: "default", symbol: symbol),
            side: .buy, type: .limit, isPostOnly: false, price: "60000.10", quantity: "0.010", status: .open,
            createdAt: Timestamp(nanoseconds: 1_760_000_000_123_000_000))
    }()

    private func answer(_ call: String) throws(DeskError) -> DirectOrderView {
        let (error, status) = state.withLock { state in
            state.calls.append(call)
            return (state.error, state.orderStatus)
        }
        if let error { throw error }
        var order = Self.order
        order.status = status
        return order
    }

    private func codes(_ order: DirectOrderRequest) -> String {
        order.timeInForce == .goodTillCancelled ? "" : " \(order.timeInForce.code)"
    }

    func place(_ order: DirectOrderRequest) async throws(DeskError) -> DirectOrderView {
        try answer(
            "\(order.price == nil ? "market" : "limit") \(order.exchange)/\(order.account) \(order.symbol) \(order.side) "
                + "\(order.amount) \(order.price.map { "\($0)" } ?? "-") \(order.isPostOnly) \(order.requestID ?? "-")"
                + codes(order))
    }

    func cancel(_ order: DirectOrderName) async throws(DeskError) -> DirectOrderView {
        try answer("cancel \(order.id) \(order.symbol ?? "-") \(order.exchange ?? "-")/\(order.account ?? "-")")
    }

    func order(_ order: DirectOrderName) async throws(DeskError) -> DirectOrderView { try answer("order \(order.id)") }
}
