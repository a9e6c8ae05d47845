import Execution
import TradingCore

/// One symbol: its engine, its feed, and what everybody may see of it.
final class SpotMarket {
    /// As Binance writes it: `BTCUSDT`.
    let name: String
    /// The rules in it are what the listing had at first; ``filters`` are those in force.
    let instrument: Instrument
    var engine: MatchingEngine
    var feed: PaperMarketFeed
    /// What a real exchange tells, where the market is one.
    let live: LiveMarket?
    var filters: SpotFilters
    var status = SymbolStatus.trading
    var tape = TradeTape()
    var candles = SpotCandles()
    var depth: DepthCounter
    /// Trades that nobody was told of yet.
    var untold: [PublicTrade] = []
    /// The newest prevented self-trades, oldest first.
    private(set) var prevented: [PreventedMatch] = []
    private static let preventedKept = 1_000

    var unit: BookUnit { instrument.unit }

    /// As everybody is told: halted too while what is known of the market cannot be trusted.
    var shownStatus: SymbolStatus { status == .trading && !engine.isOpen ? .halt : status }

    init(
        _ listing: PaperExchangeConfiguration.Listing, _ balances: PaperBalances, genesis: Timestamp,
        restoring state: SpotState.Market?, candles stored: [SpotCandle], depthStart: Int64
    ) throws {
        instrument = SpotConfiguration.charged(listing.instrument)
        name = instrument.base.rawValue + instrument.quote.rawValue
        filters = SpotFilters(instrument.rules, unit: instrument.unit)
        depth = DepthCounter(start: depthStart)
        if case .live(let market) = listing.source { live = market } else { live = nil }
        candles = SpotCandles(minutes: stored)
        var matching = listing.matching
        matching.notesPreventions = true
        engine = try MatchingEngine(
            instrument: SpotMarket.unruled(instrument), balances: balances, configuration: matching)
        guard let state else {
            feed = try PaperMarketFeed(listing.source, genesis: genesis)
            return
        }
        engine.restore(state.matching)
        feed = try PaperMarketFeed(listing.source, genesis: genesis, at: state.feed)
        (filters, status) = (state.filters, state.status)
        tape = TradeTape(nextID: state.nextTradeID, nextAggregateID: state.nextAggregateID)
        prevented = state.prevented ?? []
    }

    /// For the engine: rules here can change at run time, the engine's cannot, so it gets none.
    private static func unruled(_ instrument: Instrument) -> Instrument {
        Instrument(
            id: instrument.id, unit: instrument.unit,
            rules: TradingRules(priceRounding: .tick(instrument.unit.price), lotSize: instrument.unit.quantity),
            fees: instrument.fees)
    }

    var state: SpotState.Market {
        SpotState.Market(
            matching: engine.state, feed: feed.checkpoint, filters: filters, status: status, nextTradeID: tape.nextID,
            nextAggregateID: tape.nextAggregateID, prevented: prevented)
    }

    // MARK: - The market moves

    /// Takes a record in; what it did to orders is in the engine's reports.
    func apply(_ record: MarketRecord, balances: inout PaperBalances, notesDepth: Bool) {
        engine.apply(record, balances: &balances)
        guard notesDepth else { return }
        switch record.kind {
        case .level, .snapshot: depth.touch(record.side, record.price.ticks)
        case .top: depth.touchBetter(record.side, than: record.price.ticks)
        case .topCleared:
            depth.touchAll()
            touchTouch()
        case .gap, .reset: depth.touchAll()
        case .trade, .heartbeat: break
        }
    }

    /// The best levels may have come back from behind a top.
    private func touchTouch() {
        for side in Side.allCases {
            for level in engine.shownLevels(side, limit: 100) { depth.touch(side, level.price.ticks) }
        }
    }

    /// Everything that can be seen, once the market has been played forward without anybody looking.
    func showAll() {
        depth.touchAll()
        for side in Side.allCases {
            for level in engine.shownLevels(side, limit: .max) { depth.touch(side, level.price.ticks) }
        }
        settleDepth()
    }

    func settleDepth() {
        depth.settle { engine.shownLots($0.side, at: $0.ticks) }
    }

    func print(_ price: Price, _ quantity: Quantity, at time: Timestamp, isBuyerMaker: Bool) -> PublicTrade {
        let trade = tape.add(price, quantity, at: time, isBuyerMaker: isBuyerMaker)
        candles.add(trade)
        untold.append(trade)
        return trade
    }

    /// Counts a prevented self-trade and remembers it.
    func note(_ trade: PreventedTrade, _ taker: SpotOrder, at now: Timestamp) -> PreventedMatch {
        let match = PreventedMatch(
            id: (prevented.last?.id ?? -1) + 1, account: taker.account, taker: taker.id,
            maker: Int64(trade.maker.rawValue), mode: taker.ticket.prevention, ticks: trade.price.ticks,
            takerLots: trade.takerLots, makerLots: trade.makerLots, time: now)
        prevented.append(match)
        if prevented.count > 2 * Self.preventedKept { prevented.removeFirst(Self.preventedKept) }
        return match
    }

    // MARK: - Prices

    func decimal(_ ticks: Int64) -> FixedDecimal { unit.decimal(Price(ticks: ticks)) }
    func amount(_ lots: Int64) -> FixedDecimal { unit.decimal(Quantity(lots: lots)) }
    /// Of ticks × lots; held at the most a decimal can say.
    func value(_ product: Int128) -> FixedDecimal {
        let (raw, overflow) = unit.notional.raw.multipliedReportingOverflow(by: product)
        return FixedDecimal(raw: overflow ? .max : raw)
    }

    var lastPrice: FixedDecimal? { (candles.lastPrice ?? engine.lastTradePrice?.ticks).map(decimal) }

    /// The average of the last minutes; the last price where nothing traded in them.
    func averagePrice(at now: Timestamp) -> FixedDecimal? {
        guard filters.averageMinutes > 0 else { return lastPrice }
        return candles.average(minutes: filters.averageMinutes, at: now).map(decimal) ?? lastPrice
    }

    /// The best level of a side, as shown.
    func best(_ side: Side) -> BookLevel? { engine.shownLevels(side, limit: 1).first }

    /// What a market order of so much value comes to: whole lot steps, worth at most `quote`.
    /// - Returns: nil when there is nothing on the other side.
    func lots(worth quote: FixedDecimal, _ side: Side) -> Int64? {
        let levels = engine.shownLevels(side.opposite, limit: 5_000)
        if levels.isEmpty { return nil }
        let step = max(1, (try? filters.lot.step.count(of: unit.quantity, rounding: .up)) ?? 1)
        var left = quote.raw / unit.notional.raw
        var total: Int64 = 0
        for level in levels {
            let affordable = Int64(clamping: left / Int128(level.price.ticks))
            let taken = min(affordable, level.quantity.lots)
            total = total.addingReportingOverflow(taken).overflow ? .max : total + taken
            left -= Int128(taken) * Int128(level.price.ticks)
            if taken < level.quantity.lots { break }
        }
        return total - total % step
    }
}
