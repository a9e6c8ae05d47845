import Execution
import TradingCore

/// All of the exchange that decides what comes next; orders, fills and candles are stored apart.
struct SpotState: Codable, Sendable {
    struct Market: Codable, Sendable {
        var matching: MatchingEngineState
        var feed: PaperMarketFeed.Position
        var filters: SpotFilters
        var status: SymbolStatus
        var nextTradeID: Int64
        var nextAggregateID: Int64
        /// The newest prevented self-trades; nil in what earlier versions stored.
        var prevented: [PreventedMatch]?
    }

    var now: Timestamp
    var balances: PaperBalancesState
    /// By name.
    var markets: [String: Market]
    var nextOrderID: Int64
    var nextEvent: Int64
}
