import TradingCore

extension GateDialect {
    /// An order as REST and `spot.orders` tell it; conditional ones carry what they will place in `put`.
    func order(_ row: JSONValue) throws -> ExchangeOrder {
        if row["put"] != nil { return try conditionalOrder(row) }
        let timeInForce = GateDialect.timeInForce(row.text("time_in_force"))
        var order = ExchangeOrder(
            id: try row.requiredText("id"), clientOrderID: row.text("text"), symbol: symbol(row.text("currency_pair")),
            side: GateDialect.side(row.text("side")), type: GateDialect.kind(row.text("type")),
            timeInForce: timeInForce, isPostOnly: timeInForce.map { $0 == .postOnly },
            price: try row.decimal("price"), amount: try row.decimal("amount"), remaining: try row.decimal("left"),
            cost: try row.decimal("filled_total"), average: Derived.nonZero(try row.decimal("avg_deal_price")),
            status: GateDialect.state(finish: row.text("finish_as"), status: row.text("status")),
            fees: try orderFees(row))
        order.createdAt = try GateDialect.time(row, "create_time")
        order.updatedAt = try GateDialect.time(row, "update_time")
        if order.type == .market, order.side == .buy { try GateDialect.makeBase(of: &order, row) }
        return try order.completed()
    }

    private static func time(_ row: JSONValue, _ key: String) throws -> Int64? {
        try row.integer(key + "_ms") ?? milliseconds(seconds: row[key], key)
    }

    /// A market buy tells amount and rest in quote.
    private static func makeBase(of order: inout ExchangeOrder, _ row: JSONValue) throws {
        let (quoteAmount, quoteLeft) = (order.amount, order.remaining)
        (order.amount, order.remaining, order.price) = (nil, nil, nil)
        order.filled = try row.decimal("filled_amount")
        guard let average = order.average else {
            if order.filled == nil { order.filled = .zero }
            return
        }
        if let quoteAmount { order.amount = try Derived.quotient(quoteAmount, average, "amount") }
        if let quoteLeft { order.remaining = try Derived.quotient(quoteLeft, average, "left") }
    }

    private func orderFees(_ row: JSONValue) throws -> [ExchangeFee] {
        var fees: [ExchangeFee] = []
        if let fee = try row.decimal("gt_fee") { fees.append(ExchangeFee(cost: fee, asset: AssetID("GT"))) }
        if let fee = try row.decimal("fee") {
            fees.append(ExchangeFee(cost: fee, asset: row.text("fee_currency").map { asset($0) }))
        }
        if let rebate = try row.decimal("rebated_fee") {
            fees.append(
                ExchangeFee(
                    cost: try Derived.difference(.zero, rebate, "rebated_fee"),
                    asset: row.text("rebated_fee_currency").map { asset($0) }))
        }
        return fees
    }

    private func conditionalOrder(_ row: JSONValue) throws -> ExchangeOrder {
        guard let put = row["put"] else { throw UnreadableAnswer("put", expected: "an order", found: "nothing") }
        let timeInForce = GateDialect.timeInForce(put.text("time_in_force"))
        let order = ExchangeOrder(
            id: try row.requiredText("id"), clientOrderID: put.text("text"), symbol: symbol(row.text("market")),
            side: GateDialect.side(put.text("side")), type: GateDialect.kind(put.text("type")),
            timeInForce: timeInForce, isPostOnly: timeInForce.map { $0 == .postOnly },
            price: try put.decimal("price"), triggerPrice: try row["trigger"]?.decimal("price"),
            amount: try put.decimal("amount"),
            // What it placed is an order of its own, with fills of its own.
            filled: .zero, status: GateDialect.state(finish: nil, status: row.text("status")),
            createdAt: try GateDialect.milliseconds(seconds: row["ctime"], "ctime"),
            reason: row.text("reason"))
        return try order.completed()
    }
}
