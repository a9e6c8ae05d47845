import TradingCore

extension GateDialect {
    public func place(_ order: OrderPlacement) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        let request = EndpointRequest(
            .post, ["private", "spot"], "orders", try placement(order), costs: GateLimit.place.costs)
        return EndpointCall(request) { answer in try self.order(answer) }
    }

    /// At most ten orders of four markets, each with a client order id.
    public func place(_ orders: [OrderPlacement]) throws(ExchangeFailure) -> EndpointCall<[PlacementAnswer]> {
        guard (1...abilities.placeBatch).contains(orders.count) else {
            throw ExchangeFailure(.badRequest, message: "a batch has 1 to \(abilities.placeBatch) orders")
        }
        var rows: [JSONValue] = []
        for order in orders {
            guard order.clientOrderID != nil else {
                throw ExchangeFailure(.argumentsRequired, message: "each order of a batch needs a client order id")
            }
            rows.append(.object(try placement(order)))
        }
        let request = EndpointRequest(
            .post, ["private", "spot"], "batch_orders", list: rows, costs: GateLimit.place.costs)
        return EndpointCall(request) { answer in
            try answer.list(named: "batch_orders").map { row in
                guard row.bool("succeeded") == false else { return .order(try self.order(row)) }
                return .refused(
                    GateDialect.failure(label: row.text("label") ?? "", message: row.text("message") ?? ""))
            }
        }
    }

    /// The fields of an order. A market buy says what it spends, in quote.
    func placement(_ order: OrderPlacement) throws(ExchangeFailure) -> [JSONValue.Member] {
        guard order.triggerPrice == nil else { throw unsupported("conditional orders") }
        let market = try catalog.required(order.symbol)
        var fields = ParameterList()
        fields.add("currency_pair", market.id)
        fields.add("type", order.kind.rawValue)
        fields.add("account", account.rawValue)
        fields.add("side", order.side == .buy ? "buy" : "sell")
        switch (order.kind, order.side) {
        case (.market, .buy):
            fields.add("amount", try spending(order, market).description)
        case (.market, .sell), (.limit, _):
            guard order.cost == nil else { throw unsupported("orders by cost but market buys") }
            guard let amount = order.amount else {
                throw ExchangeFailure(.argumentsRequired, message: "the order needs an amount")
            }
            fields.add("amount", try market.rounded(amount: amount).description)
        }
        if order.kind == .limit {
            guard let price = order.price else {
                throw ExchangeFailure(.argumentsRequired, message: "a limit order needs a price")
            }
            fields.add("price", try market.rounded(price: price).description)
        }
        fields.add("text", order.clientOrderID.map { GateDialect.text($0) })
        fields.add("time_in_force", try GateDialect.timeInForce(order))
        fields.add("stp_act", try GateDialect.selfTradePrevention(order.selfTradePrevention))
        return fields.with(order.extra)
    }

    /// What a market buy spends; of an amount in base, what it costs at the price given with it.
    private func spending(_ order: OrderPlacement, _ market: ExchangeMarket) throws(ExchangeFailure) -> FixedDecimal {
        if let cost = order.cost { return try market.rounded(cost: cost) }
        guard let amount = order.amount, let price = order.price else {
            throw ExchangeFailure(
                .argumentsRequired, message: "a market buy at Gate needs the cost in quote, or amount and price")
        }
        do {
            return try market.rounded(cost: amount.multiplied(by: price, rounding: .down))
        } catch let failure as ExchangeFailure {
            throw failure
        } catch {
            throw ExchangeFailure(.invalidOrder, message: "\(amount) at \(price) is out of range")
        }
    }

    /// Gate takes only client ids that begin with `t-`.
    static func text(_ clientOrderID: String) -> String {
        clientOrderID.hasPrefix("t-") ? clientOrderID : "t-" + clientOrderID
    }

    private static func timeInForce(_ order: OrderPlacement) throws(ExchangeFailure) -> String? {
        if order.isPostOnly {
            guard order.kind == .limit, order.timeInForce.map({ $0 == .goodTillCancelled }) ?? true else {
                throw ExchangeFailure(.invalidOrder, message: "only a limit order that rests can be post-only")
            }
            return "poc"
        }
        switch (order.timeInForce, order.kind) {
        case (.fillOrKill, _): return "fok"
        case (.immediateOrCancel, _), (nil, .market): return "ioc"
        case (.goodTillCancelled, .limit): return "gtc"
        case (.goodTillCancelled, .market):
            throw ExchangeFailure(.invalidOrder, message: "a market order does not rest")
        // Gate's default.
        case (nil, .limit): return nil
        }
    }

    private static func selfTradePrevention(_ mode: SelfTradePrevention?) throws(ExchangeFailure) -> String? {
        switch mode {
        case nil, .some(.none): return nil
        case .expireTaker: return "cn"
        case .expireMaker: return "co"
        case .expireBoth: return "cb"
        case .decrement:
            throw ExchangeFailure(.notSupported, exchange: "gate", message: "Gate has no decrement of own trades")
        }
    }

    /// Changes amount or price of an order that rests; it keeps its id.
    public func edit(
        _ order: OrderReference, to placement: OrderPlacement
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        let market = try catalog.required(placement.symbol)
        var fields = ParameterList()
        fields.add("currency_pair", market.id)
        fields.add("account", account.rawValue)
        if let amount = placement.amount { fields.add("amount", try market.rounded(amount: amount).description) }
        if let price = placement.price { fields.add("price", try market.rounded(price: price).description) }
        let request = EndpointRequest(
            .patch, ["private", "spot"], "orders/" + (try GateDialect.name(of: order)),
            fields.with(placement.extra + order.extra), costs: GateLimit.place.costs)
        return EndpointCall(request) { answer in try self.order(answer) }
    }

    /// Gate's id; without it ours, by which an order is known while it is open and for an hour after.
    static func name(of order: OrderReference) throws(ExchangeFailure) -> String {
        if let id = order.id, !id.isEmpty { return FormEncoding.percentEncoded(id) }
        guard let clientOrderID = order.clientOrderID else {
            throw ExchangeFailure(.argumentsRequired, message: "an order id or a client order id is required")
        }
        return FormEncoding.percentEncoded(text(clientOrderID))
    }
}
