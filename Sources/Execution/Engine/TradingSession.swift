public import Strategies
public import TradingCore

/// One strategy at work on an executor's account and instrument: its orders, its share of the funds, its books.
public struct TradingSession: Sendable {
    public let id: SessionID
    public internal(set) var strategy: any Strategy
    public internal(set) var phase = SessionPhase.running
    public internal(set) var state = TradingState.active
    public internal(set) var haltReason: HaltReason?
    /// The session's own halt, that no operator has lifted.
    var ownHalt: OwnHalt?
    /// Live orders, oldest first.
    public var orders: [TrackedOrder] { live.array }
    var live = LiveOrders()
    public internal(set) var account = PositionAccount()
    public internal(set) var lastHold: HoldReason?
    /// While reducing: what is left of the position is below the exchange's smallest order, so that it stays.
    public internal(set) var restIsTooSmall = false
    /// How often each kind of refusal has kept an order back.
    public internal(set) var refusals: [RiskRefusal: Int] = [:]
    public internal(set) var orderCount = 0
    public internal(set) var cancelCount = 0

    let configuration: SessionConfiguration
    let dataLimits: DataLimits
    var ids: ClientOrderIDSource
    /// Of numbers that were used up before.
    var earlierIDs: [ClientOrderIDSource]
    var killSwitch: KillSwitch
    /// After refusals that say that nobody is served: when orders are tried again, and how many there were in a row.
    var placesNotBefore = Timestamp.distantPast
    var unservedCount = 0
    /// What the session may still send by its own limit.
    var budget: OrderBudget?
    var fills = FillMemory()
    var ended = EndedOrders()
    /// When the strategy is asked next.
    var nextDecision: Timestamp
    /// When the first open question about an order is due.
    var nextAnswerDue = Timestamp.distantFuture
    /// When the data behind resting orders, and the profit, are looked at next.
    var nextHealthCheck = Timestamp.distantFuture
    /// Until then orders of an earlier process may rest without data.
    var awaitsFirstDataUntil = Timestamp.distantPast
    /// A quote waits until an older order of its slot is gone.
    var awaitsCancel = false
    /// Raw 10⁻¹⁸ counts: all that belongs to the session, and what its live orders hold of it.
    var base: Int128
    var quote: Int128
    var reservedBase: Int128 = 0
    var reservedQuote: Int128 = 0

    let keepsOrders: Bool
    let watchesMarket: Bool
    let readsOwnOrders: Bool
    let decidesOnFills: Bool

    init(_ configuration: SessionConfiguration, strategy: any Strategy, now: Timestamp) {
        id = configuration.session
        self.configuration = configuration
        self.strategy = strategy
        dataLimits = DataLimits(configuration.limits)
        ids = ClientOrderIDSource(
            installation: configuration.installation, session: configuration.session,
            firstSequence: configuration.firstSequence, nextSequence: configuration.nextSequence)
        earlierIDs = configuration.earlierIDs
        killSwitch = KillSwitch(configuration.limits)
        budget = configuration.budget
        nextDecision = now
        base = configuration.base.raw
        quote = configuration.quote.raw
        keepsOrders = configuration.keepsOrders
        watchesMarket = strategy.watchesMarket
        readsOwnOrders = strategy.readsOwnOrders
        decidesOnFills = strategy.decidesOnFills
    }

    /// What the session holds now, its open orders included.
    public var holdings: (base: FixedDecimal, quote: FixedDecimal) {
        (FixedDecimal(raw: base), FixedDecimal(raw: quote))
    }

    /// The best profit yet, which drawdown is measured from; nil before one was measured.
    public var bestProfit: FixedDecimal? { killSwitch.bestProfit.map(FixedDecimal.init(raw:)) }

    /// The sequence number that the session's next order will carry.
    public var nextSequence: UInt32 { ids.nextSequence }

    public var hasUnknownOrders: Bool { live.contains { $0.isInDoubt } }

    func index(of id: ClientOrderID) -> Int? {
        for index in live.indices where live[index].id == id { return index }
        return nil
    }

    /// The same in storage of its own, for whoever looks from outside.
    var detached: TradingSession {
        var copy = self
        copy.live = live.detached
        return copy
    }

    var ownOrders: [OwnOrder] { live.indices.map { live[$0].asOwnOrder } }

    @inline(never)
    mutating func count(_ refusal: RiskRefusal) {
        refusals[refusal, default: 0] += 1
    }

    // MARK: - Funds

    @inline(__always)
    mutating func reserve(_ side: Side, _ price: Price, _ lots: Int64, _ unit: BookUnit) {
        if side == .buy {
            reservedQuote += unit.notional.raw &* (Int128(price.ticks) &* Int128(lots))
        } else {
            reservedBase += unit.quantity.raw &* Int128(lots)
        }
    }

    @inline(__always)
    mutating func release(_ order: TrackedOrder, lots: Int64, _ unit: BookUnit) {
        if order.side == .buy {
            reservedQuote -= unit.notional.raw &* (Int128(order.price.ticks) &* Int128(lots))
        } else {
            reservedBase -= unit.quantity.raw &* Int128(lots)
        }
    }

    /// Frees what an order that ends still holds.
    @inline(__always)
    mutating func releaseRemainder(_ position: Int, _ unit: BookUnit) {
        let order = live[position]
        release(order, lots: order.remaining.lots, unit)
    }

    mutating func settle(_ fill: Fill, _ unit: BookUnit) {
        let cost = unit.notional.raw &* (Int128(fill.price.ticks) &* Int128(fill.quantity.lots))
        let amount = unit.quantity.raw &* Int128(fill.quantity.lots)
        base += Int128(fill.side.sign) &* amount
        quote -= Int128(fill.side.sign) &* cost
        switch fill.feeAsset {
        case .base: base -= fill.fee.raw
        case .quote: quote -= fill.fee.raw
        case .other: break
        }
    }
}
