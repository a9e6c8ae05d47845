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
    private static let table: [[OrderStatus?]] = [
        // accepted, rejected, outcomeLost, cancelSent, cancelRefused, partlyFilled, filled, cancelled, expired, never
        [.open, .rejected, .unknown, .cancelling, nil, .open, .filled, .cancelled, .expired, .rejected],  // pending
        [.open, .rejected, .unknown, .cancelling, nil, .open, .filled, .cancelled, .expired, .rejected],  // unknown
        [.open, nil, .open, .cancelling, .open, .open, .filled, .cancelled, .expired, nil],  // open
        [
            .cancelling, .rejected, .cancelling, .cancelling, .open, .cancelling, .filled, .cancelled, .expired,
            .rejected,
        ],  // cancelling
        [.filled, nil, .filled, nil, .filled, nil, nil, nil, nil, nil],  // filled
        [.cancelled, nil, .cancelled, nil, .cancelled, .cancelled, .filled, .cancelled, nil, nil],  // cancelled
        [nil, .rejected, nil, nil, nil, nil, nil, nil, nil, .rejected],  // rejected
        [.expired, nil, .expired, nil, .expired, .expired, .filled, nil, .expired, nil],  // expired
    ]

    /// The table flattened, for the hot path: 255 is impossible.
    private static let flat: [UInt8] = table.flatMap { row in row.map { $0?.rawValue ?? 255 } }

    /// Where `update` leads from here; nil when that cannot happen.
    public func after(_ update: OrderUpdate) -> OrderStatus? {
        OrderStatus(rawValue: OrderStatus.flat[Int(rawValue) * 10 + Int(update.rawValue)])
    }
}
