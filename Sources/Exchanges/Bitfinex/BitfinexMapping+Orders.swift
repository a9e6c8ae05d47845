import TradingCore

extension BitfinexMapping {
    /// An order array: 0 id, 1 group, 2 our id, 3 symbol, 4 created, 5 updated, 6 remaining, 7 original, 8 type, 12 flags,
    /// 13 status, 16 price, 17 average, 18 trailing distance, 19 limit price of a stop. Amounts are negative for sells.
    static func order(_ row: JSONValue, _ catalog: MarketCatalog) throws(UnreadableAnswer) -> ExchangeOrder {
        guard row.elements?.count ?? 0 > 17, let id = row.text(0) else {
            throw UnreadableAnswer("order", expected: "an order of at least 18 fields", found: row.compactText)
        }
        let original = try row.requiredDecimal(7)
        let remaining = try row.decimal(6)
        let type = row.text(8) ?? ""
        let flags = try row.integer(12) ?? 0
        let status = row.text(13) ?? ""
        var order = ExchangeOrder(
            id: id, clientOrderID: row.text(2), symbol: row.text(3).flatMap { catalog.market(id: $0)?.symbol },
            side: original.isNegative ? .sell : .buy, type: kind(type), timeInForce: timeInForce(type),
            isPostOnly: flags & postOnlyFlag != 0, price: try row.decimal(16), amount: try magnitude(original),
            average: try row.decimal(17), status: state(status), createdAt: try row.integer(4),
            updatedAt: try row.integer(5))
        order.groupID = row.text(1)
        if let remaining { order.remaining = try magnitude(remaining) }
        if order.isPostOnly == true { order.timeInForce = .postOnly }
        if type.hasSuffix("STOP") || type.hasSuffix("STOP LIMIT") {
            order.triggerPrice = order.price
            order.price = type.hasSuffix("LIMIT") ? try row.decimal(19) : nil
        }
        if order.status == .cancelled || order.status == .rejected { order.reason = status }
        return try order.completed()
    }

    static let postOnlyFlag: Int64 = 4096

    /// `EXCHANGE LIMIT` is spot, `LIMIT` margin.
    static func kind(_ type: String) -> OrderKind? {
        let plain = type.hasPrefix("EXCHANGE ") ? String(type.dropFirst("EXCHANGE ".count)) : type
        switch plain {
        case "": return nil
        case "LIMIT", "IOC", "FOK", "STOP LIMIT": return .limit
        case "MARKET", "STOP": return .market
        default: return .other(plain.lowercased())
        }
    }

    private static func timeInForce(_ type: String) -> TimeInForceTold? {
        if type.hasSuffix("IOC") { return .immediateOrCancel }
        if type.hasSuffix("FOK") { return .fillOrKill }
        return type.hasSuffix("LIMIT") ? .goodTillCancelled : nil
    }

    /// What a status text begins with: what follows (`@ price(amount)`, `was: …`) tells of fills, which the amounts do too.
    static func state(_ status: String) -> OrderState? {
        if status.isEmpty { return nil }
        if let known = states.first(where: { status.hasPrefix($0.prefix) }) { return known.state }
        return status.contains("CANCELED") ? .cancelled : .other(status)
    }

    private static let states: [(prefix: String, state: OrderState)] = [
        ("ACTIVE", .open), ("PARTIALLY FILLED", .open), ("EXECUTED", .closed), ("FORCED EXECUTED", .closed),
        ("CANCELED", .cancelled), ("IOC CANCELED", .cancelled), ("FILLORKILL CANCELED", .cancelled),
        ("POSTONLY CANCELED", .cancelled), ("INSUFFICIENT MARGIN", .cancelled), ("INSUFFICIENT BALANCE", .cancelled),
        ("RSN_DUST", .rejected), ("RSN_PAUSE", .rejected),
    ]

    /// A trade of ours: `[id, symbol, time, order, ±amount, price, type, order price, maker, fee, fee currency, our id]`. The
    /// fee is negative where something was paid, and missing in the first word of a stream.
    static func ownTrade(_ row: JSONValue, _ catalog: MarketCatalog) throws(UnreadableAnswer) -> ExchangeTrade {
        guard row.elements?.count ?? 0 > 8, let id = row.text(0) else {
            throw UnreadableAnswer("trade", expected: "a trade of at least nine fields", found: row.compactText)
        }
        let amount = try row.requiredDecimal(4)
        var fees: [ExchangeFee] = []
        if let fee = try row.decimal(9) {
            do {
                fees = [ExchangeFee(cost: try fee.negated(), asset: row.text(10).map(BitfinexDialect.asset))]
            } catch {
                throw UnreadableAnswer("fee", expected: "a fee in range", found: "\(fee)")
            }
        }
        let maker = row.text(8)
        return try ExchangeTrade(
            id: id, orderID: row.text(3), clientOrderID: row.text(11),
            symbol: row.text(1).flatMap { catalog.market(id: $0)?.symbol }, side: amount.isNegative ? .sell : .buy,
            price: row.requiredDecimal(5), amount: magnitude(amount),
            liquidity: maker == "1" ? .maker : (maker == "-1" ? .taker : nil), type: kind(row.text(6) ?? ""),
            fees: fees, time: row.integer(2)
        ).completed()
    }

    /// A wallet: `[type, currency, total, unsettled, available, …]`; nil for those of margin and funding.
    static func balance(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeBalance? {
        guard let type = row.text(0), let currency = row.text(1) else {
            throw UnreadableAnswer("wallet", expected: "a type and a currency", found: row.compactText)
        }
        guard type == "exchange" else { return nil }
        return try ExchangeBalance(
            asset: BitfinexDialect.asset(currency), free: try row.decimal(4), total: try row.requiredDecimal(2))
    }
}
