import TradingCore

/// `executionReport` of the user data stream.
extension BinanceMapping {
    static func order(report: JSONValue, _ catalog: MarketCatalog) throws -> ExchangeOrder {
        // A cancel's report has its own id in `c` and the order's in `C`.
        let time = try report.integer("T")
        var order = ExchangeOrder(
            id: try report.requiredText("i"), clientOrderID: report.text("C") ?? report.text("c"),
            symbol: report.text("s").flatMap { catalog.market(id: $0)?.symbol }, side: try side(report, "S"),
            type: report.text("o").map { kind($0) },
            timeInForce: report.text("f").flatMap { TimeInForceTold(rawValue: $0) },
            isPostOnly: report.text("o").map { $0 == "LIMIT_MAKER" }, price: try report.decimal("p"),
            triggerPrice: Derived.nonZero(try report.decimal("P")), amount: try report.decimal("q"),
            filled: try report.decimal("z"), cost: try report.decimal("Z"), status: state(try report.requiredText("X")),
            createdAt: try report.integer("O") ?? time, updatedAt: time)
        if report.text("x") == "TRADE" { order.lastTradeAt = time }
        if let reason = report.text("r"), reason != "NONE" { order.reason = reason }
        if order.reason == nil { order.reason = report.text("eR") }
        return try order.completed()
    }

    /// The execution that a report of type `TRADE` tells.
    static func fill(report: JSONValue, _ order: ExchangeOrder) throws -> ExchangeTrade {
        try ExchangeTrade(
            id: try report.requiredText("t"), orderID: order.id, clientOrderID: order.clientOrderID,
            symbol: order.symbol, side: order.side, price: try report.requiredDecimal("L"),
            amount: try report.requiredDecimal("l"), cost: try report.decimal("Y"),
            liquidity: report.bool("m").map { $0 ? .maker : .taker }, type: order.type,
            fees: try fee(report, "n", "N"), time: try report.integer("T")
        ).completed()
    }
}
