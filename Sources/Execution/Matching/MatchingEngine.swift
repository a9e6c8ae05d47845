public import TradingCore

/// The paper exchange's engine for one instrument: orders of its accounts rest and trade among recorded (or generated)
/// volume, by price, then time.
///
/// What it promises, whatever the feed and the orders:
/// - fills of resting orders never exceed the recorded opposing volume at or beyond their price, each lot of it used once;
/// - recorded volume that orders consumed does not come back before the feed shows more than what was left;
/// - a trade and the book update that reports it shrink a queue once;
/// - balances move only from account to account.
///
/// Synchronous and deterministic. Outcomes are appended to ``reports`` in the order they happen; the driver takes them.
public struct MatchingEngine: ~Copyable {
    public let instrument: Instrument
    public let rules: OrderRules
    public let configuration: MatchingConfiguration
    /// The recorded market as the feed shows it, orders of accounts not included.
    public internal(set) var book: OrderBook
    /// False before the first snapshot and between a gap and the next one: nothing trades.
    public internal(set) var isOpen = false
    /// From a reset to the end of its message: the snapshot is not whole yet.
    var isRebuilding = false
    /// What happened since the driver last took them.
    public var reports: [ExecutionReport] = []
    /// The newest recorded trade.
    public internal(set) var lastTradePrice: Price?

    /// Resting orders, best price first, oldest first within a price.
    var bids: [RestingOrder] = []
    var asks: [RestingOrder] = []
    /// Where the resting orders are, so that a record can be seen not to concern them.
    var ownBids = OwnRange(.buy, best: nil, worst: nil)
    var ownAsks = OwnRange(.sell, best: nil, worst: nil)
    var hasOrders = false
    /// Some order's queue has reports that wait for their counterpart.
    var isUnsettled = false
    let tracksReports: Bool
    /// One lot, and one tick of one lot, are raw counts below 2⁵⁰.
    let hasSmallUnits: Bool
    var consumed = ConsumedVolume()
    var average = AveragePrice()
    var nextTradeID: UInt64 = 1
    var openOrders: [Int32] = []
    /// Nil where a trade and the book update that reports it come in one message.
    var unmatched: UnmatchedReports?
    let assets: SettlementAssets

    /// - Throws: ``InstrumentError`` when the rules do not fit the instrument's units, or `balances` lacks its assets.
    public init(
        instrument: Instrument, balances: PaperBalances, configuration: MatchingConfiguration = .init()
    ) throws(InstrumentError) {
        let rules = try OrderRules(instrument)
        let assets = try SettlementAssets(instrument, balances)
        self.instrument = instrument
        self.rules = rules
        self.assets = assets
        self.configuration = configuration
        tracksReports = configuration.reportWindowNanoseconds > 0
        hasSmallUnits = max(instrument.unit.quantity.raw, instrument.unit.notional.raw) < 1 << 50
        book = OrderBook()
        if configuration.reportWindowNanoseconds > 0 {
            unmatched = UnmatchedReports(window: configuration.reportWindowNanoseconds)
        }
    }

    /// How many orders rest in all.
    public var restingCount: Int { bids.count + asks.count }

    /// Ids of an account's resting orders, bids then asks.
    public func openOrderIDs(of account: AccountID) -> [ClientOrderID] {
        (bids + asks).filter { $0.account == account }.map(\.request.id)
    }

    /// An account's resting orders as sent, with what remains of them.
    public func openOrders(of account: AccountID) -> [(request: OrderRequest, remaining: Quantity)] {
        (bids + asks).filter { $0.account == account }.map { ($0.request, Quantity(lots: $0.remaining)) }
    }

    /// Lots of recorded volume ahead of a resting order; nil when it does not rest.
    public func volumeAhead(of id: ClientOrderID, account: AccountID) -> Quantity? {
        guard let place = find(id, account) else { return nil }
        return Quantity(lots: place.side == .buy ? bids[place.index].queue.ahead : asks[place.index].queue.ahead)
    }

    // MARK: - The market moves

