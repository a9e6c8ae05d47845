import TradingCore

extension KuCoinDialect {
    public func place(_ order: OrderPlacement) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        let isConditional = order.triggerPrice != nil
        let path = isConditional ? "stop-order" : orderRoot + (isSynchronous ? "/sync" : "")
        let fields = try placement(order)
        return call(privateRequest(.post, path, fields, weight: isHighFrequency ? 1 : 2)) { data in
            try KuCoinDialect.placed(data, order.symbol)
        }
    }

    /// At most five orders; the classic interface takes limit orders of one market.
    public func place(_ orders: [OrderPlacement]) throws(ExchangeFailure) -> EndpointCall<[PlacementAnswer]> {
        guard let first = orders.first, orders.count <= abilities.placeBatch else {
            throw ExchangeFailure(.badRequest, message: "a batch has 1 to \(abilities.placeBatch) orders")
        }
        var rows: [JSONValue] = []
        for order in orders {
            guard order.triggerPrice == nil else { throw unsupported("conditional orders in a batch") }
            rows.append(.object(try placement(order)))
        }
        var members: [JSONValue.Member] = []
        if !isHighFrequency {
            guard orders.allSatisfy({ $0.symbol == first.symbol }) else {
                throw ExchangeFailure(.badRequest, message: "a batch of KuCoin's classic interface has one market")
            }
            members.append(.init(key: "symbol", value: .string(try catalog.required(first.symbol).id)))
        }
        members.append(.init(key: "orderList", value: .array(rows)))
        let path = orderRoot + "/multi" + (isSynchronous ? "/sync" : "")
        return call(privateRequest(.post, path, members, weight: isHighFrequency ? 1 : 3)) { data in
            let answers = try data.elements ?? data.list("data")
            return try answers.enumerated().map { index, row in
                try KuCoinDialect.placementAnswer(row, orders.indices.contains(index) ? orders[index] : nil)
            }
        }
    }

    private static func placementAnswer(_ row: JSONValue, _ order: OrderPlacement?) throws -> PlacementAnswer {
        guard row.bool("success") == false || row.text("status") == "fail" else {
            return .order(try placed(row, order?.symbol))
        }
        let message = row.text("failMsg") ?? ""
        return .refused(
            ExchangeFailure(
                kind(code: "", message: message), exchange: "kucoin", message: message))
    }

    /// KuCoin answers with the id alone; what became of the order is told by the stream, or has to be asked.
    static func placed(_ row: JSONValue, _ symbol: Symbol?) throws -> ExchangeOrder {
        guard let id = row.text("orderId") ?? row.text("id") else {
            throw UnreadableAnswer("orderId", expected: "an order's id", found: row.compactText)
        }
        return ExchangeOrder(id: id, clientOrderID: row.text("clientOid"), symbol: symbol)
    }

    func placement(_ order: OrderPlacement) throws(ExchangeFailure) -> [JSONValue.Member] {
        let market = try catalog.required(order.symbol)
        var fields = ParameterList()
        fields.add("clientOid", order.clientOrderID)
        fields.add("side", order.side == .buy ? "buy" : "sell")
        fields.add("symbol", market.id)
        fields.add("type", order.kind.rawValue)
        if let cost = order.cost {
            guard order.kind == .market else { throw unsupported("limit orders by cost") }
            fields.add("funds", try rounded(cost: cost, market).description)
        } else {
            guard let amount = order.amount else {
                throw ExchangeFailure(
                    .argumentsRequired, message: "the order needs an amount, or a market order a cost")
            }
            fields.add("size", try market.rounded(amount: amount).description)
        }
        if order.kind == .limit {
            guard let price = order.price else {
                throw ExchangeFailure(.argumentsRequired, message: "a limit order needs a price")
            }
            fields.add("price", try market.rounded(price: price).description)
        }
        fields.add("timeInForce", try KuCoinDialect.timeInForce(order))
        fields.add("stp", KuCoinDialect.selfTradePrevention(order.selfTradePrevention))
        if let trigger = order.triggerPrice {
            fields.add("stopPrice", try market.rounded(price: trigger).description)
        }
        if order.isPostOnly { fields.add("postOnly", flag: true) }
        return fields.with(order.extra)
    }

    /// To the market's step of funds, else to the step of the quote asset.
    private func rounded(cost: FixedDecimal, _ given: ExchangeMarket) throws(ExchangeFailure) -> FixedDecimal {
        var market = given
        if market.rounding.cost == nil { market.rounding.cost = catalog.currency(market.symbol.quote)?.precision }
        return try market.rounded(cost: cost)
    }

    private static func timeInForce(_ order: OrderPlacement) throws(ExchangeFailure) -> String? {
        guard !order.isPostOnly || (order.kind == .limit && order.timeInForce.map { $0 == .goodTillCancelled } ?? true)
        else { throw ExchangeFailure(.invalidOrder, message: "only a limit order that rests can be post-only") }
        // A market order is never told for how long.
        guard order.kind == .limit else { return nil }
        switch order.timeInForce {
        // KuCoin's default.
        case nil: return nil
        case .goodTillCancelled: return "GTC"
        case .immediateOrCancel: return "IOC"
        case .fillOrKill: return "FOK"
        }
    }

    private static func selfTradePrevention(_ mode: SelfTradePrevention?) -> String? {
        switch mode {
        case nil, .some(.none): nil
        case .expireTaker: "CN"
        case .expireMaker: "CO"
        case .expireBoth: "CB"
        case .decrement: "DC"
        }
    }

    /// The high-frequency interface alone. The order gets another id.
    public func edit(
        _ order: OrderReference, to placement: OrderPlacement
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        guard isHighFrequency else { throw unsupported("edit in its classic interface") }
        let market = try catalog.required(placement.symbol)
        var fields = ParameterList()
        fields.add("symbol", market.id)
        if let id = order.id, !id.isEmpty {
            fields.add("orderId", id)
        } else {
            fields.add("clientOid", order.clientOrderID)
        }
        if let price = placement.price { fields.add("newPrice", try market.rounded(price: price).description) }
        if let amount = placement.amount { fields.add("newSize", try market.rounded(amount: amount).description) }
        let request = privateRequest(
            .post, "hf/orders/alter", fields.with(placement.extra + order.extra), weight: 3)
        return call(request) { data in
            ExchangeOrder(
                id: try data.requiredText("newOrderId"), clientOrderID: data.text("clientOid"), symbol: market.symbol)
        }
    }
}
