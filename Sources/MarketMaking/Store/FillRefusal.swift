import Execution
import TradingCore

/// Why a fill is not booked to the order whose id it bears: it cannot be of that order.
///
/// Where an exchange tells a trade's order by a number alone, and has forgotten the order, another's may bear a number of ours.
struct FillRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    enum Cause: Hashable, Sendable {
        /// The order is of the other side.
        case side(ordered: Side)
        /// The order was placed on another instrument.
        case instrument(ordered: String)
    }

    var fill: Fill
    var place: TradingPlace
    var cause: Cause
    /// Whose order it is.
    var instanceID: Int64
    /// A session at work had taken it into its books before: it is halted.
    var isHalted = false

    var description: String {
        let ordered =
            switch cause {
            case .side(let side): "is one to \(side.storedName)"
            case .instrument(let symbol): "is one of \(symbol)"
            }
        return
            "fill \(fill.tradeID) (\(fill.side.storedName), \(fill.quantity.lots) lots at \(fill.price.ticks) ticks, "
            + "\(place)) is not booked: order \(fill.orderID) \(ordered)"
    }
}

/// Gathers what is refused while steps are carried out.
final class FillRefusals {
    var all: [FillRefusal] = []
}

/// By what a refused fill is known again.
struct RefusedFill: Hashable, Sendable {
    private let tradeID: UInt64
    private let orderID: ClientOrderID

    init(_ fill: Fill) { (tradeID, orderID) = (fill.tradeID, fill.orderID) }
}
