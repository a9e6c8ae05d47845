import Exchanges
import TradingCore

extension BookFeed {
    mutating func receive(
        _ update: BinanceDepthUpdate, at time: Timestamp, into records: inout [MarketRecord]
    ) -> Request {
        let action = sync.received(update)
        switch action {
        case .ignore:
            return .nothing
        case .apply where wasSynced:
            let first = records.count
            clearTop(reachedBy: update, at: time, into: &records)
            depthTime = update.eventTime
            applyLevels(at: time, into: &records)
            if records.count > first { records[records.count - 1].isLast = true }
            return .nothing
        case .apply:
            depthTime = update.eventTime
            for level in levels { book.set(level.side, ticks: level.ticks, lots: level.lots) }
            return applyHeld(at: time, into: &records)
        case .hold, .holdAndFetchSnapshot:
            sync.hold(BinanceBookSync.HeldUpdate(update: update, levels: levels))
            noteGap(at: time, into: &records)
            return action == .hold ? .nothing : .fetchSnapshot
        }
    }

    mutating func receiveSnapshot(
        _ id: Int64, at time: Timestamp, into records: inout [MarketRecord]
    ) -> Request {
        switch sync.receivedSnapshot(lastUpdateID: id) {
        case .ignore:
            return .nothing
        case .fetchSnapshot:
            return .fetchSnapshot
        case .replaceBook:
            book.removeAll()
            top = .none
            depthTime = nil
            for level in levels { book.set(level.side, ticks: level.ticks, lots: level.lots) }
            return applyHeld(at: time, into: &records)
        }
    }

    /// Marks the book as not to be trusted, once.
    mutating func noteGap(at time: Timestamp, into records: inout [MarketRecord]) {
        guard wasSynced else { return }
        wasSynced = false
        top = .none
        book.clearTop()
        records.append(MarketRecord(time: time, bare: .gap, isLast: true))
    }

    /// Applies what was held and now follows. Consumers hear of the book again once it is whole, and then of all of it.
    private mutating func applyHeld(at time: Timestamp, into records: inout [MarketRecord]) -> Request {
        while let next = sync.nextHeld() {
            depthTime = next.update.eventTime
            for level in next.levels { book.set(level.side, ticks: level.ticks, lots: level.lots) }
        }
        let mustFetch = sync.settle()
        if sync.isSynced {
            wasSynced = true
            appendWholeBook(at: time, into: &records)
        }
        return mustFetch ? .fetchSnapshot : .nothing
    }

    private mutating func appendWholeBook(at time: Timestamp, into records: inout [MarketRecord]) {
        records.append(MarketRecord(time: time, bare: .reset, isLast: false))
        for side in Side.allCases {
            var ticks = book.bestTicks(side)
            while ticks != 0, ticks != .max {
                records.append(
                    MarketRecord(
                        time: time, kind: .snapshot, side: side, price: Price(ticks: ticks),
                        quantity: Quantity(lots: book.lots(side, at: ticks)), isLast: false))
                ticks = book.nextTicks(side, after: ticks)
            }
        }
        if let newestTicker, newestTicker.updateID > sync.lastID {
            show(newestTicker, at: time, into: &records)
        }
        records[records.count - 1].isLast = true
    }

    /// Lays the top aside once the levels contain what it showed.
    private mutating func clearTop(
        reachedBy update: BinanceDepthUpdate, at time: Timestamp, into records: inout [MarketRecord]
    ) {
        switch top {
        case .none: return
        case .ticker(let id): guard update.lastID >= id else { return }
        case .trades(let until): guard update.eventTime > until else { return }
        }
        top = .none
        book.clearTop()
        records.append(MarketRecord(time: time, bare: .topCleared, isLast: false))
    }

    private mutating func applyLevels(at time: Timestamp, into records: inout [MarketRecord]) {
        for level in levels where book.set(level.side, ticks: level.ticks, lots: level.lots) != level.lots {
            records.append(
                MarketRecord(
                    time: time, kind: .level, side: level.side, price: Price(ticks: level.ticks),
                    quantity: Quantity(lots: level.lots), isLast: false))
        }
    }
}

extension MarketRecord {
    /// A record that says something about the whole book.
    init(time: Timestamp, bare kind: Kind, isLast: Bool) {
        self.init(time: time, kind: kind, side: .buy, price: Price(ticks: 0), quantity: .zero, isLast: isLast)
    }
}
