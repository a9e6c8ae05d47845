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

    func contains(_ fill: Fill) -> Bool {
        // Exchanges count trades upwards: nearly always one look is enough.
        guard let highest, fill.tradeID <= highest else { return false }
        return ring.contains(Key(trade: fill.tradeID, order: fill.orderID))
    }

    mutating func note(_ fill: Fill) {
        let key = Key(trade: fill.tradeID, order: fill.orderID)
        highest = max(highest ?? fill.tradeID, fill.tradeID)
        if ring.count < FillMemory.limit {
            ring.append(key)
        } else {
            ring[next] = key
            next = (next + 1) % FillMemory.limit
        }
    }
}
