/// Where an order stands, as far as we know.
public enum OrderStatus: UInt8, Codable, Sendable, CaseIterable {
    /// Its intent is stored and it may have left; no answer yet.
    case pending
    /// The placing ended without an answer: it may or may not exist. Left only by the exchange's own word.
    case unknown
    /// Resting at the exchange, nothing filled or part of it.
    case open
    /// A cancel has been sent; the order may still fill.
    case cancelling
    case filled
    case cancelled
    /// Refused: it never existed.
    case rejected
    /// Ended by the exchange: IOC or FOK remainder, self-trade prevention, halt.
    case expired

    @inlinable
    public var isFinal: Bool { rawValue >= OrderStatus.filled.rawValue }
}

/// What can happen to an order.
public enum OrderUpdate: UInt8, Sendable, CaseIterable {
    case accepted
    case rejected
    /// The answer to the placing got lost.
    case outcomeLost
    case cancelSent
    /// The exchange refused the cancel and the order still rests.
    case cancelRefused
    case partlyFilled
    case filled
    case cancelled
    case expired
    /// The exchange, asked at a time when it would know, knows no such order.
    case neverExisted
}

extension OrderStatus {
    /// The one table of order transitions. A column per update, in the order of ``OrderUpdate``; nil is impossible and is
    /// reported, never applied.
    ///
    /// What looks odd happens: a fill can arrive before the acceptance, and after the cancellation that raced with it;
    /// a cancellation can arrive while the placing is still unanswered. The account stream can tell of the order, even of
    /// its end, before the placing times out and its outcome counts as lost, and before a refused cancel is answered.
    @inlinable @inline(__always)
    var row: TransitionRow {
        // accepted, rejected, outcomeLost, cancelSent, cancelRefused, partlyFilled, filled, cancelled, expired, never
        switch self {
        case .pending, .unknown:
            TransitionRow(.open, .rejected, .unknown, .cancelling, nil, .open, .filled, .cancelled, .expired, .rejected)
        case .open: TransitionRow(.open, nil, .open, .cancelling, .open, .open, .filled, .cancelled, .expired, nil)
        case .cancelling:
            TransitionRow(
                .cancelling, .rejected, .cancelling, .cancelling, .open, .cancelling, .filled, .cancelled, .expired,
                .rejected)
        case .filled: TransitionRow(.filled, nil, .filled, nil, .filled, nil, nil, nil, nil, nil)
        case .cancelled:
            TransitionRow(.cancelled, nil, .cancelled, nil, .cancelled, .cancelled, .filled, .cancelled, nil, nil)
        case .rejected: TransitionRow(nil, .rejected, nil, nil, nil, nil, nil, nil, nil, .rejected)
        case .expired: TransitionRow(.expired, nil, .expired, nil, .expired, .expired, .filled, nil, .expired, nil)
        }
    }

    /// Where `update` leads from here; nil when that cannot happen.
    @inlinable @inline(__always)
    public func after(_ update: OrderUpdate) -> OrderStatus? { row.status(after: update) }
}

/// One row of the table, four bits an update: the compiler makes a number of it, and a look-up is a shift.
@usableFromInline
struct TransitionRow {
    @usableFromInline let bits: UInt64

    @inlinable @inline(__always)
    init(
        _ accepted: OrderStatus?, _ rejected: OrderStatus?, _ outcomeLost: OrderStatus?, _ cancelSent: OrderStatus?,
        _ cancelRefused: OrderStatus?, _ partlyFilled: OrderStatus?, _ filled: OrderStatus?,
        _ cancelled: OrderStatus?, _ expired: OrderStatus?, _ neverExisted: OrderStatus?
    ) {
        let first =
            TransitionRow.bits(accepted, .accepted) | TransitionRow.bits(rejected, .rejected)
            | TransitionRow.bits(outcomeLost, .outcomeLost) | TransitionRow.bits(cancelSent, .cancelSent)
        let second =
            TransitionRow.bits(cancelRefused, .cancelRefused) | TransitionRow.bits(partlyFilled, .partlyFilled)
            | TransitionRow.bits(filled, .filled) | TransitionRow.bits(cancelled, .cancelled)
        bits =
            first | second | TransitionRow.bits(expired, .expired) | TransitionRow.bits(neverExisted, .neverExisted)
    }

    @inlinable @inline(__always)
    static func bits(_ status: OrderStatus?, _ update: OrderUpdate) -> UInt64 {
        UInt64(status?.rawValue ?? 15) &<< (UInt64(update.rawValue) &* 4)
    }

    @inlinable @inline(__always)
    func status(after update: OrderUpdate) -> OrderStatus? {
        OrderStatus(rawValue: UInt8(truncatingIfNeeded: bits &>> (UInt64(update.rawValue) &* 4)) & 15)
    }
}
