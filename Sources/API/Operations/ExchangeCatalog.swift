public import TradingCore

/// What every exchange there is says of itself, whether it is traded on or not.
public struct ExchangeCatalog: Sendable {
    public enum Failure: Error, Hashable, Sendable {
        case unknownExchange
        /// Whoever knows is not there.
        case unavailable(String)
        /// The exchange could not be asked, or its answer not read.
        case failed(String)
    }

    /// The names that the other two take.
    public var names: @Sendable () async throws(Failure) -> [String]
    /// `id`, `name`, `urls`, `countries`, `version`.
    public var details: @Sendable (String) async throws(Failure) -> JSONValue
    /// A list of spot markets: `symbol`, `base`, `quote`, `baseId`, `quoteId`, `active`, `id`, `precision`, `limits`.
    public var markets: @Sendable (String) async throws(Failure) -> JSONValue

    public init(
        names: @escaping @Sendable () async throws(Failure) -> [String],
        details: @escaping @Sendable (String) async throws(Failure) -> JSONValue,
        markets: @escaping @Sendable (String) async throws(Failure) -> JSONValue
    ) {
        self.names = names
        self.details = details
        self.markets = markets
    }

    /// Answers everything with why there is none.
    public static func absent(_ why: String) -> ExchangeCatalog {
        ExchangeCatalog(
            names: { () throws(Failure) in throw .unavailable(why) },
            details: { _ throws(Failure) in throw .unavailable(why) },
            markets: { _ throws(Failure) in throw .unavailable(why) })
    }
}
