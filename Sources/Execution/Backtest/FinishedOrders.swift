import TradingCore

/// How the latest orders ended, for questions about them. Bounded: the last 1,024.
struct FinishedOrders {
    private static let limit = 1_024
    private struct Ending {
        var id: ClientOrderID
        var answer: Answer
    }

    private var endings: [Ending] = []
    private var next = 0

    /// Notes what ends an order; a fill's last does not, as all fills are told.
    @inline(__always)
    mutating func note(_ answer: Answer) {
        switch answer {
        case .cancelled(let id), .rejected(let id, _), .expired(let id, _): add(Ending(id: id, answer: answer))
        case .accepted, .cancelRejected, .fill: break
        }
    }

    private mutating func add(_ ending: Ending) {
        if endings.count < FinishedOrders.limit {
            endings.append(ending)
        } else {
            endings[next] = ending
            next = (next + 1) & (FinishedOrders.limit - 1)
        }
    }

    /// - Returns: nil for an order that ended by its fills, which have been told.
    func outcome(of id: ClientOrderID) -> Answer? { endings.last { $0.id == id }?.answer }
}
