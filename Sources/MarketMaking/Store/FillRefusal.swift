import Execution
import TradingCore

/// Why a fill is not booked to the order whose id it bears: it cannot be of that order.
///
/// Where an exchange tells a trade's order by a number alone, and has forgotten the order, another's may bear a number of ours.
struct FillRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    enum Cause: Hashable, Sendable {
        case mismatch(FillMismatch)
        /// The order was placed on another instrument.
        case instrument(ordered: String)
    }

    var fill: Fill
    var place: TradingPlace
    var cause: Cause
    /// Whose order it is.
    var instanceID: Int64
    /// Its strategy was halted: it had taken the fill into its books before, or the order may be another than we know it.
    var isHalted = false

    /// Whether what the order's strategy holds is not sure any more.
    var leavesDoubt: Bool { if case .mismatch(let mismatch) = cause { mismatch.leavesDoubt } else { false } }

    /// Whether the exchange's word on the order can explain it.
    var mayBeOfChangedTerms: Bool {
        if case .mismatch(let mismatch) = cause { mismatch.mayBeOfChangedTerms } else { false }
    }

    var description: String {
        let ordered =
            switch cause {
            case .mismatch(.side(let side)): "is one to \(side.storedName)"
            case .mismatch(.nothing): "cannot have traded nothing, or for nothing"
            case .mismatch(.absurd): "cannot have traded for that, or cost a fee of \(fill.fee)"
            case .mismatch(.price(let limit)): "has the better limit of \(limit.ticks) ticks"
            case .mismatch(.quantity(let left)): "has only \(left.lots) lots left"
            case .instrument(let symbol): "is one of \(symbol)"
            }
        return
            "fill \(fill.tradeID) (\(fill.side.storedName), \(fill.quantity.lots) lots at \(fill.price.ticks) ticks, "
            + "\(place)) is not booked: order \(fill.orderID) \(ordered)"
    }
}

/// Gathers what is refused while steps are carried out, and what the exchange has to be asked about first.
final class FillRefusals {
    var all: [FillRefusal] = []
    var doubts: [FillRefusal] = []
}

/// By what a refused fill is known again.
struct RefusedFill: Hashable, Sendable {
    private let tradeID: UInt64
    private let orderID: ClientOrderID

    init(_ fill: Fill) { (tradeID, orderID) = (fill.tradeID, fill.orderID) }
}
