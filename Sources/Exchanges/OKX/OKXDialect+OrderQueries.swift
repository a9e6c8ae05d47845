import TradingCore

/// Source: www.okx.com/docs-v5, "Order Book Trading", "Trade".
extension OKXDialect {
    public func order(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        let market = try catalog.required(order.symbol)
        var fields = RequestFields(["instId": market.id])
        try put(order, into: &fields)
        fields.put(order.extra)
        return ask(.private, "trade/order", fields) { rows in
            guard let row = rows.first else { throw ExchangeFailure(.orderNotFound, message: "no such order") }
            return try self.order(row)
        }
    }

    /// At most 100; older ones by `after`, the last id of the page before.
    public func openOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        var fields = RequestFields()
        if let symbol = query.symbol { fields.put("instId", try catalog.required(symbol).id) }
        fields.put("limit", number: query.limit.map { min(max($0, 1), 100) })
        fields.put("after", query.fromID)
        fields.put(query.extra)
        return ask(.private, "trade/orders-pending", fields) { rows in
            query.selection(from: try rows.map { try self.order($0) }) { $0.createdAt }
        }
    }

    public func openOrdersPage(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<OrderPage> {
        let limit = min(max(query.limit ?? 100, 1), 100)
        return try openOrders(query).map { orders in
            OrderPage(orders, next: orders.count >= limit ? orders.oldestID : nil)
        }
    }

    public func closedOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        try history(query, state: "filled")
    }

    public func cancelledOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        try history(query, state: "canceled")
    }

    public func cancelledAndClosedOrders(
        _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> { try history(query, state: nil) }

    /// Orders of the last seven days that are done; ones cancelled unfilled go after two hours.
    private func history(
        _ query: HistoryQuery, state: String?
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        var fields = try historyFields(query)
        fields.put("state", state)
        fields.put(query.extra)
        return ask(.private, "trade/orders-history", fields) { rows in
            query.selection(from: try rows.map { try self.order($0) }) { $0.createdAt }
        }
    }

    /// Fills of the last three months, at most 100 in a call; older ones by `after`, the last bill of the page before.
    public func ownTrades(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        try ownTrades(query, of: nil)
    }

    public func trades(
        of order: OrderReference, _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        guard let id = order.id else {
            throw ExchangeFailure(.argumentsRequired, message: "OKX lists trades by its own order id")
        }
        var narrowed = query
        narrowed.symbol = query.symbol ?? order.symbol
        narrowed.extra += order.extra
        return try ownTrades(narrowed, of: id)
    }

    private func ownTrades(
        _ query: HistoryQuery, of order: String?
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        var fields = try historyFields(query)
        fields.put("ordId", order)
        fields.put(query.extra)
        return ask(.private, "trade/fills-history", fields) { rows in
            query.selection(from: try rows.map { try ownTrade($0) }) { $0.time }
        }
    }

    private func historyFields(_ query: HistoryQuery) throws(ExchangeFailure) -> RequestFields {
        var fields = RequestFields()
        if let symbol = query.symbol { fields.put("instId", try catalog.required(symbol).id) }
        fields.put("instType", "SPOT")
        fields.put("begin", number: query.since)
        fields.put("end", number: query.until)
        fields.put("limit", number: query.limit.map { min(max($0, 1), 100) })
        fields.put("after", query.fromID)
        return fields
    }

    // MARK: - Answers

    /// An order's row as calls and the stream write it.
    func order(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeOrder {
        let kind = OKXDialect.orderType(row.text("ordType"))
        let isByCost = kind.type == .market && row.text("tgtCcy") == "quote_ccy"
        var order = ExchangeOrder(
            id: row.text("ordId"), clientOrderID: row.text("clOrdId"),
            symbol: symbol(ofInstrument: row.text("instId")), side: try OKXDialect.side(row), type: kind.type,
            timeInForce: kind.timeInForce, isPostOnly: kind.isPostOnly, price: try row.decimal("px"),
            // Of a market order by cost `sz` counts quote, which is no amount.
            amount: isByCost ? nil : try row.decimal("sz"), filled: try row.decimal("accFillSz"),
            average: try row.decimal("avgPx"), status: OKXDialect.orderState(row.text("state")),
            createdAt: try row.integer("cTime"), updatedAt: try row.integer("uTime"),
            lastTradeAt: try row.integer("fillTime"))
        if let fee = try fee(row, "fee", "feeCcy") { order.fees.append(fee) }
        if let rebate = try fee(row, "rebate", "rebateCcy"), !rebate.cost.isZero { order.fees.append(rebate) }
        order.reason = OKXDialect.reason(row)
        return try order.completed()
    }

    /// Why it ended or was not changed.
    private static func reason(_ row: JSONValue) -> String? {
        if let code = row.text("code"), code != "0" { return code + " " + (row.text("msg") ?? "") }
        return row.text("cancelSourceReason") ?? row.text("cancelSource").map { "cancelSource \($0)" }
    }

    func ownTrade(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeTrade {
        var trade = ExchangeTrade(
            id: row.text("tradeId"), orderID: row.text("ordId"), clientOrderID: row.text("clOrdId"),
            symbol: symbol(ofInstrument: row.text("instId")), side: try OKXDialect.side(row),
            price: try row.decimal("fillPx"), amount: try row.decimal("fillSz"),
            liquidity: OKXDialect.liquidity(row), time: try row.integer("ts"))
        if let fee = try fee(row, "fee", "feeCcy") { trade.fees.append(fee) }
        return try trade.completed()
    }
}
