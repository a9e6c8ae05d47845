import TradingCore

/// Remembers the latest trade ids, so that a fill told twice is booked once.
///
/// Bounded: the last 1,024. What is older than that is told apart by the store of fills, not here.
struct FillMemory: Sendable {
    private static let limit = 1_024
    private var ring: [UInt64] = []
    private var next = 0
    private var highest: UInt64?

    /// - Returns: false when the trade has been seen.
    mutating func isNew(_ tradeID: UInt64) -> Bool {
        // Exchanges count trades upwards: nearly always one look is enough.
        if let highest, tradeID <= highest, ring.contains(tradeID) { return false }
        highest = max(highest ?? tradeID, tradeID)
        if ring.count < FillMemory.limit {
            ring.append(tradeID)
        } else {
            ring[next] = tradeID
            next = (next + 1) % FillMemory.limit
        }
        return true
    }
}
