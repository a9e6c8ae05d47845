import Exchanges
import Logging
import Scheduling
import Synchronization
import TradingCore

/// One instrument's market for one subscriber.
final class SidecarMarketFeed: Sendable {
    private let instrument: Instrument
    private let time: any TimeSource
    private let logger: Logger
    private let sink: @Sendable ([MarketRecord]) -> Void
    private let book: Mutex<SidecarBook>

    init(
        _ instrument: Instrument, time: any TimeSource, logger: Logger,
        _ sink: @escaping @Sendable ([MarketRecord]) -> Void
    ) {
        self.instrument = instrument
        self.time = time
        self.logger = logger
        self.sink = sink
        book = Mutex(SidecarBook(instrument.unit))
    }

    func take(_ update: SidecarStreamUpdate) {
        let now = time.now()
        switch update {
        case .event(let value):
            do {
                let told = try UnifiedReading.book(value, instrument.id.symbol)
                sink(
                    try book.withLock { (book) throws(UnreadableAnswer) in try book.records(told, now: now) })
            } catch { lose("\(error)", now) }
        case .lost(let why): lose(why, now)
        case .unsupported(let why): lose(why, now)
        case .alive, .recovered: break
        }
    }

    private func lose(_ why: String, _ now: Timestamp) {
        logger.warning("the book of \(instrument.id.symbol) is lost: \(why)")
        book.withLock { $0.lose() }
        sink([SidecarBook.gap(now)])
    }

    /// Trades beside the book. One off the instrument's units is left out: nothing is made of a trade but figures.
    func takeTrades(_ update: SidecarStreamUpdate) {
        guard case .event(let value) = update else { return }
        let now = time.now()
        for element in value.elements ?? [] {
            guard let trade = try? UnifiedReading.trade(element), let side = trade.side, let price = trade.price,
                let amount = trade.amount, price.isMultiple(of: instrument.unit.price),
                let ticks = try? price.count(of: instrument.unit.price, rounding: .down),
                let lots = try? amount.count(of: instrument.unit.quantity, rounding: .down), lots > 0
            else { continue }
            sink([
                MarketRecord(
                    time: now, kind: .trade, side: side, price: Price(ticks: ticks), quantity: Quantity(lots: lots),
                    isLast: true)
            ])
        }
    }
}
