import Exchanges
import TradingCore

extension BookFeed {
    mutating func receive(_ ticker: BinanceBookTicker, at time: Timestamp, into records: inout [MarketRecord]) {
        let previous = newestTicker
        guard ticker.updateID > previous?.updateID ?? -1 else { return }
        newestTicker = ticker
        guard wasSynced, ticker.updateID > sync.lastID else { return }
        if case .ticker = top, let previous, previous.bid == ticker.bid, previous.ask == ticker.ask {
            // Nothing to tell, but the levels now have to come this far before they show again.
            top = .ticker(id: ticker.updateID)
            return
        }
        show(ticker, at: time, into: &records)
        records[records.count - 1].isLast = true
    }

    mutating func receive(_ trade: BinanceTrade, at time: Timestamp, into records: inout [MarketRecord]) {
        guard tradeIDs.insert(trade.id) else { return }
        records.append(
            MarketRecord(
                time: time, kind: .trade, side: trade.aggressor, price: trade.price, quantity: trade.quantity,
                isLast: false))
        takeFromTop(trade, at: time, into: &records)
        records[records.count - 1].isLast = true
    }

    /// Makes a ticker the top of both sides.
    mutating func show(_ ticker: BinanceBookTicker, at time: Timestamp, into records: inout [MarketRecord]) {
        top = .ticker(id: ticker.updateID)
        setTop(.buy, ticker.bid, at: time, into: &records)
        setTop(.sell, ticker.ask, at: time, into: &records)
    }

    /// Takes a trade's quantity from what is shown, where no stream tells it better and sooner.
    private mutating func takeFromTop(
        _ trade: BinanceTrade, at time: Timestamp, into records: inout [MarketRecord]
    ) {
        guard wasSynced, let depthTime, trade.tradeTime > depthTime else { return }
        var until = trade.tradeTime
        switch top {
        case .ticker: return
        case .trades(let earlier): until = max(until, earlier)
        case .none: break
        }
        let side = trade.aggressor.opposite
        let best = book.bestTicks(side)
        // A price better than everything known came and went between two updates: what rests here is as before.
        guard best != 0, best != .max, !side.isBetter(trade.price, than: Price(ticks: best)) else { return }
        let rest = max(book.lots(side, at: trade.price.ticks) - trade.quantity.lots, 0)
        top = .trades(until: until)
        setTop(side, BookLevel(price: trade.price, quantity: Quantity(lots: rest)), at: time, into: &records)
    }

    private mutating func setTop(
        _ side: Side, _ level: BookLevel, at time: Timestamp, into records: inout [MarketRecord]
    ) {
        book.setTop(side, ticks: level.price.ticks, lots: level.quantity.lots)
        records.append(
            MarketRecord(
                time: time, kind: .top, side: side, price: level.price, quantity: level.quantity, isLast: false))
    }
}
