public import TradingCore

extension GateDialect {
    public func cancel(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        var fields = ParameterList()
        fields.add("account", account.rawValue)
        fields.add("currency_pair", try catalog.required(order.symbol).id)
        let request = EndpointRequest(
            .delete, ["private", "spot"], "orders/" + (try GateDialect.name(of: order)), fields.with(order.extra),
            costs: GateLimit.cancel.costs)
        return EndpointCall(request) { answer in try self.order(answer) }
    }

    /// At most twenty orders. Of one that could not be cancelled the status stays open to question: nil, with the reason.
    public func cancel(
        _ orders: [OrderReference], _ symbol: Symbol?
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        guard (1...abilities.cancelBatch).contains(orders.count) else {
            throw ExchangeFailure(.badRequest, message: "a batch has 1 to \(abilities.cancelBatch) orders")
        }
        var rows: [JSONValue] = []
        for order in orders {
            var fields = ParameterList()
            fields.add("id", order.id.flatMap { $0.isEmpty ? nil : $0 } ?? order.clientOrderID.map(GateDialect.text))
            fields.add("currency_pair", try catalog.required(order.symbol ?? symbol).id)
            rows.append(.object(fields.with(order.extra)))
        }
        let request = EndpointRequest(
            .post, ["private", "spot"], "cancel_batch_orders", list: rows, costs: GateLimit.cancel.costs)
        return EndpointCall(request) { answer in
            try answer.list(named: "cancel_batch_orders").map { row in
                var order = ExchangeOrder(
                    id: try row.requiredText("id"), clientOrderID: row.text("text"),
                    symbol: self.symbol(row.text("currency_pair")))
                if row.bool("succeeded") == true {
                    order.status = .cancelled
                } else {
                    order.reason = row.text("label") ?? row.text("message")
                }
                return order
            }
        }
    }

    public func cancelAll(
        _ symbol: Symbol?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        var fields = ParameterList()
        fields.add("account", account.rawValue)
        if let symbol { fields.add("currency_pair", try catalog.required(symbol).id) }
        let request = EndpointRequest(
            .delete, ["private", "spot"], "orders", fields.with(extra), costs: GateLimit.cancel.costs)
        return EndpointCall(request) { answer in
            try answer.list(named: "orders").map { try self.order($0) }
        }
    }

    /// - Parameter milliseconds: 5000 or more, counted in whole seconds; 0 disarms.
    /// - Returns: when the orders will be cancelled, milliseconds since 1970.
    public func cancelAllAfter(
        _ milliseconds: Int64, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<Int64?> {
        guard milliseconds == 0 || milliseconds >= 5_000 else {
            throw ExchangeFailure(.badRequest, message: "Gate's dead man's switch waits 5 seconds or more")
        }
        var fields = ParameterList()
        fields.add("timeout", number: milliseconds / 1_000)
        let request = EndpointRequest(
            .post, ["private", "spot"], "countdown_cancel_all", fields.with(extra), costs: GateLimit.account.costs)
        return EndpointCall(request) { answer in try answer.integer("triggerTime") }
    }
}
