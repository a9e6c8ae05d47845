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

/// Trading states of a server that does not run.
public enum OfflineTradingState {
    /// Stores a state, to hold from the next start on.
    /// - Parameter keyed: accounts that may be named though no strategy trades for them yet.
    /// - Throws: ``DeskError/unknownStrategy(_:)``, ``DeskError/unknownAccount(_:)``: a state of nobody would hold nobody.
    /// - Parameter reserve: halts that an earlier server kept there come first.
    public static func set(
        _ change: TradingStateChange, in database: any SQLDatabase, keyed: Set<String>, reserve: HaltReserve? = nil,
        now: Timestamp
    ) async throws {
        let kept = reserve?.left ?? []
        try await database.write { transaction in
            try takeUp(kept, TradingStateStore(transaction: transaction))
            if case .account(let name) = change.scope, !keyed.contains(name),
                try !StrategyInstanceStore(transaction: transaction).names(account: name)
            {
                throw DeskError.unknownAccount(name)
            }
            if case .session(let key) = change.scope,
                try StrategyInstanceStore(transaction: transaction).row(key: key) == nil
            {
                throw DeskError.unknownStrategy(key)
            }
            try TradingStateStore(transaction: transaction).put(
                TradingStateEntry(
                    scope: change.scope, state: change.state, reason: change.reason,
                    setBy: TradingStateEntry.operatorName, setAt: now))
        }
        try reserve?.strikeOut(Set(kept.map(\.entry)))
    }

    /// A halt that the database does not take now, for which the next start looks there.
    public static func keep(_ change: TradingStateChange, in reserve: HaltReserve, now: Timestamp) throws {
        try reserve.keep(
            TradingStateEntry(
                scope: change.scope, state: .halted, reason: change.reason, setBy: TradingStateEntry.operatorName,
                setAt: now), isLast: true)
    }

    private static func takeUp(_ kept: [HaltReserve.KeptHalt], _ store: TradingStateStore) throws {
        for halt in kept {
            let known = try store.all().first { $0.scope == halt.entry.scope }
            if !halt.isLast, let known, known.setAt > halt.entry.setAt { continue }
            try store.put(halt.entry)
        }
    }
}
