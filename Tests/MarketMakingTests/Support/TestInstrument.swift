import Exchanges
import TradingCore

enum TestInstrument {
    /// BTC/USDT by Binance's rules, traded on the test exchange.
    static let btc: Instrument = {
        guard let symbol = Symbol("BTC/USDT"), let binance = BinanceInstruments.instrument(symbol) else {
            preconditionFailure("BTC/USDT is checked in")
        }
        return Instrument(
            id: InstrumentID(exchange: ExchangeID(rawValue: "paper"), symbol: symbol), unit: binance.unit,
            rules: binance.rules)
    }()

    static func body(
        _ user: String = "u1", _ client: String = "c1", amount: String = "0.01", more: String = ""
    )
        -> String
    {
        """
        {"userId":"\(user)","clientId":"\(client)","pair":"BTC/USDT","exchangeName":"paper","bidSpread":0.001,\
        "askSpread":0.001,"orderAmount":\(amount),"orderRefreshTime":1000,"numberOfLayers":2,\
        "priceSourceType":"mid_price","amountChangePerLayer":0,"amountChangeType":"fixed"\(more)}
        """
    }
}
