public import TradingCore

/// How many requests one account may send, kept well inside the exchange's own limit.
///
/// A generic cell rate algorithm (ITU-T I.371): requests refill evenly, so that as the limit comes near quoting slows
/// down instead of stopping. In any window there are at most `limit` requests; the last `cancelReserve` of them are for
/// cancels alone, so that everything can always be taken off the book.
public struct OrderBudget: Hashable, Sendable {
    /// Nanoseconds one request costs.
    private let cost: Int64
    /// How far ahead of now orders, and cancels, may run.
    private let orderAllowance: Int64
    private let cancelAllowance: Int64
    /// The time by which everything sent so far is paid for.
    private var paidUntil = Int64.min / 2

    /// - Parameters:
    ///   - limit: requests the exchange allows in a window, at least 2.
    ///   - cancelReserve: of these, kept for cancels; below half of `limit`.
    public init(limit: Int, windowNanoseconds: Int64, cancelReserve: Int) {
        precondition(limit >= 2 && windowNanoseconds > 0 && cancelReserve >= 0 && cancelReserve * 2 < limit)
        // Half of the limit may go out at once, the other half refills over the window.
        let refill = max(1, limit / 2)
        let burst = limit - refill
        cost = windowNanoseconds / Int64(refill) + 1
        cancelAllowance = cost * Int64(burst)
        orderAllowance = cost * Int64(max(1, burst - cancelReserve))
    }

    /// - Returns: false, with nothing used, when the order has to wait.
    public mutating func takeOrder(at now: Timestamp) -> Bool { take(orderAllowance, now.nanoseconds) }

    /// Cancels draw on the reserve too.
    public mutating func takeCancel(at now: Timestamp) -> Bool { take(cancelAllowance, now.nanoseconds) }

    /// A cancel that has to go whatever was sent before: it counts, so that orders wait all the longer.
    public mutating func chargeCancel(at now: Timestamp) {
        paidUntil = min(max(paidUntil, now.nanoseconds) + cost, now.nanoseconds + cancelAllowance)
    }

    /// Whether ``takeOrder(at:)`` would be granted.
    public func hasOrder(at now: Timestamp) -> Bool {
        max(paidUntil, now.nanoseconds) + cost - now.nanoseconds <= orderAllowance
    }

    /// When the next order may go.
    public func nextOrder(after now: Timestamp) -> Timestamp {
        Timestamp(nanoseconds: max(now.nanoseconds, paidUntil + cost - orderAllowance))
    }

    private mutating func take(_ allowance: Int64, _ now: Int64) -> Bool {
        let paid = max(paidUntil, now) + cost
        guard paid - now <= allowance else { return false }
        paidUntil = paid
        return true
    }
}
