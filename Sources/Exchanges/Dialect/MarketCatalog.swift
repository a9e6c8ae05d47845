public import TradingCore

/// The markets and currencies of one exchange, found by either name.
public struct MarketCatalog: Sendable {
    /// In the exchange's order.
    public let markets: [ExchangeMarket]
    public let currencies: [ExchangeCurrency]
    private let byID: [String: Int]
    private let bySymbol: [Symbol: Int]
    private let currencyByID: [String: Int]
    private let currencyByAsset: [AssetID: Int]

    public static let empty = MarketCatalog(markets: [], currencies: [])

    /// Of two with the same name the first counts.
    public init(markets: [ExchangeMarket], currencies: [ExchangeCurrency]) {
        self.markets = markets
        self.currencies = currencies
        byID = MarketCatalog.index(markets, by: \.id)
        bySymbol = MarketCatalog.index(markets, by: \.symbol)
        currencyByID = MarketCatalog.index(currencies, by: \.id)
        currencyByAsset = MarketCatalog.index(currencies, by: \.asset)
    }

    private static func index<Element, Key: Hashable>(_ list: [Element], by key: (Element) -> Key) -> [Key: Int] {
        Dictionary(list.enumerated().map { (key($0.element), $0.offset) }, uniquingKeysWith: { first, _ in first })
    }

    public func market(id: String) -> ExchangeMarket? { byID[id].map { markets[$0] } }
    /// The symbol alone, for every frame of a stream: a whole market is much to copy.
    public func symbol(id: String) -> Symbol? { byID[id].map { markets[$0].symbol } }
    public func market(_ symbol: Symbol) -> ExchangeMarket? { bySymbol[symbol].map { markets[$0] } }
    public func currency(id: String) -> ExchangeCurrency? { currencyByID[id].map { currencies[$0] } }
    public func currency(_ asset: AssetID) -> ExchangeCurrency? { currencyByAsset[asset].map { currencies[$0] } }

    /// - Throws: `badSymbol`.
    public func required(_ symbol: Symbol?) throws(ExchangeFailure) -> ExchangeMarket {
        guard let symbol else { throw ExchangeFailure(.argumentsRequired, message: "a symbol is required") }
        guard let market = market(symbol) else {
            throw ExchangeFailure(.badSymbol, message: "no market \(symbol)")
        }
        return market
    }
}
