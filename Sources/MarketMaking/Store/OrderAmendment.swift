import Exchanges
import Execution
import TradingCore

/// An order that somebody has changed at the exchange by hand, as the exchange tells it now. A fill has shown it, which the order as
/// we knew it could not have had.
struct OrderAmendment: Hashable, Sendable {
    var report: OrderReport
    var fill: Fill
}

/// An order whose row was changed to what the exchange says of it.
struct AmendedOrder: Hashable, Sendable {
    var id: ClientOrderID
    var instanceID: Int64
    var before: Terms
    var after: Terms
    /// What it should hold and the account has not free.
    var missing: FixedDecimal
    /// The strategy was halted for that.
    var isHalted = false

    struct Terms: Hashable, Sendable, CustomStringConvertible {
        var price: Price
        var quantity: Quantity

        var description: String { "\(quantity.lots) lots at \(price.ticks) ticks" }
    }
}

/// Gathers what was changed while steps are carried out.
final class AmendedOrders {
    var all: [AmendedOrder] = []
}

extension OrderReport {
    /// Whether a fill can be of the order as the exchange has it.
    /// - Parameter traded: lots of it that are booked already.
    func covers(_ fill: Fill, traded: Int64, _ unit: BookUnit) -> Bool {
        guard id == fill.orderID else { return false }
        // Terms that cannot be counted with explain nothing.
        let whole = Fill(
            tradeID: fill.tradeID, orderID: id, side: side, price: price, quantity: quantity, liquidity: .maker,
            fee: .zero, feeAsset: .quote, time: fill.time)
        let (all, left) = (quantity, Quantity(lots: max(0, quantity.lots - traded)))
        return FillBounds(side: side, limit: price, left: all).mismatch(whole, unit) == nil
            && FillBounds(side: side, limit: price, left: left).mismatch(fill, unit) == nil
    }
}

extension StoredOrder {
    /// The same order as the exchange has it.
    func amended(by report: OrderReport) -> StoredOrder {
        var order = self
        (order.price, order.quantity) = (report.price, report.quantity)
        // One that never was rises by its fill.
        if status.isFinal, status != .rejected, !report.status.isFinal { order.status = .open }
        return order
    }
}
