public import TradingCore

/// Reads what ccxt calls unified, as the sidecar tells it, into our types. What is there and wrong throws.
public enum UnifiedReading {
    public static func order(_ value: JSONValue) throws(UnreadableAnswer) -> ExchangeOrder {
        var order = ExchangeOrder(
            id: value.text("id"), clientOrderID: value.text("clientOrderId"), symbol: symbol(value),
            side: side(value), type: kind(value),
            timeInForce: value.text("timeInForce").flatMap { TimeInForceTold(rawValue: $0) },
            isPostOnly: value.bool("postOnly"), price: try value.decimal("price"),
            triggerPrice: try value.decimal("triggerPrice"))
        order.amount = try value.decimal("amount")
        order.filled = try value.decimal("filled")
        order.remaining = try value.decimal("remaining")
        order.cost = try value.decimal("cost")
        order.average = try value.decimal("average")
        order.status = value.text("status").map(state)
        order.fees = try fees(value)
        for trade in value["trades"]?.elements ?? [] { order.trades.append(try self.trade(trade)) }
        order.createdAt = try value.integer("timestamp")
        order.updatedAt = try value.integer("lastUpdateTimestamp")
        order.lastTradeAt = try value.integer("lastTradeTimestamp")
        return order
    }

    public static func trade(_ value: JSONValue) throws(UnreadableAnswer) -> ExchangeTrade {
        var trade = ExchangeTrade(
            id: value.text("id"), orderID: value.text("order"), symbol: symbol(value), side: side(value),
            price: try value.decimal("price"), amount: try value.decimal("amount"), cost: try value.decimal("cost"))
        trade.liquidity = value.text("takerOrMaker").flatMap { $0 == "maker" ? .maker : $0 == "taker" ? .taker : nil }
        trade.type = kind(value)
        trade.fees = try fees(value)
        trade.time = try value.integer("timestamp")
        return trade
    }

    /// As ccxt has it: an object for each asset, and the maps `free`, `used`, `total` beside them.
    public static func balances(unified value: JSONValue) throws(UnreadableAnswer) -> ExchangeBalances {
        let maps: Set<String> = ["free", "used", "total", "debt", "timestamp", "datetime", "info"]
        let assets = (value.members ?? []).filter { !maps.contains($0.key) }
        return ExchangeBalances(try balances(assets), time: try value.integer("timestamp"))
    }

    /// As the sidecar's `balance` tells it.
    public static func balances(_ value: JSONValue) throws(UnreadableAnswer) -> ExchangeBalances {
        ExchangeBalances(try balances(value["balances"]?.members ?? []), time: try value.integer("timestamp"))
    }

    private static func balances(_ members: [JSONValue.Member]) throws(UnreadableAnswer) -> [ExchangeBalance] {
        var balances: [ExchangeBalance] = []
        for member in members {
            balances.append(
                try ExchangeBalance(
                    asset: AssetID(member.key), free: try member.value.decimal("free"),
                    used: try member.value.decimal("used"), total: try member.value.decimal("total")))
        }
        return balances
    }

    public static func book(_ value: JSONValue, _ symbol: Symbol) throws(UnreadableAnswer) -> ExchangeBook {
        ExchangeBook(
            symbol: symbol, bids: try levels(value, "bids"), asks: try levels(value, "asks"),
            time: try value.integer("timestamp"), sequence: try value.integer("nonce"))
    }

    private static func levels(_ value: JSONValue, _ side: String) throws(UnreadableAnswer) -> [PriceLevel] {
        var levels: [PriceLevel] = []
        for row in try value.list(side) {
            levels.append(PriceLevel(price: try row.requiredDecimal(0), amount: try row.requiredDecimal(1)))
        }
        return levels
    }

    public static func ticker(_ value: JSONValue) throws(UnreadableAnswer) -> ExchangeTicker {
        var ticker = ExchangeTicker(symbol: symbol(value), time: try value.integer("timestamp"))
        ticker.high = try value.decimal("high")
        ticker.low = try value.decimal("low")
        ticker.bid = try value.decimal("bid")
        ticker.bidAmount = try value.decimal("bidVolume")
        ticker.ask = try value.decimal("ask")
        ticker.askAmount = try value.decimal("askVolume")
        ticker.vwap = try value.decimal("vwap")
        ticker.open = try value.decimal("open")
        ticker.last = try value.decimal("last")
        ticker.previousClose = try value.decimal("previousClose")
        ticker.change = try value.decimal("change")
        ticker.percentage = try value.decimal("percentage")
        ticker.average = try value.decimal("average")
        ticker.baseVolume = try value.decimal("baseVolume")
        ticker.quoteVolume = try value.decimal("quoteVolume")
        return ticker
    }

    // MARK: - Parts

    private static func symbol(_ value: JSONValue) -> Symbol? { value.text("symbol").flatMap { Symbol($0) } }

    private static func side(_ value: JSONValue) -> Side? {
        switch value.text("side") {
        case "buy": .buy
        case "sell": .sell
        default: nil
        }
    }

    private static func kind(_ value: JSONValue) -> OrderKind? {
        switch value.text("type") {
        case "limit": .limit
        case "market": .market
        case let word?: .other(word)
        case nil: nil
        }
    }

    private static func state(_ word: String) -> OrderState {
        switch word {
        case "open": .open
        case "closed": .closed
        case "canceled": .cancelled
        case "canceling": .cancelling
        case "expired": .expired
        case "expiring": .expiring
        case "rejected": .rejected
        default: .other(word)
        }
    }

    /// `fees` holds them all; where it is empty, `fee` may hold one. A fee without an amount is none.
    private static func fees(_ value: JSONValue) throws(UnreadableAnswer) -> [ExchangeFee] {
        var rows = value["fees"]?.elements ?? []
        if rows.isEmpty, let fee = value["fee"], !fee.isNull { rows = [fee] }
        var fees: [ExchangeFee] = []
        for row in rows {
            guard let cost = try row.decimal("cost") else { continue }
            fees.append(ExchangeFee(cost: cost, asset: row.text("currency").map { AssetID($0) }))
        }
        return fees
    }
}
