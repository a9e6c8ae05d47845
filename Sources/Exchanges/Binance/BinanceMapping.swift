import TradingCore

/// Answers in Binance's words made into ours.
enum BinanceMapping {
    /// Names of assets that differ from the common ones.
    static func asset(_ id: String) -> AssetID {
        switch id {
        case "XBT": AssetID("BTC")
        case "BCHSV": AssetID("BSV")
        default: AssetID(id)
        }
    }

    static func symbol(_ value: JSONValue, _ catalog: MarketCatalog) -> Symbol? {
        value.text("symbol").flatMap { catalog.market(id: $0)?.symbol }
    }

    static func side(_ value: JSONValue, _ key: String) throws -> Side? {
        switch value.text(key) {
        case "BUY": return .buy
        case "SELL": return .sell
        case nil: return nil
        case let other?: throw UnreadableAnswer(key, expected: "BUY or SELL", found: other)
        }
    }

    static func levels(_ rows: [JSONValue]) throws -> [PriceLevel] {
        var levels: [PriceLevel] = []
        levels.reserveCapacity(rows.count)
        for row in rows {
            let level = PriceLevel(price: try row.requiredDecimal(0), amount: try row.requiredDecimal(1))
            guard level.price.isPositive, level.amount.isPositive else {
                throw UnreadableAnswer("level", expected: "a price and an amount above zero", found: row.compactText)
            }
            levels.append(level)
        }
        return levels
    }

    /// - Parameter isListed: one of many, whose average is not cut to the market's tick.
    static func ticker(
        _ value: JSONValue, _ catalog: MarketCatalog, isListed: Bool = false
    ) throws -> ExchangeTicker {
        let market = catalog.market(id: try value.requiredText("symbol"))
        var ticker = ExchangeTicker(symbol: market?.symbol, time: try value.integer("closeTime"))
        ticker.high = try value.decimal("highPrice")
        ticker.low = try value.decimal("lowPrice")
        ticker.bid = try value.decimal("bidPrice")
        ticker.bidAmount = try value.decimal("bidQty")
        ticker.ask = try value.decimal("askPrice")
        ticker.askAmount = try value.decimal("askQty")
        ticker.vwap = try value.decimal("weightedAvgPrice")
        ticker.open = try value.decimal("openPrice")
        // `price`: of the list of last prices.
        ticker.last = try value.decimal("lastPrice") ?? value.decimal("price")
        ticker.previousClose = try value.decimal("prevClosePrice")
        ticker.change = try value.decimal("priceChange")
        ticker.percentage = try value.decimal("priceChangePercent")
        ticker.baseVolume = try value.decimal("volume")
        ticker.quoteVolume = try value.decimal("quoteVolume")
        return try ticker.completed(isListed ? nil : market)
    }

    /// `[open time, open, high, low, close, base volume, close time, …]`.
    static func candle(_ row: JSONValue) throws -> ExchangeCandle {
        guard let time = try row.integer(0) else {
            throw UnreadableAnswer("candle", expected: "a time", found: row.compactText)
        }
        return ExchangeCandle(
            time: time, open: try row.decimal(1), high: try row.decimal(2), low: try row.decimal(3),
            close: try row.decimal(4), volume: try row.decimal(5))
    }

    /// An aggregate trade: `{a,p,q,f,l,T,m}`; `m`: the buyer was the maker.
    static func publicTrade(_ value: JSONValue, _ symbol: Symbol) throws -> ExchangeTrade {
        guard let buyerIsMaker = value.bool("m") else {
            throw UnreadableAnswer("m", expected: "true or false", found: value.text("m") ?? "nothing")
        }
        return try ExchangeTrade(
            id: value.text("a"), symbol: symbol, side: buyerIsMaker ? .sell : .buy, price: value.requiredDecimal("p"),
            amount: value.requiredDecimal("q"), time: value.integer("T")
        ).completed()
    }

    static func balances(_ answer: JSONValue) throws -> ExchangeBalances {
        ExchangeBalances(
            try answer.list("balances").map { balance in
                try ExchangeBalance(
                    asset: asset(balance.requiredText("asset")), free: balance.requiredDecimal("free"),
                    used: balance.requiredDecimal("locked"))
            }, time: try answer.integer("updateTime"))
    }

    static func fees(_ value: JSONValue, _ catalog: MarketCatalog) throws -> TradingFees {
        TradingFees(
            symbol: symbol(value, catalog), maker: try value.decimal("makerCommission"),
            taker: try value.decimal("takerCommission"))
    }
}
