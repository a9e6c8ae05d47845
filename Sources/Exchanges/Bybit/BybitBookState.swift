import TradingCore

/// One topic's book as a state machine: *waiting* for a snapshot, then *synced* as long as the frames' numbers go up one by
/// one. A hole leads back to waiting, and the topic has to be subscribed anew. A snapshot always begins anew, and the
/// number 1 makes one of any frame: the service was started again.
/// Source: bybit-exchange.github.io/docs/v5/websocket/public/orderbook.
struct BybitBookState: Sendable {
    enum Outcome: Sendable {
        /// Nothing to tell: a change before the snapshot.
        case nothing
        case event(StreamEvent)
        case lost(ExchangeFailure)
    }

    let symbol: Symbol
    /// The best level alone: its frames are told as best prices.
    let isBestOnly: Bool
    /// The newest frame's number; nil while waiting.
    private(set) var last: Int64?
    /// Kept of the best level, which is told whole.
    private var best = DepthBook()

    init(_ symbol: Symbol, isBestOnly: Bool) {
        self.symbol = symbol
        self.isBestOnly = isBestOnly
    }

    var isSynced: Bool { last != nil }

    mutating func lose() { last = nil }

    mutating func received(_ frame: BybitBookFrame, isSnapshot: Bool, time: Int64) -> Outcome {
        if isSnapshot || frame.update == 1 { return snapshot(frame, time) }
        guard let last else { return .nothing }
        guard frame.update == last.saturatingAdd(1) else {
            self.last = nil
            return .lost(
                ExchangeFailure(
                    .invalidNonce, exchange: "bybit", endpoint: "orderbook",
                    message: "expected update \(last.saturatingAdd(1)), got \(frame.update)"))
        }
        self.last = frame.update
        let change = BookChange(
            symbol: symbol, bids: frame.bids, asks: frame.asks, time: time, sequence: frame.update)
        guard isBestOnly else { return .event(.bookChange(change)) }
        best.apply(change)
        return .event(.bestPrices(bestPrices(time)))
    }

    private mutating func snapshot(_ frame: BybitBookFrame, _ time: Int64) -> Outcome {
        last = frame.update
        let book = ExchangeBook(
            symbol: symbol, bids: frame.bids.filter { !$0.amount.isZero },
            asks: frame.asks.filter { !$0.amount.isZero }, time: time, sequence: frame.update)
        guard isBestOnly else { return .event(.book(book)) }
        best = DepthBook(book)
        return .event(.bestPrices(bestPrices(time)))
    }

    private func bestPrices(_ time: Int64) -> ExchangeTicker {
        ExchangeTicker(bestOf: ExchangeBook(symbol: symbol, bids: best.bids, asks: best.asks, time: time))
    }
}
