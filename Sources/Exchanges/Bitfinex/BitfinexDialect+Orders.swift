public import TradingCore

extension BitfinexDialect {
    public func place(_ order: OrderPlacement) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        EndpointCall(post("auth/w/order/submit", try fields(of: order), "submit")) { [catalog] answer in
            let content = try Self.content(of: answer)
            guard let row = content[0] else {
                throw UnreadableAnswer("[4][0]", expected: "an order", found: answer.compactText)
            }
            return try BitfinexMapping.order(row, catalog)
        }
    }

    public func place(_ orders: [OrderPlacement]) throws(ExchangeFailure) -> EndpointCall<[PlacementAnswer]> {
        guard (1...abilities.placeBatch).contains(orders.count) else {
            throw ExchangeFailure(.badRequest, message: "1 to \(abilities.placeBatch) orders in a call")
        }
        var operations: [JSONValue] = []
        for order in orders { operations.append(.array([.string("on"), .object(try fields(of: order))])) }
        let request = post("auth/w/order/multi", [.init(key: "ops", value: .array(operations))], "submit")
        return EndpointCall(request) { [catalog] answer in
            try Self.content(of: answer).list(named: "[4]").map { notification in
                do {
                    let content = try Self.content(of: notification)
                    // One order of several comes as itself or as a list of one.
                    return .order(
                        try BitfinexMapping.order(content[0]?.elements == nil ? content : content[0] ?? .null, catalog))
                } catch let failure as ExchangeFailure {
                    return .refused(failure)
                }
            }
        }
    }

    /// - Parameter placement: amount and, for a limit order, price. The order keeps its id.
    public func edit(
        _ order: OrderReference, to placement: OrderPlacement
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        let market = try catalog.required(placement.symbol)
        var fields = try identity(of: order)
        if let amount = placement.amount {
            fields.append(.init(key: "amount", value: .string(try signed(amount, placement.side, market))))
        }
        if let price = placement.price {
            fields.append(.init(key: "price", value: .string(try market.rounded(price: price).description)))
        }
        if placement.isPostOnly { fields.append(Self.postOnly) }
        let request = post("auth/w/order/update", fields + placement.extra, "update")
        return EndpointCall(request) { [catalog] answer in
            try BitfinexMapping.order(try Self.content(of: answer), catalog)
        }
    }

    // MARK: - Cancelling

    /// The answer still shows the order as it was: that it is gone comes by the stream, or by a look.
    /// By the exchange's id where orders bear a tag: somebody else's may have the same number of ours on the same day.
    public func cancel(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        guard order.id != nil || orderTag == nil else {
            throw ExchangeFailure(.argumentsRequired, message: "a tagged order is cancelled by the exchange's id")
        }
        let request = post("auth/w/order/cancel", try identity(of: order) + order.extra, "cancel")
        return EndpointCall(request) { [catalog] answer in
            try BitfinexMapping.order(try Self.content(of: answer), catalog)
        }
    }

    public func cancel(
        _ orders: [OrderReference], _ symbol: Symbol?
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        var ids: [JSONValue] = []
        var clientIDs: [JSONValue] = []
        for order in orders {
            if let id = order.id {
                ids.append(.number(try Self.number(id, "order id")))
            } else {
                let fields = try identity(of: order)
                clientIDs.append(.array(fields.map(\.value)))
            }
        }
        var fields: ExtraParameters = []
        if !ids.isEmpty { fields.append(.init(key: "id", value: .array(ids))) }
        if !clientIDs.isEmpty { fields.append(.init(key: "cid", value: .array(clientIDs))) }
        guard !fields.isEmpty else { throw ExchangeFailure(.argumentsRequired, message: "no orders to cancel") }
        return cancelMulti(fields)
    }

    /// Every order of the account, of all symbols and of margin too, whatever symbol is asked for: there is no other call.
    public func cancelAll(
        _ symbol: Symbol?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        cancelMulti([.init(key: "all", value: .number("1"))] + extra)
    }

    private func cancelMulti(_ fields: ExtraParameters) -> EndpointCall<[ExchangeOrder]> {
        EndpointCall(post("auth/w/order/cancel/multi", fields, "cancel")) { [catalog] answer in
            // With nothing to cancel there is no content.
            if answer.text(6) == "SUCCESS", answer[4]?.isNull ?? true { return [] }
            return try Self.content(of: answer).list(named: "[4]").map { try BitfinexMapping.order($0, catalog) }
        }
    }

    // MARK: - Fields

    /// What says which order: its id, or our id and the UTC day it was placed on.
    func identity(of order: OrderReference) throws(ExchangeFailure) -> ExtraParameters {
        if let id = order.id { return [.init(key: "id", value: .number(try Self.number(id, "order id")))] }
        guard let clientID = order.clientOrderID else {
            throw ExchangeFailure(.argumentsRequired, message: "an order id or a client order id is required")
        }
        let cid = JSONValue.Member(key: "cid", value: .number(try Self.number(clientID, "client order id")))
        // Who knows the day itself says it in `extra`.
        if order.extra.contains(where: { $0.key == "cid_date" }) { return [cid] }
        guard let placedAt = order.placedAt else {
            throw ExchangeFailure(
                .argumentsRequired,
                message: "Bitfinex finds an order by client order id only with the time it was placed")
        }
        return [cid, .init(key: "cid_date", value: .string(CivilDate(milliseconds: placedAt).description))]
    }

    private func fields(of order: OrderPlacement) throws(ExchangeFailure) -> ExtraParameters {
        let market = try catalog.required(order.symbol)
        guard order.cost == nil else { throw unsupported("market order by cost") }
        guard let amount = order.amount else {
            throw ExchangeFailure(.argumentsRequired, message: "an order needs an amount")
        }
        var fields: ExtraParameters = [
            .init(key: "symbol", value: .string(market.id)),
            .init(key: "amount", value: .string(try signed(amount, order.side, market))),
        ]
        fields += try prices(of: order, market)
        fields.append(.init(key: "type", value: .string(type(of: order))))
        if order.isPostOnly { fields.append(Self.postOnly) }
        if let clientID = order.clientOrderID {
            fields.append(.init(key: "cid", value: .number(try Self.number(clientID, "client order id"))))
            if let orderTag { fields.append(.init(key: "gid", value: .number(orderTag.description))) }
        }
        return fields + order.extra
    }

    /// A stop's trigger is its `price`, and what it then asks for its `price_aux_limit`.
    private func prices(of order: OrderPlacement, _ market: ExchangeMarket) throws(ExchangeFailure) -> ExtraParameters {
        var limit: String?
        if order.kind == .limit {
            guard let price = order.price else {
                throw ExchangeFailure(.argumentsRequired, message: "a limit order needs a price")
            }
            limit = try market.rounded(price: price).description
        }
        guard let trigger = order.triggerPrice else {
            return limit.map { [.init(key: "price", value: .string($0))] } ?? []
        }
        let price = JSONValue.Member(key: "price", value: .string(try market.rounded(price: trigger).description))
        return limit.map { [price, .init(key: "price_aux_limit", value: .string($0))] } ?? [price]
    }

    private func type(of order: OrderPlacement) -> String {
        if order.triggerPrice != nil { return order.kind == .limit ? "EXCHANGE STOP LIMIT" : "EXCHANGE STOP" }
        if order.kind == .market { return "EXCHANGE MARKET" }
        switch order.timeInForce {
        case .immediateOrCancel: return "EXCHANGE IOC"
        case .fillOrKill: return "EXCHANGE FOK"
        case .goodTillCancelled, nil: return "EXCHANGE LIMIT"
        }
    }

    private func signed(
        _ amount: FixedDecimal, _ side: Side, _ market: ExchangeMarket
    ) throws(ExchangeFailure) -> String {
        let text = try market.rounded(amount: amount).description
        return side == .sell ? "-" + text : text
    }

    private static let postOnly = JSONValue.Member(
        key: "flags", value: .number(String(BitfinexMapping.postOnlyFlag)))

    /// Ids are numbers on the wire.
    static func number(_ text: String, _ name: String) throws(ExchangeFailure) -> String {
        guard let number = Int64(text), number >= 0 else {
            throw ExchangeFailure(.badRequest, message: "\(name) \(text) is no number")
        }
        return String(number)
    }
}
