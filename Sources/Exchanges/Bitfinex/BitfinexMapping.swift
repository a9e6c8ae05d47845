import TradingCore

/// The exchange's positional arrays as our types.
///
/// Source: docs.bitfinex.com, the table of fields on each call's page.
enum BitfinexMapping {
    static let intervals: [CandleInterval: String] = [
        .oneMinute: "1m", .fiveMinutes: "5m", .fifteenMinutes: "15m", .thirtyMinutes: "30m", .oneHour: "1h",
        .threeHours: "3h", .sixHours: "6h", .twelveHours: "12h", .oneDay: "1D", .oneWeek: "7D", .twoWeeks: "14D",
        .oneMonth: "1M",
    ]

    static func interval(_ name: some StringProtocol) -> CandleInterval? {
        intervals.first { $0.value == name }?.key
    }

    /// `[bid, bidSize, ask, askSize, change, changeRelative, last, volume, high, low]`. The sizes are sums over the best 25
    /// levels, not what rests at the best price, and are left out.
    static func ticker(
        _ row: JSONValue, from first: Int, _ market: ExchangeMarket, time: Int64? = nil
    ) throws(UnreadableAnswer) -> ExchangeTicker {
        guard let count = row.elements?.count, count >= first + 10 else {
            throw UnreadableAnswer("ticker", expected: "ten figures", found: row.compactText)
        }
        var ticker = ExchangeTicker(symbol: market.symbol, time: time)
        ticker.bid = try row.decimal(first)
        ticker.ask = try row.decimal(first + 2)
        ticker.change = try row.decimal(first + 4)
        if let relative = try row.decimal(first + 5) {
            ticker.percentage = try Derived.product(relative, "100", "percentage")
        }
        ticker.last = try row.decimal(first + 6)
        ticker.baseVolume = try row.decimal(first + 7)
        ticker.high = try row.decimal(first + 8)
        ticker.low = try row.decimal(first + 9)
        return try ticker.completed(market)
    }

    /// `[time, open, close, high, low, volume]`.
    static func candle(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeCandle {
        guard let time = try row.integer(0) else {
            throw UnreadableAnswer("candle", expected: "a time", found: row.compactText)
        }
        return ExchangeCandle(
            time: time, open: try row.decimal(1), high: try row.decimal(3), low: try row.decimal(4),
            close: try row.decimal(2), volume: try row.decimal(5))
    }

    /// A trade of the market: `[id, time, ±amount, price]`, positive where the taker bought.
    static func trade(_ row: JSONValue, _ symbol: Symbol) throws(UnreadableAnswer) -> ExchangeTrade {
        let amount = try row.requiredDecimal(2)
        return try ExchangeTrade(
            id: row.text(0), symbol: symbol, side: amount.isNegative ? .sell : .buy,
            price: row.requiredDecimal(3), amount: magnitude(amount), time: row.integer(1)
        ).completed()
    }

    static func magnitude(_ value: FixedDecimal) throws(UnreadableAnswer) -> FixedDecimal {
        do { return try value.magnitude() } catch {
            throw UnreadableAnswer("amount", expected: "an amount in range", found: "\(value)")
        }
    }

    /// Orders of one price are one level.
    static func book(
        _ answer: JSONValue, isOrders: Bool, _ symbol: Symbol, limit: Int?
    ) throws(UnreadableAnswer) -> ExchangeBook {
        var book = BitfinexBook(isOrders: isOrders)
        for row in try answer.list() {
            guard row.elements?.count ?? 0 >= 3, let number = try row.integer(isOrders ? 0 : 1) else {
                throw UnreadableAnswer("book", expected: "three numbers", found: row.compactText)
            }
            try book.place(
                BitfinexBook.Row(
                    number: number, price: try row.requiredDecimal(isOrders ? 1 : 0),
                    amount: try row.requiredDecimal(2)))
        }
        var whole = try book.whole(symbol)
        if let limit, limit >= 0 {
            whole.bids = Array(whole.bids.prefix(limit))
            whole.asks = Array(whole.asks.prefix(limit))
        }
        return whole
    }
}
