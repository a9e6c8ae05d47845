import Exchanges
import TradingCore

extension UnifiedCaller {
    func publicCall(_ method: String, _ arguments: inout UnifiedArguments) throws -> PreparedCall? {
        switch method {
        case "fetchTime": return PreparedCall(try dialect.serverTime()) { .number(String($0)) }
        case "fetchStatus": return PreparedCall(try dialect.status()) { $0.unified }
        case "fetchMarkets":
            return PreparedCall(try dialect.markets()) { .array($0.map(\.unified)) }
        case "fetchCurrencies":
            return PreparedCall(try dialect.currencies()) { currencies in
                .object(currencies.map { JSONValue.Member(key: $0.asset.rawValue, value: $0.unified) })
            }
        case "fetchTicker":
            return PreparedCall(try dialect.ticker(arguments.requiredSymbol(0), arguments.parameters)) { $0.unified }
        case "fetchTickers":
            let symbols = try arguments.symbols(0)
            return PreparedCall(try dialect.tickers(symbols, arguments.parameters)) { Self.bySymbol($0, symbols) }
        case "fetchBidsAsks":
            let symbols = try arguments.symbols(0)
            return PreparedCall(try dialect.bestPrices(symbols, arguments.parameters)) { Self.bySymbol($0, symbols) }
        case "fetchLastPrices":
            let symbols = try arguments.symbols(0)
            return PreparedCall(try dialect.lastPrices(symbols, arguments.parameters)) {
                Self.pricesBySymbol($0, symbols)
            }
        case "fetchOrderBook":
            let limit = try arguments.integer(1).map { Int(clamping: $0) }
            return PreparedCall(
                try dialect.book(arguments.requiredSymbol(0), limit: limit, arguments.parameters)
            ) { $0.unified }
        case "fetchOHLCV": return try candles(&arguments)
        case "fetchTrades":
            let query = try arguments.history(symbol: arguments.requiredSymbol(0), from: 1)
            return PreparedCall(try dialect.trades(query)) { UnifiedList.trades($0, query) }
        default: return nil
        }
    }

    private func candles(_ arguments: inout UnifiedArguments) throws -> PreparedCall {
        let symbol = try arguments.requiredSymbol(0)
        let name = arguments.text(1) ?? "1m"
        guard let interval = CandleInterval(rawValue: name) else {
            throw ExchangeFailure(.notSupported, exchange: exchange.id, message: "candles of \(name)")
        }
        let query = try arguments.history(symbol: symbol, from: 2)
        return PreparedCall(try dialect.candles(query, interval)) { UnifiedList.candles($0, query) }
    }

    private static func bySymbol(_ tickers: [ExchangeTicker], _ symbols: [Symbol]?) -> JSONValue {
        .object(
            tickers.compactMap { ticker in
                guard let symbol = ticker.symbol, symbols?.contains(symbol) ?? true else { return nil }
                return JSONValue.Member(key: symbol.description, value: ticker.unified)
            })
    }

    private static func pricesBySymbol(_ tickers: [ExchangeTicker], _ symbols: [Symbol]?) -> JSONValue {
        .object(
            tickers.compactMap { ticker in
                guard let symbol = ticker.symbol, symbols?.contains(symbol) ?? true else { return nil }
                return JSONValue.Member(
                    key: symbol.description,
                    value: .object([
                        .text("symbol", symbol.description), .integer("timestamp", ticker.time),
                        .decimal("price", ticker.last),
                    ]))
            })
    }
}
