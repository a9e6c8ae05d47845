import TradingCore

/// How the latest orders ended, for questions about them. Bounded: the last 1,024.
struct FinishedOrders {
    private static let limit = 1_024
    private var events: [AccountEvent] = []
    private var next = 0

    mutating func note(_ event: AccountEvent) {
        switch event {
        case .cancelled, .rejected, .expired:
            if events.count < FinishedOrders.limit {
                events.append(event)
            } else {
                events[next] = event
                next = (next + 1) & (FinishedOrders.limit - 1)
            }
        case .filled, .accepted, .cancelRejected, .outcomeUnknown, .notFound: break
        }
    }

    /// - Returns: nil for an order that ended by its fills, which have been told.
    func outcome(of id: ClientOrderID) -> AccountEvent? { events.last { $0.orderID == id } }
}
