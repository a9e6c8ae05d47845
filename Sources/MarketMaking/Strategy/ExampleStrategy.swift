import Execution
public import Persistence
public import TradingCore

/// The strategy that a first start quotes with, on the paper exchange: a few basis points around the mid, leaning against
/// inventory.
public enum ExampleStrategy {
    public static let key = StrategyKey(userID: "example", clientID: "example", type: .pureMarketMaking)

    /// The request's body.
    public static func parameters(_ symbol: Symbol) -> String {
        """
        {"userId":"example","clientId":"example","pair":"\(symbol)","exchangeName":"paper","bidSpread":0.0001,\
        "askSpread":0.0001,"orderAmount":0.01,"orderRefreshTime":1000,"numberOfLayers":2,\
        "priceSourceType":"mid_price","amountChangePerLayer":0,"amountChangeType":"fixed",\
        "refreshTolerance":0.00002,"requoteMove":0.00005,"maximumPosition":0.5}
        """
    }

    /// Stores it, to run from the next start on, in a database that has no strategy yet.
    ///
    /// Not an asynchronous function: Swift 6.3 loses its way in one that takes two `Int128` beside other arguments
    /// (`docs/decisions/int128-and-async.md`).
    /// - Returns: a transaction's body, which returns false when there is a strategy.
    public static func seeding(
        _ symbol: Symbol, base: FixedDecimal, quote: FixedDecimal, now: Timestamp
    ) -> @Sendable (any SQLTransaction) throws -> Bool {
        { transaction in
            let store = StrategyInstanceStore(transaction: transaction)
            guard try store.count() == 0 else { return false }
            let place = TradingPlace(exchange: ExchangeID(rawValue: "paper"), account: "default", symbol: symbol)
            let row = try store.insert(key, place, startPrice: nil, parameters: parameters(symbol), now: now)
            let books = SessionBooks(
                instanceID: row.instance.id, run: row.run, base: base, quote: quote, account: .init(), bestProfit: nil)
            try SessionBooksStore(transaction: transaction).put(books, now: now)
            return true
        }
    }
}
