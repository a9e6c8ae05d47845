import Exchanges
import TradingCore

extension UnifiedCaller {
    mutating func orderCall(_ method: String, _ arguments: inout UnifiedArguments) throws -> PreparedCall? {
        if let order = try placementArguments(method, &arguments) {
            return PreparedCall(try dialect.place(try placement(order))) { $0.unified }
        }
        switch method {
        case "createOrders": return try placeBatch(arguments)
        case "editOrder", "editOrderWithClientOrderId": return try edit(method, arguments)
        case "cancelOrder", "cancelOrderWithClientOrderId":
            return PreparedCall(try dialect.cancel(try reference(method, &arguments))) { $0.unified }
        case "fetchOrder", "fetchOrderWithClientOrderId":
            return PreparedCall(try dialect.order(try reference(method, &arguments))) { $0.unified }
        case "fetchOpenOrder": return PreparedCall(try dialect.order(try reference(method, &arguments))) { $0.unified }
        case "fetchClosedOrder":
            let order = try reference(method, &arguments)
            return PreparedCall(try dialect.doneOrder(order) ?? dialect.order(order)) { $0.unified }
        case "cancelOrders": return try cancelBatch(arguments)
        case "cancelOrdersForSymbols": return try cancelForSymbols(arguments)
        case "cancelAllOrders":
            let symbol = try arguments.symbol(0)
            return PreparedCall(try dialect.cancelAll(symbol, arguments.parameters)) { .array($0.map(\.unified)) }
        case "cancelAllOrdersAfter":
            let timeout = try arguments.integer(0) ?? 0
            return PreparedCall(try dialect.cancelAllAfter(timeout, arguments.parameters)) {
                .object([.integer("triggerTime", $0)])
            }
        default: return nil
        }
    }

    // MARK: - Orders that are there

    private mutating func edit(_ method: String, _ given: UnifiedArguments) throws -> PreparedCall {
        var arguments = given
        var order = OrderReference(symbol: try arguments.symbol(1))
        if method == "editOrder" {
            order.id = arguments.text(0)
        } else {
            order.clientOrderID = arguments.text(0)
        }
        let rest = UnifiedArguments([.object(arguments.parameters)])
        let new = try placement(
            PlacementArguments(
                symbol: arguments[1], type: arguments.text(2), side: arguments.text(3), amount: arguments[4],
                price: arguments[5], rest: rest))
        arguments.parameters = []
        // Without the exchange's own id the order's name says which it is.
        if order.id?.isEmpty ?? true, let name = new.clientOrderID { (order.id, order.clientOrderID) = (nil, name) }
        return PreparedCall(try dialect.edit(order, to: new)) { $0.unified }
    }

    private func reference(_ method: String, _ arguments: inout UnifiedArguments) throws -> OrderReference {
        var order = OrderReference(symbol: try arguments.symbol(1))
        if method.hasSuffix("WithClientOrderId") {
            order.clientOrderID = arguments.text(0)
        } else {
            order.id = arguments.text(0)
            let word = exchange.clientOrderIDKey ?? "clientOrderId"
            order.clientOrderID = arguments.takeText("clientOrderId", "origClientOrderId", word)
            if order.clientOrderID != nil { order.id = nil }
        }
        order.extra = arguments.parameters
        return order
    }

    /// Each of its own market.
    private func cancelForSymbols(_ arguments: UnifiedArguments) throws -> PreparedCall {
        let orders = try (arguments[0]?.elements ?? []).map { row in
            let symbol = try UnifiedArguments.symbol(row["symbol"])
            return OrderReference(
                id: row.text("id"), clientOrderID: row.text("id") == nil ? row.text("clientOrderId") : nil,
                symbol: symbol,
                extra: arguments.parameters)
        }
        return PreparedCall(try dialect.cancel(orders, nil)) { .array($0.map(\.unified)) }
    }

    private func cancelBatch(_ arguments: UnifiedArguments) throws -> PreparedCall {
        let symbol = try arguments.symbol(1)
        var rest = arguments
        var orders = (rest[0]?.elements ?? []).map {
            OrderReference(id: $0.text, symbol: symbol, extra: arguments.parameters)
        }
        if let clientIDs = rest.take("clientOrderIds")?.elements {
            orders = clientIDs.map { OrderReference(clientOrderID: $0.text, symbol: symbol, extra: rest.parameters) }
        }
        return PreparedCall(try dialect.cancel(orders, symbol)) { .array($0.map(\.unified)) }
    }
}
