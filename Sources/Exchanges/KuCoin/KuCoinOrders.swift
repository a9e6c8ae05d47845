import TradingCore

extension KuCoinDialect {
    /// An order as either interface tells it: the state is told by flags.
    func order(_ row: JSONValue) throws -> ExchangeOrder {
        let id = row.text("id") ?? row.text("orderId")
        guard id != nil else { throw UnreadableAnswer("id", expected: "an order's id", found: row.compactText) }
        var order = ExchangeOrder(
            id: id, clientOrderID: row.text("clientOid"), symbol: symbol(row.text("symbol")),
            side: KuCoinDialect.side(row.text("side")), type: KuCoinDialect.kind(row.text("type")),
            timeInForce: KuCoinDialect.timeInForce(row.text("timeInForce")), isPostOnly: row.bool("postOnly"),
            price: try row.decimal("price"), triggerPrice: try row.decimal("stopPrice"),
            amount: try row.decimal("size"), filled: try row.decimal("dealSize"), cost: try row.decimal("dealFunds"),
            status: KuCoinDialect.state(row), createdAt: try KuCoinDialect.milliseconds(row, "createdAt"),
            updatedAt: try KuCoinDialect.milliseconds(row, "lastUpdatedAt"))
        if let fee = try row.decimal("fee") {
            order.fees = [ExchangeFee(cost: fee, asset: row.text("feeCurrency").map { asset($0) })]
        }
        return try order.completed()
    }

    private static func state(_ row: JSONValue) -> OrderState? {
        guard let isActive = row.bool("isActive") ?? row.bool("active") else { return nil }
        let isCancelled = row.bool("cancelExist") == true
        if isActive { return isCancelled ? .cancelling : .open }
        return isCancelled ? .cancelled : .closed
    }

    /// A fill of ours.
    func fill(_ row: JSONValue) throws -> ExchangeTrade {
        var fill = ExchangeTrade(
            id: try row.requiredText("tradeId"), orderID: row.text("orderId"), symbol: symbol(row.text("symbol")),
            side: KuCoinDialect.side(row.text("side")), price: try row.requiredDecimal("price"),
            amount: try row.requiredDecimal("size"), cost: try row.decimal("funds"),
            liquidity: KuCoinDialect.liquidity(row.text("liquidity")), type: KuCoinDialect.kind(row.text("type")),
            time: try KuCoinDialect.milliseconds(row, "createdAt"))
        if let fee = try row.decimal("fee") {
            fill.fees = [ExchangeFee(cost: fee, asset: row.text("feeCurrency").map { asset($0) })]
        }
        return try fill.completed()
    }
}
