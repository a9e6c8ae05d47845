public import TradingCore

/// Instruments of Binance Spot whose rules are checked in, so that a recording can be replayed without asking anyone.
///
/// Source: `GET /api/v3/exchangeInfo` of 2026 for BTC/USDT and ETH/USDT; NEXO/USDT as it was traded in July 2024. The
/// quantity unit is 10⁻⁸ everywhere: the depth stream shows old levels off today's lot size.
public enum BinanceInstruments {
    public static let exchange = ExchangeID(rawValue: "binance")

    public static let symbols = ["BTC/USDT", "ETH/USDT", "NEXO/USDT"]

    /// - Returns: nil for an instrument that is not in the table.
    public static func instrument(_ symbol: Symbol) -> Instrument? {
        switch symbol.description {
        case "BTC/USDT": make(symbol, tick: "0.01", lot: "0.00001", maximumPrice: "1000000", market: "162.41903995")
        case "ETH/USDT": make(symbol, tick: "0.01", lot: "0.0001", maximumPrice: "1000000", market: "3027.33723125")
        case "NEXO/USDT": make(symbol, tick: "0.001", lot: "0.01", maximumPrice: "1000", market: "100000")
        default: nil
        }
    }

    private static func make(
        _ symbol: Symbol, tick: FixedDecimal, lot: FixedDecimal, maximumPrice: FixedDecimal, market: FixedDecimal
    ) -> Instrument? {
        guard let unit = try? BookUnit(price: tick, quantity: "0.00000001") else { return nil }
        return Instrument(
            id: InstrumentID(exchange: exchange, symbol: symbol), unit: unit,
            rules: TradingRules(
                priceRounding: .tick(tick), lotSize: lot, minimumPrice: tick, maximumPrice: maximumPrice,
                minimumQuantity: lot, maximumQuantity: symbol.base.rawValue == "NEXO" ? "900000" : "9000",
                maximumMarketQuantity: market, minimumNotional: "5", maximumNotional: "9000000",
                priceBand: PriceBand(bidDown: "0.5", bidUp: "2", askDown: "0.5", askUp: "2"), maximumOpenOrders: 200))
    }

    /// As the exchange writes a symbol: `BTCUSDT`.
    public static func name(of symbol: Symbol) -> String { symbol.base.rawValue + symbol.quote.rawValue }
}
