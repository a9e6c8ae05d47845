import TradingCore

/// What the exchange tells, on its way to us: an ``AccountEvent`` without the fill, which is six times as large as the
/// rest and travels beside it.
enum Answer {
    case accepted(ClientOrderID)
    case rejected(ClientOrderID, RejectReason)
    case cancelled(ClientOrderID)
    case cancelRejected(ClientOrderID, CancelRejectReason)
    case expired(ClientOrderID, ExpiryReason)
    /// The next of the fills on their way.
    case fill

    /// - Returns: nil for what only a connector says.
    @inline(__always)
    init?(_ event: AccountEvent) {
        switch event {
        case .accepted(let id): self = .accepted(id)
        case .rejected(let id, let reason): self = .rejected(id, reason)
        case .cancelled(let id): self = .cancelled(id)
        case .cancelRejected(let id, let reason): self = .cancelRejected(id, reason)
        case .expired(let id, let reason): self = .expired(id, reason)
        case .filled: self = .fill
        case .outcomeUnknown, .reappeared, .notFound: return nil
        }
    }

    /// Nil for a fill.
    @inline(__always)
    var event: AccountEvent? {
        switch self {
        case .accepted(let id): .accepted(id)
        case .rejected(let id, let reason): .rejected(id, reason)
        case .cancelled(let id): .cancelled(id)
        case .cancelRejected(let id, let reason): .cancelRejected(id, reason)
        case .expired(let id, let reason): .expired(id, reason)
        case .fill: nil
        }
    }
}

/// A fill on its way to us.
struct FillInFlight {
    var fill: Fill
    /// Twice the mid when it happened; 0 where there was none.
    var doubleMid: Int64
}
