import Exchanges
import TradingCore

/// Turns a CCXT method with its arguments into a call of a connector. CCXT's method names and argument order are here and
/// nowhere else.
struct UnifiedCaller {
    var exchange: ExchangeUnderTest
    var dialect: any ExchangeDialect
    /// Whether orders get a client order id when the case gives none.
    var givesClientOrderIDs: Bool
    private var nextClientOrderID: UInt64 = 1

    init(_ exchange: ExchangeUnderTest, _ dialect: any ExchangeDialect, givesClientOrderIDs: Bool) {
        self.exchange = exchange
        self.dialect = dialect
        self.givesClientOrderIDs = givesClientOrderIDs
    }

    mutating func call(_ method: String, _ given: UnifiedArguments) throws -> PreparedCall {
        var arguments = given
        exchange.translate(method, &arguments)
        _ = arguments.takeSpotType()
        for parameter in arguments.parameters where !exchange.supports(parameter.key) {
            throw ExchangeFailure(.notSupported, exchange: exchange.id, message: "the parameter \(parameter.key)")
        }
        if let call = try publicCall(method, &arguments) { return call }
        if let call = try accountCall(method, &arguments) { return call }
        if let call = try orderCall(method, &arguments) { return call }
        if let call = try historyCall(method, &arguments) { return call }
        if let call = try transferCall(method, &arguments) { return call }
        throw ExchangeFailure(.notSupported, exchange: exchange.id, message: "the method \(method)")
    }

    mutating func clientOrderID() -> String? {
        guard givesClientOrderIDs else { return nil }
        nextClientOrderID += 1
        return ClientOrderID(rawValue: nextClientOrderID).flatMap { dialect.clientOrderID($0) }
    }
}

extension UnifiedArguments {
    /// CCXT's choice of the account's kind; everything here is spot.
    mutating func takeSpotType() -> Bool {
        var isSpot = false
        for name in ["type", "defaultType", "accountType"] where parameter(name)?.text == "spot" {
            _ = take(name)
            isSpot = true
        }
        return isSpot
    }

    func symbols(_ index: Int) throws(ExchangeFailure) -> [Symbol]? {
        guard let elements = self[index]?.elements else { return nil }
        var symbols: [Symbol] = []
        for element in elements { if let symbol = try Self.symbol(element) { symbols.append(symbol) } }
        return symbols
    }

    /// `since`, `limit` from an index on, then what parameters say.
    mutating func history(
        symbol: Symbol? = nil, asset: AssetID? = nil, from index: Int
    ) throws -> HistoryQuery {
        let since = try integer(index)
        let limit = try integer(index + 1)
        let until = try takeInteger("until")
        return HistoryQuery(
            symbol: symbol, asset: asset, since: since, until: until, limit: limit.map { Int(clamping: $0) },
            extra: parameters)
    }
}
