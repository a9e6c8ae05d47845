import TradingCore

extension GateDialect {
    /// A trade of the market, or one of ours, which says its order and fees.
    func trade(_ row: JSONValue) throws -> ExchangeTrade {
        let milliseconds = try row.integer("create_time_ms")
        let time = try milliseconds ?? GateDialect.milliseconds(seconds: row["create_time"], "create_time")
        var trade = ExchangeTrade(
            id: try row.requiredText("id"), orderID: row.text("order_id"), symbol: symbol(row.text("currency_pair")),
            side: GateDialect.side(row.text("side")), price: try row.requiredDecimal("price"),
            amount: try row.requiredDecimal("amount"), fees: try fees(of: row), time: time)
        switch row.text("role") {
        case "maker": trade.liquidity = .maker
        case "taker": trade.liquidity = .taker
        default: break
        }
        // Of our own alone, and only what begins with `t-` was given by a client.
        if let text = row.text("text"), text.hasPrefix("t-") { trade.clientOrderID = text }
        return try trade.completed()
    }

    /// Paid in what was bought, or in GT or points, which Gate tells apart.
    private func fees(of row: JSONValue) throws -> [ExchangeFee] {
        var fees: [ExchangeFee] = []
        if let fee = try row.decimal("fee") {
            // The stream does not say in what: a fee is kept back from what is received.
            let received = GateDialect.side(row.text("side")).flatMap { side in
                symbol(row.text("currency_pair")).map { side == .buy ? $0.base : $0.quote }
            }
            fees.append(ExchangeFee(cost: fee, asset: row.text("fee_currency").map { asset($0) } ?? received))
        }
        if let fee = Derived.nonZero(try row.decimal("gt_fee")) {
            fees.append(ExchangeFee(cost: fee, asset: AssetID("GT")))
        }
        if let fee = Derived.nonZero(try row.decimal("point_fee")) {
            fees.append(ExchangeFee(cost: fee, asset: AssetID("POINT")))
        }
        return fees
    }
}
