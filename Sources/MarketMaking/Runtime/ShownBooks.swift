import Exchanges
import Synchronization
import TradingCore

/// Books as last shown to anybody, for whoever asks before the market changes: without waiting for the executor, which has
/// better things to do. Each is forgotten by the executor that showed it, with the next word of its market.
final class ShownBooks: Sendable {
    struct Market: Hashable, Sendable {
        var exchange: ExchangeID
        /// Of the exchange.
        var network: String
        var symbol: Symbol
    }

    /// Readers ask for few different depths; whoever tries them all starts anew.
    static let depths = 16
    private let views = Mutex<[Market: [Int: OrderBookView]]>([:])

    /// - Parameter limit: levels of each side that were asked for.
    func view(_ market: Market, limit: Int) -> OrderBookView? { views.withLock { $0[market]?[limit] } }

    func show(_ view: OrderBookView, _ market: Market, limit: Int) {
        views.withLock { views in
            if views[market]?.count ?? 0 >= Self.depths { views[market] = nil }
            views[market, default: [:]][limit] = view
        }
    }

    func forget(_ market: Market) { views.withLock { $0[market] = nil } }
}
