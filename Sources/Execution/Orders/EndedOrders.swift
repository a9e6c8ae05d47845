import TradingCore

/// Remembers the latest orders that ended for certain, so that a list of open orders made before their end is not
/// believed: taken back into care, an order that ended by fills already booked would be asked about for ever.
///
/// Bounded: the last 1,024.
struct EndedOrders: Sendable {
    private static let limit = 1_024
    private var ring: [(id: ClientOrderID, bounds: FillBounds, quantity: Quantity)] = []
    private var next = 0

    mutating func note(_ order: TrackedOrder) {
        if ring.count < EndedOrders.limit {
            ring.append((order.id, order.bounds, order.quantity))
        } else {
            ring[next] = (order.id, order.bounds, order.quantity)
            next = (next + 1) % EndedOrders.limit
        }
    }

    func contains(_ id: ClientOrderID) -> Bool { bounds(of: id) != nil }

    /// What late fills of it can be; nil for one that is not remembered.
    func bounds(of id: ClientOrderID) -> FillBounds? { ring.first { $0.id == id }?.bounds }

    /// A fill came after the end.
    mutating func filled(_ fill: Fill) {
        guard let index = ring.firstIndex(where: { $0.id == fill.orderID }) else { return }
        ring[index].bounds.left.lots -= fill.quantity.lots
    }

    /// It was changed at the exchange before its end, or has not ended there at all.
    mutating func amend(_ id: ClientOrderID, price: Price, quantity: Quantity) {
        guard let index = ring.firstIndex(where: { $0.id == id }) else { return }
        let filled = ring[index].quantity.lots - ring[index].bounds.left.lots
        ring[index].quantity = quantity
        ring[index].bounds.limit = price
        ring[index].bounds.left = Quantity(lots: max(0, quantity.lots - filled))
    }
}
