/// Every connector that the fixtures can be run against: one line each, what is particular to it in `Exchanges/`.
public enum ExchangeDialects {
    public static let all: [ExchangeUnderTest] = [
        .binance, .bitfinex, .bybit, .gate, .kucoin, .mexc, .okx,
    ]

    public static func named(_ id: String) -> ExchangeUnderTest? { all.first { $0.id == id } }
}
