public import TradingCore

extension KuCoinDialect {
    /// The answer says that the cancel was taken, and not yet what became of the order: its status stays nil.
    public func cancel(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        let (path, fields) = try address(order, .cancel)
        let request = privateRequest(
            .delete, path, fields.with(order.extra), weight: isHighFrequency ? 1 : order.id == nil ? 5 : 3)
        return call(request) { data in
            let id =
                data["cancelledOrderIds"]?[0]?.text ?? data.text("cancelledOrderId") ?? data.text("orderId")
            let clientOrderID = data.text("clientOid")
            guard id != nil || clientOrderID != nil else {
                throw ExchangeFailure(.orderNotFound, message: "nothing was cancelled: \(data.compactText)")
            }
            return ExchangeOrder(id: id, clientOrderID: clientOrderID, symbol: order.symbol)
        }
    }

    enum Purpose {
        case look, cancel
    }

    /// Where one order is looked at and cancelled. The classic interface has a root of its own for client ids; the
    /// high-frequency one wants the market with every call.
    func address(
        _ order: OrderReference, _ purpose: Purpose
    ) throws(ExchangeFailure) -> (path: String, fields: ParameterList) {
        var fields = ParameterList()
        if isHighFrequency { fields.add("symbol", try catalog.required(order.symbol).id) }
        let root = orderRoot + (purpose == .cancel && isSynchronous ? "/sync/" : "/")
        if let id = order.id, !id.isEmpty { return (root + FormEncoding.percentEncoded(id), fields) }
        guard let clientOrderID = order.clientOrderID else {
            throw ExchangeFailure(.argumentsRequired, message: "an order id or a client order id is required")
        }
        let name = "client-order/" + FormEncoding.percentEncoded(clientOrderID)
        return (isHighFrequency ? root + name : "order/" + name, fields)
    }

    public func cancelAll(
        _ symbol: Symbol?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        var fields = ParameterList()
        if let symbol { fields.add("symbol", try catalog.required(symbol).id) }
        let isWhole = isHighFrequency && symbol == nil
        let request = privateRequest(
            .delete, isWhole ? "hf/orders/cancelAll" : orderRoot, fields.with(extra),
            weight: isWhole ? 30 : isHighFrequency ? 2 : 20)
        return call(request) { data in
            // The high-frequency interface says only whether it worked.
            try data["cancelledOrderIds"]?.list(named: "cancelledOrderIds").map { id in
                ExchangeOrder(id: id.text, symbol: symbol)
            } ?? []
        }
    }

    /// The high-frequency interface alone.
    /// - Parameter milliseconds: 5000 to 86 400 000, counted in whole seconds; 0 disarms.
    /// - Returns: when the orders will be cancelled, milliseconds since 1970.
    public func cancelAllAfter(
        _ milliseconds: Int64, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<Int64?> {
        guard isHighFrequency else { throw unsupported("dead man's switch in its classic interface") }
        guard milliseconds == 0 || (5_000...86_400_000).contains(milliseconds) else {
            throw ExchangeFailure(.badRequest, message: "KuCoin's dead man's switch waits 5 seconds to a day")
        }
        var fields = ParameterList()
        fields.add("timeout", number: milliseconds == 0 ? -1 : milliseconds / 1_000)
        let request = privateRequest(.post, "hf/orders/dead-cancel-all", fields.with(extra), weight: 2)
        return call(request) { data in
            guard let seconds = try data.integer("triggerTime"), (1...100_000_000_000).contains(seconds) else {
                return nil
            }
            return seconds * 1_000
        }
    }
}
