import Exchanges
import MarketData
import TradingCore

/// The exchanges whose public streams we speak ourselves.
enum RecordableExchange: String, CaseIterable, Sendable {
    case binance
    case bitfinex
    case bybit
    case gate
    case kucoin
    case mexc
    case okx

    static let names = allCases.map(\.rawValue).joined(separator: ", ")

    /// - Parameter hosts: in place of the exchange's own; what comes after the host stays.
    func dialect(_ hosts: (rest: String?, streams: String?), _ catalog: MarketCatalog) -> any ExchangeDialect {
        var dialect: any ExchangeDialect =
            switch self {
            case .binance: BinanceDialect(catalog: catalog)
            case .bitfinex: BitfinexDialect(catalog: catalog)
            case .bybit: BybitDialect(catalog: catalog)
            case .gate: GateDialect(catalog: catalog)
            case .kucoin: KuCoinDialect(catalog: catalog)
            case .mexc: MEXCDialect(catalog: catalog)
            case .okx: OKXDialect(catalog: catalog)
            }
        if let rest = hosts.rest { dialect.hosts.rest = dialect.hosts.rest.mapValues { Self.moved($0, to: rest) } }
        if let streams = hosts.streams {
            dialect.hosts.streams = dialect.hosts.streams.mapValues { Self.moved($0, to: streams) }
        }
        return dialect
    }

    /// The same path on another host.
    static func moved(_ url: String, to root: String) -> String {
        let path = url.drop { $0 != ":" }.dropFirst(3).drop { $0 != "/" }
        return root + path
    }

    func channels(_ symbol: Symbol) -> [StreamChannel] {
        // Frames are kept as they are, so best prices too; elsewhere the book tells them.
        self == .binance ? [.book(symbol), .trades(symbol), .bestPrices(symbol)] : [.book(symbol), .trades(symbol)]
    }

    func format(_ market: ExchangeMarket, _ tick: FixedDecimal?) throws -> MarketRecorder.Format {
        guard self == .binance else { return .mme(market, tick: tick) }
        guard case .tick(let step) = market.rounding.price,
            let unit = try? BookUnit(price: step, quantity: "0.00000001")
        else { throw BadInput("--instrument \(market.symbol): must have a price step that a book can count in") }
        return .binanceRaw(unit)
    }
}
