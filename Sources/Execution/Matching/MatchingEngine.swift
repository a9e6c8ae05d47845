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
    /// What happened since the driver last took them.
    public var reports: [ExecutionReport] = []
    /// The newest recorded trade.
    public internal(set) var lastTradePrice: Price?

    /// Resting orders, best price first, oldest first within a price.
    var bids: [RestingOrder] = []
    var asks: [RestingOrder] = []
    var consumed = ConsumedVolume()
    var average = AveragePrice()
    var nextTradeID: UInt64 = 1
    var openOrders: [Int32] = []
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
        book = OrderBook()
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
    @inline(__always)
    public mutating func apply(_ record: MarketRecord, balances: inout PaperBalances) {
        switch record.kind {
        case .level, .snapshot:
            book.set(record.side, ticks: record.price.ticks, lots: record.quantity.lots)
        case .trade: break
        default: applyRare(record)
        }
        if restingCount != 0 || !consumed.isEmpty || record.kind == .trade {
            react(to: record, balances: &balances)
        }
    }

    /// Between a record and its consequences for resting orders.
    @inline(never)
    private mutating func react(to record: MarketRecord, balances: inout PaperBalances) {
        switch record.kind {
        case .level, .snapshot: levelChanged(record, balances: &balances)
        case .trade:
            lastTradePrice = record.price
            if rules.hasPriceBand { average.add(record) }
            fillResting(record.side.opposite, by: record, balances: &balances)
        case .top: topChanged(record)
        case .topCleared, .gap, .reset: break
        }
        guard record.isLast, isOpen, configuration.fillModel == .recordedVolume else { return }
        settleQueues(now: record.time.nanoseconds)
        fillCrossed(.buy, at: record.time, balances: &balances)
        fillCrossed(.sell, at: record.time, balances: &balances)
    }

    @inline(never)
    private mutating func applyRare(_ record: MarketRecord) {
        switch record.kind {
        case .gap:
            isOpen = false
            consumed.removeAll()
        case .reset:
            isOpen = true
            consumed.removeAll()
        default: break
        }
        book.apply(record)
    }

    private mutating func levelChanged(_ record: MarketRecord, balances: inout PaperBalances) {
        let (ticks, lots, now) = (record.price.ticks, record.quantity.lots, record.time.nanoseconds)
        consumed.levelChanged(record.side, ticks, to: lots)
        if configuration.fillModel == .whole {
            advanceWhole(record)
            fillBestCrossWhole(record.side, at: record.time, balances: &balances)
            return
        }
        if record.side == .buy {
            // While a newer top is known, levels at or better than it tell nothing new.
            guard let best = bids.first, ticks <= best.ticks, !book.bids.isCovered(ticks) else { return }
            for index in bids.indices where bids[index].ticks == ticks {
                bids[index].queue.levelChanged(to: lots, at: now)
            }
        } else {
            guard let best = asks.first, ticks >= best.ticks, !book.asks.isCovered(ticks) else { return }
            for index in asks.indices where asks[index].ticks == ticks {
                asks[index].queue.levelChanged(to: lots, at: now)
            }
        }
    }

    /// The newest best price says what is at it, and that nothing is better.
    private mutating func topChanged(_ record: MarketRecord) {
        let (ticks, lots, now) = (record.price.ticks, record.quantity.lots, record.time.nanoseconds)
        consumed.topChanged(record.side, ticks, to: lots)
        if record.side == .buy {
            for index in bids.indices {
                if bids[index].ticks < ticks { break }
                bids[index].queue.levelChanged(to: bids[index].ticks == ticks ? lots : 0, at: now)
            }
        } else {
            for index in asks.indices {
                if asks[index].ticks > ticks { break }
                asks[index].queue.levelChanged(to: asks[index].ticks == ticks ? lots : 0, at: now)
            }
        }
    }

    private mutating func settleQueues(now: Int64) {
        let (model, window) = (configuration.queueModel, configuration.reportWindowNanoseconds)
        for index in bids.indices where !bids[index].queue.isSettled {
            bids[index].queue.settle(model, window: window, now: now)
        }
        for index in asks.indices where !asks[index].queue.isSettled {
            asks[index].queue.settle(model, window: window, now: now)
        }
    }

    // MARK: - Resting orders

    @inline(__always)
    func count(_ side: Side) -> Int { side == .buy ? bids.count : asks.count }

    @inline(__always)
    func resting(_ side: Side, _ index: Int) -> RestingOrder { side == .buy ? bids[index] : asks[index] }

    /// Takes traded lots off an order, which leaves when nothing remains of it.
    mutating func reduce(_ side: Side, _ index: Int, by lots: Int64) {
        if side == .buy {
            bids[index].remaining -= lots
            if bids[index].remaining == 0 { closed(bids.remove(at: index).account) }
        } else {
            asks[index].remaining -= lots
            if asks[index].remaining == 0 { closed(asks.remove(at: index).account) }
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
