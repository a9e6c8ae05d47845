public import TradingCore

/// Source: www.okx.com/docs-v5, "Order Book Trading", "Trade".
extension OKXDialect {
    /// Sent as a batch of one, which shares the larger limit of the batches.
    public func place(_ order: OrderPlacement) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        let fields = try placementFields(order)
        return tell("trade/batch-orders", list: [fields]) { rows in
            let row = try rows.only("data")
            if let refusal = OKXDialect.refusal(row) { throw refusal }
            var placed = OKXDialect.acknowledged(row)
            placed.symbol = order.symbol
            placed.side = order.side
            placed.type = order.kind == .market ? .market : .limit
            return placed
        }
    }

    /// - Parameter orders: at most 20.
    public func place(_ orders: [OrderPlacement]) throws(ExchangeFailure) -> EndpointCall<[PlacementAnswer]> {
        try checkBatch(orders.count, abilities.placeBatch)
        var list: [RequestFields] = []
        for order in orders { list.append(try placementFields(order)) }
        return tell("trade/batch-orders", list: list) { rows in
            guard rows.count == orders.count else {
                throw UnreadableAnswer("data", expected: "\(orders.count) rows", found: "\(rows.count)")
            }
            return rows.map { row in
                OKXDialect.refusal(row).map { .refused($0) } ?? .order(OKXDialect.acknowledged(row))
            }
        }
    }

    /// Whatever is named of amount and price is changed; the order keeps its id and, when only its amount shrinks, its
    /// place in the queue.
    public func edit(
        _ order: OrderReference, to placement: OrderPlacement
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        let market = try catalog.required(order.symbol ?? placement.symbol)
        var fields = RequestFields(["instId": market.id])
        try put(order, into: &fields)
        if let amount = placement.amount { fields.put("newSz", try market.rounded(amount: amount)) }
        if let price = placement.price { fields.put("newPx", try market.rounded(price: price)) }
        fields.put(order.extra)
        fields.put(placement.extra)
        return tell("trade/amend-order", fields) { rows in
            var edited = try OKXDialect.accepted(rows)
            edited.symbol = market.symbol
            return edited
        }
    }

    /// Accepted is not done: what became of the order is told by its state.
    public func cancel(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        let market = try catalog.required(order.symbol)
        var fields = RequestFields(["instId": market.id])
        try put(order, into: &fields)
        fields.put(order.extra)
        return tell("trade/cancel-order", fields) { rows in
            var cancelled = try OKXDialect.accepted(rows)
            cancelled.symbol = market.symbol
            return cancelled
        }
    }

    /// - Parameter orders: at most 20. One that was refused says so in its ``ExchangeOrder/reason``.
    public func cancel(
        _ orders: [OrderReference], _ symbol: Symbol?
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        try checkBatch(orders.count, abilities.cancelBatch)
        var list: [RequestFields] = []
        var symbols: [Symbol] = []
        for order in orders {
            let market = try catalog.required(order.symbol ?? symbol)
            var fields = RequestFields(["instId": market.id])
            try put(order, into: &fields)
            fields.put(order.extra)
            list.append(fields)
            symbols.append(market.symbol)
        }
        let wanted = symbols
        return tell("trade/cancel-batch-orders", list: list) { rows in
            rows.enumerated().map { index, row in
                var order = OKXDialect.acknowledged(row)
                order.symbol = index < wanted.count ? wanted[index] : nil
                return order
            }
        }
    }

    public func cancelAllAfter(
        _ milliseconds: Int64, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<Int64?> {
        let seconds = milliseconds / 1_000
        guard milliseconds == 0 || abilities.deadMansSwitch?.contains(Int(clamping: seconds)) == true else {
            throw ExchangeFailure(.badRequest, message: "\(milliseconds) ms is neither 0 nor 10 to 120 seconds")
        }
        var fields = RequestFields()
        fields.put("timeOut", number: seconds)
        fields.put(extra)
        return tell("trade/cancel-all-after", fields) { rows in try rows.only("data").integer("triggerTime") }
    }

    // MARK: - Answers

    /// What an acknowledgement says of an order: its ids, and why it was refused, if it was.
    private static func acknowledged(_ row: JSONValue) -> ExchangeOrder {
        ExchangeOrder(
            id: row.text("ordId"), clientOrderID: row.text("clOrdId"),
            reason: refusal(row).map { "\($0.code ?? "") \($0.message)" })
    }

    private static func accepted(_ rows: [JSONValue]) throws -> ExchangeOrder {
        let row = try rows.only("data")
        if let refusal = refusal(row) { throw refusal }
        return acknowledged(row)
    }
}