    /// Takes the next record of the market's history in.
    ///
    /// Most records concern no order of ours: they change the book and a few comparisons later are done.
    @inline(__always)
    public mutating func apply(_ record: MarketRecord, balances: inout PaperBalances) {
        let ticks = record.price.ticks
        switch record.kind {
        case .level, .snapshot:
            let before = book.set(record.side, ticks: ticks, lots: record.quantity.lots)
            if tracksReports { noteDrop(record, before) }
            guard hasOrders || !consumed.isEmpty || isRebuilding else { return }
            let own = record.side == .buy ? ownBids : ownAsks
            if own.contains(ticks) || !consumed.isEmpty || isRebuilding {
                react(to: record, balances: &balances)
                return
            }
        case .trade:
            lastTradePrice = record.price
            let isReached = record.side == .sell ? ownBids.best >= ticks : ownAsks.best <= ticks
            if isReached || tracksReports || rules.hasPriceBand {
                react(to: record, balances: &balances)
                return
            }
        default:
            applyRare(record)
            react(to: record, balances: &balances)
            return
        }
        guard hasOrders, record.isLast || configuration.fillModel == .whole else { return }
        if isUnsettled || book.asks.bestTicks <= ownBids.best || book.bids.bestTicks >= ownAsks.best {
            react(to: record, balances: &balances)
        }
    }

    // MARK: - Resting orders

    @inline(__always)
    func count(_ side: Side) -> Int { side == .buy ? bids.count : asks.count }

    @inline(__always)
    func resting(_ side: Side, _ index: Int) -> RestingOrder { side == .buy ? bids[index] : asks[index] }

    @inline(__always)
    func restingPrice(_ side: Side, _ index: Int) -> Price {
        side == .buy ? bids[index].request.price : asks[index].request.price
    }

    /// Has to follow every change of which orders rest.
    mutating func ordersChanged() {
        ownBids = OwnRange(.buy, best: bids.first?.ticks, worst: bids.last?.ticks)
        ownAsks = OwnRange(.sell, best: asks.first?.ticks, worst: asks.last?.ticks)
        hasOrders = !bids.isEmpty || !asks.isEmpty
    }

    /// Takes traded lots off an order, which leaves when nothing remains of it.
    ///
    /// One that was never told as filled whole is told as ended: its owner cannot know otherwise.
    mutating func reduce(_ side: Side, _ index: Int, by lots: Int64) {
        if side == .buy {
            bids[index].remaining -= lots
            if bids[index].remaining == 0 { left(bids.remove(at: index)) }
        } else {
            asks[index].remaining -= lots
            if asks[index].remaining == 0 { left(asks.remove(at: index)) }
        }
    }

    private mutating func left(_ order: RestingOrder) {
        ordersChanged()
        closed(order.account)
        if order.prevented > 0 { report(order.account, .expired(order.request.id, .selfTradePrevention)) }
    }

    /// Takes lots off the first order of a side that must not trade.
    mutating func prevent(_ side: Side, lots: Int64) {
        if side == .buy {
            bids[0].remaining -= lots
            bids[0].prevented += lots
        } else {
            asks[0].remaining -= lots
            asks[0].prevented += lots
        }
    }

    struct Place {
        var side: Side
        var index: Int
    }

    func find(_ id: ClientOrderID, _ account: AccountID) -> Place? {
        for index in bids.indices where bids[index].request.id == id && bids[index].account == account {
            return Place(side: .buy, index: index)
        }
        for index in asks.indices where asks[index].request.id == id && asks[index].account == account {
            return Place(side: .sell, index: index)
        }
        return nil
    }

    mutating func report(_ account: AccountID, _ event: AccountEvent) {
        reports.append(ExecutionReport(account: account, event: event))
    }
}

/// The prices from the best to the worst resting order of a side.
struct OwnRange {
    /// Of no order: a price that no market reaches.
    let best: Int64
    private let low: Int64
    private let high: Int64

    init(_ side: Side, best: Int64?, worst: Int64?) {
        guard let best, let worst else {
            self.best = side == .buy ? .min : .max
            (low, high) = (.max, .min)
            return
        }
        self.best = best
        (low, high) = (min(best, worst), max(best, worst))
    }

    @inline(__always)
    func contains(_ ticks: Int64) -> Bool { ticks >= low && ticks <= high }
}

/// An outcome and whose it is.
public struct ExecutionReport: Sendable {
    public var account: AccountID
    public var event: AccountEvent
}

/// Where an instrument's assets stand in the balances.
struct SettlementAssets {
    let base: PaperBalances.AssetIndex
    let quote: PaperBalances.AssetIndex
    /// The third asset that fees are paid in, if any.
    let fee: PaperBalances.AssetIndex?

    init(_ instrument: Instrument, _ balances: PaperBalances) throws(InstrumentError) {
        func index(_ asset: AssetID) throws(InstrumentError) -> PaperBalances.AssetIndex {
            guard let index = balances.index(of: asset) else {
                throw .invalid(field: "asset", value: "\(asset)", rule: "one of the exchange's \(balances.assets)")
            }
            return index
        }
        base = try index(instrument.base)
        quote = try index(instrument.quote)
        if case .third(let asset, _, _) = instrument.fees.payment { fee = try index(asset) } else { fee = nil }
    }
}
