import TradingCore

/// How the latest orders ended, for questions about them. Bounded: the last 4,096.
struct FinishedOrders {
    private static let limit = 4_096
    private var outcomes: [ClientOrderID: AccountEvent] = [:]
    private var order: [ClientOrderID] = []
    private var next = 0

    mutating func note(_ event: AccountEvent) {
        switch event {
        case .cancelled(let id), .rejected(let id, _), .expired(let id, _):
            if order.count < FinishedOrders.limit {
                order.append(id)
            } else {
                outcomes[order[next]] = nil
                order[next] = id
                next = (next + 1) % FinishedOrders.limit
            }
            outcomes[id] = event
        case .filled, .accepted, .cancelRejected, .outcomeUnknown, .notFound: break
        }
    }

    /// - Returns: nil for an order that ended by its fills, which have been told.
    func outcome(of id: ClientOrderID) -> AccountEvent? { outcomes[id] }
}
