import TradingCore

/// Remembers the latest orders that ended for certain, so that a list of open orders made before their end is not
/// believed: taken back into care, an order that ended by fills already booked would be asked about for ever.
///
/// Bounded: the last 1,024.
struct EndedOrders: Sendable {
    private static let limit = 1_024
    private var ring: [(id: ClientOrderID, side: Side)] = []
    private var next = 0

    mutating func note(_ order: TrackedOrder) {
        if ring.count < EndedOrders.limit {
            ring.append((order.id, order.side))
        } else {
            ring[next] = (order.id, order.side)
            next = (next + 1) % EndedOrders.limit
        }
    }

    func contains(_ id: ClientOrderID) -> Bool { side(of: id) != nil }

    /// Nil for one that is not remembered.
    func side(of id: ClientOrderID) -> Side? { ring.first { $0.id == id }?.side }
}
