import Exchanges
public import TradingCore

/// What the profiles count in: the instruments that they are like, with Binance's rules.
extension GeneratedMarket {
    /// BTC/USDT, for ``MarketGeneratorConfiguration/liquid``.
    public static let instrument = binance("BTC/USDT")
    /// NEXO/USDT, for ``MarketGeneratorConfiguration/thin``.
    public static let thinInstrument = binance("NEXO/USDT")

    private static func binance(_ name: String) -> Instrument {
        guard let symbol = Symbol(name), let instrument = BinanceInstruments.instrument(symbol) else {
            preconditionFailure("\(name) is among the checked-in instruments")
        }
        return instrument
    }
}
