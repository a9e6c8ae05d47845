import MarketMaking

/// Strategies, orders and the market.
extension Schema {
    private static let side = Schema.choice(["buy", "sell"])
    private static let states = Schema.choice(["ACTIVE", "REDUCING", "HALTED"])

    static let strategy = Schema.named(
        "Strategy",
        .object([
            "id": .integer, "strategyKey": .string, "userId": .string, "clientId": .string,
            "strategyType": .choice(StrategyType.allCases.map(\.rawValue)), "startPrice": .nullable(.number),
            "parameters": .anything, "status": .choice(["running", "stopping", "stopped"]), "createdAt": .time,
            "updatedAt": .time, "parametersVersion": .integer,
        ]))

    static let inspection = Schema.named(
        "Inspection",
        .object([
            "strategy": strategy, "state": states, "reason": .nullable(.string), "base": .money, "quote": .money,
            "position": .money, "realizedPnL": .money, "unrealizedPnL": .nullable(.money), "orders": .integer,
            "fills": .integer, "markout1sBasisPoints": .nullable(.number),
            "openOrders": .array(
                .object([
                    "orderId": .string, "side": side, "price": .money, "amount": .money, "filled": .money,
                    "status": .string,
                ])),
        ]))

    static let history = Schema.named(
        "HistoryEntry",
        .object([
            "id": .integer, "userId": .string, "clientId": .string, "exchange": .string, "pair": .string, "side": side,
            "amount": .money, "price": .money, "orderId": .string, "executedAt": .time, "status": .string,
            "strategy": .string, "strategyInstanceId": .string, "filled": .money,
        ]))

    static let performance = Schema.named(
        "PerformanceEntry",
        .object([
            "id": .integer, "userId": .string, "clientId": .string, "strategyType": .string, "profitLoss": .number,
            "additionalMetrics": .anything, "executedAt": .time,
        ]))

    static let orderBook = Schema.named(
        "OrderBook",
        .object([
            "exchange": .string, "symbol": .string, "bids": .array(.tuple(.number, count: 2)),
            "asks": .array(.tuple(.number, count: 2)), "timestamp": .integer, "datetime": .time,
        ]))

    static let tradingState = Schema.named(
        "TradingState",
        .object([
            "scope": .choice(["server", "account", "session"]), "id?": .string, "state": states, "reason": .string,
            "setBy": .string, "setAt": .time, "isStored": .boolean, "uncancelled": .array(.string),
        ]))

    static let order = Schema.named(
        "Order",
        .object([
            "id": .string, "clientOrderId": .string, "timestamp": .integer, "datetime": .time,
            "status": .choice(["unknown", "canceling", "open", "closed", "canceled", "rejected", "expired"]),
            "exchange": .string, "account": .string, "symbol": .string, "type": .choice(["market", "limit"]),
            "timeInForce": .choice(["IOC", "GTC", "FOK"]), "postOnly": .boolean, "side": side, "price": .number,
            "amount": .number, "filled": .number, "remaining": .number, "cost": .number, "average": .nullable(.number),
            "fees": .array(.object(["currency": .string, "cost": .number])), "userId?": .string, "clientId?": .string,
        ]))
}
