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
    /// Self-trades prevented since the driver last took them; only where ``MatchingConfiguration/notesPreventions``.
    public var preventions: [PreventedTrade] = []
    /// The newest recorded trade.
    public internal(set) var lastTradePrice: Price?

    var orders = RestingOrders()
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
    private let inPlace = InPlace()

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
    public var restingCount: Int { orders.count }

    /// Ids of an account's resting orders, bids then asks.
    public func openOrderIDs(of account: AccountID) -> [ClientOrderID] {
        restingOrders.filter { $0.account == account }.map(\.request.id)
    }

    /// An account's resting orders as sent, with what remains of them.
    public func openOrders(of account: AccountID) -> [(request: OrderRequest, remaining: Quantity)] {
        restingOrders.filter { $0.account == account }.map { ($0.request, Quantity(lots: $0.remaining)) }
    }

    private var restingOrders: [RestingOrder] { orders[.buy].orders + orders[.sell].orders }

    /// Lots of recorded volume ahead of a resting order; nil when it does not rest.
    public func volumeAhead(of id: ClientOrderID, account: AccountID) -> Quantity? {
        guard let place = find(id, account) else { return nil }
        return Quantity(lots: orders[place.side][place.index].queue.ahead)
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
            if orders[record.side].mayHold(ticks) || consumed.mayHold(ticks) || isRebuilding {
                react(to: record, balances: &balances)
                return
            }
        case .trade:
            lastTradePrice = record.price
            let isReached = record.side == .sell ? orders[.buy].best >= ticks : orders[.sell].best <= ticks
            if isReached || tracksReports || rules.hasPriceBand {
                react(to: record, balances: &balances)
                return
            }
        default:
            applyRare(record)
            react(to: record, balances: &balances)
            return
        }
        // In this order: the first two are nearly always the same, whether a record ends its message is as good as random.
        guard hasOrders, isUnsettled || isCrossed else { return }
        if record.isLast || configuration.fillModel == .whole { react(to: record, balances: &balances) }
    }

    // MARK: - Resting orders

    /// Takes traded lots off an order, which leaves when nothing remains of it.
    ///
    /// One that was never told as filled whole is told as ended: its owner cannot know otherwise.
    mutating func reduce(_ side: Side, _ index: Int, by lots: Int64) {
        orders[side][index].remaining -= lots
        guard orders[side][index].remaining == 0 else { return }
        let order = orders[side][index]
        drop(Place(side: side, index: index))
        if order.prevented > 0 { report(order.account, .expired(order.request.id, .selfTradePrevention)) }
    }

    /// An order rests no more.
    @inline(__always)
    mutating func drop(_ place: Place) {
        closed(orders[place.side][place.index].account)
        orders[place.side].remove(at: place.index)
        hasOrders = orders.count > 0
    }

    /// Takes lots off the first order of a side that must not trade.
    mutating func prevent(_ side: Side, lots: Int64) {
        orders[side][0].remaining -= lots
        orders[side][0].prevented += lots
    }

    struct Place {
        var side: Side
        var index: Int
    }

    @inline(__always)
    func find(_ id: ClientOrderID, _ account: AccountID) -> Place? {
        if let index = orders[.buy].index(of: id, account) { return Place(side: .buy, index: index) }
        if let index = orders[.sell].index(of: id, account) { return Place(side: .sell, index: index) }
        return nil
    }

    @inline(__always)
    mutating func report(_ account: AccountID, _ event: AccountEvent) {
        reports.append(ExecutionReport(account: account, event: event))
    }
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
