import Strategies
public import TradingCore

/// An order of ours and everything known about it.
public struct TrackedOrder: Hashable, Sendable {
    public let id: ClientOrderID
    public let side: Side
    public let level: UInt8
    public internal(set) var price: Price
    public internal(set) var quantity: Quantity
    public let isPostOnly: Bool
    public internal(set) var status: OrderStatus = .pending
    public internal(set) var filled: Quantity = .zero
    public let createdAt: Timestamp
    /// When the answer to the last request about it is overdue.
    public internal(set) var answerDueAt: Timestamp
    /// How often the exchange has been asked about it in a row.
    public internal(set) var queries: Int32 = 0
    /// A cancel is wanted as soon as one can be sent.
    public internal(set) var cancelIsWanted = false
    /// The exchange has shown that the order exists.
    public internal(set) var isAcknowledged = false
    /// The answer to its placing is lost and nothing has told since whether it exists, whatever else was tried with it.
    public internal(set) var isInDoubt = false
    /// Taken into care as the exchange listed it: what it was placed for is not known.
    var isAdopted = false
    /// After how many cancels it was found to rest still, and until when the next one waits.
    var failedCancels: Int32 = 0
    /// How many cancels got no answer.
    var lostCancels: Int32 = 0
    /// When its first cancel was sent.
    var leavesSince: Timestamp?
    var cancelNotBefore = Timestamp.distantPast

    public var remaining: Quantity { Quantity(lots: max(0, quantity.lots - filled.lots)) }
    public var isLive: Bool { !status.isFinal }

    /// What its fills can be.
    var bounds: FillBounds {
        isAdopted ? .unknown(side) : FillBounds(side: side, limit: price, left: remaining)
    }

    var asOwnOrder: OwnOrder { OwnOrder(id: id, side: side, level: level, price: price, remaining: remaining) }

    /// On its way out: its funds are still held, its slot is not free.
    var isLeaving: Bool { status == .cancelling || cancelIsWanted }

    /// Moves along the one table of transitions.
    /// - Returns: false when the table has no such step; nothing is changed then.
    @inline(__always)
    mutating func apply(_ update: OrderUpdate) -> Bool {
        guard let next = status.after(update) else { return false }
        status = next
        switch update {
        case .accepted, .partlyFilled, .cancelRefused: (isAcknowledged, isInDoubt) = (true, false)
        case .outcomeLost: isInDoubt = !isAcknowledged
        case .rejected, .cancelSent, .filled, .cancelled, .expired, .neverExisted: break
        }
        return true
    }

    /// Takes the answer to a request in.
    /// - Returns: the status after it and how often the exchange had been asked before; nil, with nothing changed, when
    ///   the table has no such step.
    @inline(__always)
    mutating func answered(_ update: OrderUpdate) -> (status: OrderStatus, queries: Int32)? {
        guard apply(update) else { return nil }
        defer { queries = 0 }
        return (status, queries)
    }

    /// - Returns: whose cancel is to be sent; nil, with nothing changed, when the order can have none.
    @inline(__always)
    mutating func cancelSent(at now: Timestamp, answerDueAt due: Timestamp) -> ClientOrderID? {
        guard apply(.cancelSent) else { return nil }
        leavesSince = leavesSince ?? now
        cancelIsWanted = false
        queries = 0
        answerDueAt = due
        return id
    }

    /// A cancel has to wait.
    mutating func wantCancel(at retry: Timestamp) {
        cancelIsWanted = true
        answerDueAt = retry
    }
}
