import TradingCore

/// Source: bybit-exchange.github.io/docs/v5/order/open-order, /order-list, /execution.
extension BybitDialect {
    /// Open orders, and the last 500 that are done, until Bybit restarts: for others see ``doneOrder(_:)``.
    public func order(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        try self.order(order, in: "v5/order/realtime")
    }

    /// Orders of the last two years that are done, of those unfilled the last seven days.
    public func doneOrder(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder>? {
        try self.order(order, in: "v5/order/history")
    }

    private func order(
        _ order: OrderReference, in path: String
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        let market = try catalog.required(order.symbol)
        var fields = RequestFields(["category": BybitDialect.category, "symbol": market.id])
        try put(order, into: &fields)
        fields.put(order.extra)
        return ask(.private, path, fields) { answer in
            guard let row = try answer.rows().first else {
                throw ExchangeFailure(.orderNotFound, message: "no such order")
            }
            return try self.order(row)
        }
    }

    /// At most 50; the next page by the answer's cursor.
    public func openOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        let fields = try historyFields(query, most: 50, isTimed: false)
        return ask(.private, "v5/order/realtime", fields) { answer in
            query.selection(from: try answer.rows().map { try self.order($0) }) { $0.createdAt }
        }
    }

    public func openOrdersPage(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<OrderPage> {
        let fields = try historyFields(query, most: 50, isTimed: false)
        return ask(.private, "v5/order/realtime", fields) { answer in
            let orders = try answer.rows().map { try self.order($0) }
            let cursor = answer.result.text("nextPageCursor") ?? ""
            // A full last page names a next one, which is empty.
            return OrderPage(orders, next: orders.isEmpty || cursor.isEmpty ? nil : cursor)
        }
    }

    public func closedOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        try history(query, status: "Filled")
    }

    public func cancelledOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        try history(query, status: "Cancelled")
    }

    public func cancelledAndClosedOrders(
        _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> { try history(query, status: nil) }

    private func history(
        _ query: HistoryQuery, status: String?
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        var fields = try historyFields(query, most: 50, isTimed: true)
        if let status { fields.put([JSONValue.Member(key: "orderStatus", value: .string(status))]) }
        return ask(.private, "v5/order/history", fields) { answer in
            query.selection(from: try answer.rows().map { try self.order($0) }) { $0.createdAt }
        }
    }

    /// Fills of seven days from the start named, or of the last seven; at most 100, the next page by the cursor.
    public func ownTrades(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        try ownTrades(query, of: nil)
    }

    public func trades(
        of order: OrderReference, _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        var narrowed = query
        narrowed.symbol = query.symbol ?? order.symbol
        narrowed.extra += order.extra
        return try ownTrades(narrowed, of: order)
    }

    private func ownTrades(
        _ query: HistoryQuery, of order: OrderReference?
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        var fields = try historyFields(query, most: 100, isTimed: true)
        if let order { try put(order, into: &fields) }
        fields.put([JSONValue.Member(key: "execType", value: .string("Trade"))])
        return ask(.private, "v5/execution/list", fields) { answer in
            query.selection(from: try answer.rows().map { try ownTrade($0) }) { $0.time }
        }
    }

    private func historyFields(
        _ query: HistoryQuery, most: Int, isTimed: Bool
    ) throws(ExchangeFailure) -> RequestFields {
        var fields = RequestFields(["category": BybitDialect.category])
        if let symbol = query.symbol { fields.put("symbol", try catalog.required(symbol).id) }
        if isTimed {
            fields.put("startTime", number: query.since)
            fields.put("endTime", number: query.until)
        }
        fields.put("limit", number: query.limit.map { min(max($0, 1), most) })
        fields.put("cursor", query.fromID)
        fields.put(query.extra)
        return fields
    }

    // MARK: - Answers

    /// An order's row as calls and the stream write it.
    func order(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeOrder {
        let market = row.text("symbol").flatMap { catalog.market(id: $0) }
        let timeInForce = BybitDialect.timeInForce(row.text("timeInForce"))
        var order = ExchangeOrder(
            id: row.text("orderId"), clientOrderID: row.text("orderLinkId"), symbol: market?.symbol,
            side: try BybitDialect.side(row.text("side")), type: BybitDialect.orderType(row.text("orderType")),
            timeInForce: timeInForce, isPostOnly: timeInForce.map { $0 == .postOnly },
            price: try row.decimal("price"), triggerPrice: Derived.nonZero(try row.decimal("triggerPrice")),
            filled: try row.decimal("cumExecQty"), cost: try row.decimal("cumExecValue"),
            average: try row.decimal("avgPrice"), status: BybitDialect.orderState(row.text("orderStatus")),
            createdAt: try row.integer("createdTime"), updatedAt: try row.integer("updatedTime"),
            reason: BybitDialect.reason(row))
        // Of a market order by cost `qty` counts quote, which is no amount.
        if row.text("marketUnit") != "quoteCoin" { order.amount = try row.decimal("qty") }
        if order.amount != nil { order.remaining = try row.decimal("leavesQty") }
        // Nothing else tells when it traded: of an order that is partly filled, not before this.
        if order.filled?.isPositive == true, order.status != .cancelled { order.lastTradeAt = order.updatedAt }
        order.fees = try fees(row, market, order.side)
        return try order.completed()
    }

    /// By currency; older answers tell one sum.
    private func fees(
        _ row: JSONValue, _ market: ExchangeMarket?, _ side: Side?
    ) throws(UnreadableAnswer) -> [ExchangeFee] {
        if let details = row["cumFeeDetail"]?.members, !details.isEmpty {
            var fees: [ExchangeFee] = []
            for detail in details {
                guard let cost = try row["cumFeeDetail"]?.decimal(detail.key) else { continue }
                fees.append(ExchangeFee(cost: cost, asset: asset(detail.key)))
            }
            return fees
        }
        guard let cost = try row.decimal("cumExecFee") else { return [] }
        let named = row.text("feeCurrency").map { asset($0) }
        return [ExchangeFee(cost: cost, asset: named ?? feeAsset(market, side, cost))]
    }

    private static func reason(_ row: JSONValue) -> String? {
        if let reason = row.text("rejectReason"), reason != "EC_NoError" { return reason }
        guard let type = row.text("cancelType"), type != "UNKNOWN" else { return nil }
        return type
    }

    /// A fill's row as calls and the stream write it.
    func ownTrade(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeTrade {
        let market = row.text("symbol").flatMap { catalog.market(id: $0) }
        let side = try BybitDialect.side(row.text("side"))
        var trade = ExchangeTrade(
            id: row.text("execId"), orderID: row.text("orderId"), clientOrderID: row.text("orderLinkId"),
            symbol: market?.symbol, side: side, price: try row.decimal("execPrice"),
            amount: try row.decimal("execQty"), cost: try row.decimal("execValue"),
            liquidity: row.bool("isMaker").map { $0 ? .maker : .taker },
            type: BybitDialect.orderType(row.text("orderType")), time: try row.integer("execTime"))
        if let cost = try row.decimal("execFee") {
            let named = row.text("feeCurrency").map { asset($0) }
            trade.fees.append(
                ExchangeFee(
                    cost: cost, asset: named ?? feeAsset(market, side, cost), rate: try row.decimal("feeRate")))
        }
        return try trade.completed()
    }
}
