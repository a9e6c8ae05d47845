import TradingCore

/// Remembers the latest fills, so that one told twice is booked once. Told apart by trade and order: when two orders of
/// ours trade with each other, both fills carry one trade id.
///
/// Bounded: the last 1,024. What is older than that is told apart by the store of fills, not here.
struct FillMemory: Sendable {
    private static let limit = 1_024
    private struct Key: Equatable {
        var trade: UInt64
        var order: ClientOrderID
    }

    private var ring: [Key] = []
    private var next = 0
    private var highest: UInt64?

    /// - Returns: false when the fill has been seen.
    mutating func isNew(_ fill: Fill) -> Bool {
        let key = Key(trade: fill.tradeID, order: fill.orderID)
        // Exchanges count trades upwards: nearly always one look is enough.
        if let highest, fill.tradeID <= highest, ring.contains(key) { return false }
        highest = max(highest ?? fill.tradeID, fill.tradeID)
        if ring.count < FillMemory.limit {
            ring.append(key)
        } else {
            ring[next] = key
            next = (next + 1) % FillMemory.limit
        }
        return true
    }
}
