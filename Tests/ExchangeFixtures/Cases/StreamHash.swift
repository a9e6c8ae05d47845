import Exchanges

/// What a watcher of CCXT waits for, told by its message hash.
struct StreamHash {
    enum Kind {
        case book, trades, bestPrices, ticker, candles, orders, fills, balances
        /// Of an account that is not the spot one.
        case foreign
    }

    var kind: Kind
    var interval: CandleInterval?

    init?(_ text: String) {
        let word = text.lowercased()
        if word.contains("mytrades") {
            kind = .fills
        } else if word.contains("margin") {
            kind = .foreign
        } else if word.contains("balance") || word == "account" {
            kind = .balances
        } else if word.hasPrefix("order") && !word.hasPrefix("orderbook") {
            kind = .orders
        } else if word.contains("book") && !word.contains("bookticker") {
            kind = .book
        } else if word.hasPrefix("trade") {
            kind = .trades
        } else if word.hasPrefix("bid") {
            kind = .bestPrices
        } else if word.hasPrefix("ticker") {
            kind = .ticker
        } else if word.contains("candle") || word.contains("ohlcv") || word.contains("kline") {
            kind = .candles
            interval = Self.interval(in: text)
        } else {
            return nil
        }
    }

    /// `candles:1m:tBTCUST`, `candle1m:BTC-USDT`, `multi:candle1m:BTC/USDT`.
    private static func interval(in text: String) -> CandleInterval? {
        for part in text.split(separator: ":") {
            let name = part.hasPrefix("candle") && part != "candles" ? part.dropFirst(6) : part
            if let interval = CandleInterval(rawValue: String(name)) { return interval }
        }
        return nil
    }
}
