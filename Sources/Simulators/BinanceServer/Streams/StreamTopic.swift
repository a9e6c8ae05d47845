/// What a market stream tells, by its name.
enum StreamTopic: Hashable, Sendable {
    case depth(String, DepthCounter.Pace)
    case partialDepth(String, levels: Int, DepthCounter.Pace)
    case bookTicker(String)
    case trade(String)
    case aggregateTrade(String)
    case ticker(String)
    case miniTicker(String)
    case allTickers
    case allMiniTickers
    /// - Parameter hours: of the window, 1, 4 or 24.
    case rollingTicker(String, hours: Int64)
    case candle(String, CandleInterval, offset: Int64)
    case averagePrice(String)
    /// A listen key's account.
    case account(String)

    /// Reads a stream's name, as `btcusdt@depth@100ms`.
    /// - Returns: nil for what names no stream.
    init?(_ name: String) {
        switch name {
        case "!miniTicker@arr":
            self = .allMiniTickers
            return
        case "!ticker@arr":
            self = .allTickers
            return
        default: break
        }
        let parts = name.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
        let symbol = parts[0].uppercased()
        guard parts.count >= 2, !symbol.isEmpty,
            symbol.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) })
        else { return nil }
        if parts[1].hasPrefix("depth") {
            self.init(depth: symbol, parts[1].dropFirst(5), pace: parts.count > 2 ? parts[2] : nil)
            return
        }
        if parts[1].hasPrefix("kline_") {
            guard let interval = CandleInterval(rawValue: String(parts[1].dropFirst(6))) else { return nil }
            guard parts.count > 2 else {
                self = .candle(symbol, interval, offset: 0)
                return
            }
            guard parts[2] == "+08:00" else { return nil }
            self = .candle(symbol, interval, offset: 8 * 3_600)
            return
        }
        guard parts.count == 2 else { return nil }
        switch parts[1] {
        case "bookTicker": self = .bookTicker(symbol)
        case "trade": self = .trade(symbol)
        case "aggTrade": self = .aggregateTrade(symbol)
        case "ticker": self = .ticker(symbol)
        case "miniTicker": self = .miniTicker(symbol)
        case "ticker_1h": self = .rollingTicker(symbol, hours: 1)
        case "ticker_4h": self = .rollingTicker(symbol, hours: 4)
        case "ticker_1d": self = .rollingTicker(symbol, hours: 24)
        case "avgPrice": self = .averagePrice(symbol)
        default: return nil
        }
    }

    private init?(depth symbol: String, _ levels: Substring, pace: String?) {
        let paces: [String?: DepthCounter.Pace] = [nil: .slow, "1000ms": .slow, "100ms": .fast]
        guard let pace = paces[pace] else { return nil }
        switch levels {
        case "": self = .depth(symbol, pace)
        case "5", "10", "20": self = .partialDepth(symbol, levels: Int(levels) ?? 5, pace)
        default: return nil
        }
    }

    /// By what misbehaviour is ordered.
    var faultName: String {
        switch self {
        case .depth: "stream.depth"
        case .partialDepth: "stream.partialDepth"
        case .bookTicker: "stream.bookTicker"
        case .trade: "stream.trade"
        case .aggregateTrade: "stream.aggTrade"
        case .ticker, .allTickers, .rollingTicker: "stream.ticker"
        case .miniTicker, .allMiniTickers: "stream.miniTicker"
        case .candle: "stream.kline"
        case .averagePrice: "stream.avgPrice"
        case .account: "stream.user"
        }
    }
}
