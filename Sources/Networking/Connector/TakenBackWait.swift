import Exchanges
import TradingCore

/// How long an exchange has shown less filled of an order that has ended than it had told once: in the order itself and among its trades
/// alike. After a minute of it that counts, and what was told before counts as never filled. Pure.
///
/// Before, it may be a list that lags behind: an end that is told too early frees what a late fill still takes.
struct TakenBackWait: Sendable {
    /// Milliseconds by the clock that the times are of.
    static let needed: Int64 = 60_000

    private var since: Int64?

    /// The books agree with one another, against what was told.
    /// - Returns: whether they have for long enough.
    mutating func isOver(at now: Int64) -> Bool {
        let since = since ?? now
        self.since = since
        return now &- since >= Self.needed
    }

    /// They do not agree, or more was told.
    mutating func beginsAnew() { since = nil }

    /// For the log.
    static func words(_ id: ClientOrderID, _ missing: FixedDecimal) -> String {
        """
        of order \(id) the exchange had told \(missing) more filled than it has shown since, in the order and among its trades: that counts as \
        never filled
        """
    }
}
