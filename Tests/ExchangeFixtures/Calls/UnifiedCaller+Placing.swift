import Exchanges
import TradingCore

/// New orders: `createOrder` and its siblings.
extension UnifiedCaller {
    /// What `createOrder` takes, whichever of its siblings was called.
    struct PlacementArguments {
        var symbol: JSONValue?
        var type: String?
        var side: String?
        var amount: JSONValue?
        var price: JSONValue?
        var rest: UnifiedArguments
    }

    func placementArguments(
        _ method: String, _ given: inout UnifiedArguments
    ) throws -> PlacementArguments? {
        var rest = given
        func make(
            _ type: String?, _ side: String?, amount: Int?, price: Int?
        ) -> PlacementArguments {
            PlacementArguments(
                symbol: given[0], type: type, side: side, amount: amount.flatMap { given[$0] },
                price: price.flatMap { given[$0] }, rest: rest)
        }
        func setFromArgument(_ name: String, _ index: Int) { if let value = given[index] { rest.set(name, value) } }
        switch method {
        case "createOrder": return make(given.text(1), given.text(2), amount: 3, price: 4)
        case "createLimitOrder": return make("limit", given.text(1), amount: 2, price: 3)
        case "createLimitBuyOrder": return make("limit", "buy", amount: 1, price: 2)
        case "createLimitSellOrder": return make("limit", "sell", amount: 1, price: 2)
        case "createMarketOrder": return make("market", given.text(1), amount: 2, price: 3)
        case "createMarketBuyOrder": return make("market", "buy", amount: 1, price: nil)
        case "createMarketSellOrder": return make("market", "sell", amount: 1, price: nil)
        case "createMarketOrderWithCost":
            setFromArgument("cost", 2)
            return make("market", given.text(1), amount: nil, price: nil)
        case "createMarketBuyOrderWithCost":
            setFromArgument("cost", 1)
            return make("market", "buy", amount: nil, price: nil)
        case "createMarketSellOrderWithCost":
            setFromArgument("cost", 1)
            return make("market", "sell", amount: nil, price: nil)
        case "createPostOnlyOrder":
            rest.set("postOnly", .bool(true))
            return make(given.text(1), given.text(2), amount: 3, price: 4)
        case "createTriggerOrder", "createStopOrder":
            setFromArgument("triggerPrice", 5)
            return make(given.text(1), given.text(2), amount: 3, price: 4)
        case "createStopLimitOrder":
            setFromArgument("triggerPrice", 4)
            return make("limit", given.text(1), amount: 2, price: 3)
        case "createStopMarketOrder":
            setFromArgument("triggerPrice", 3)
            return make("market", given.text(1), amount: 2, price: nil)
        default: return nil
        }
    }

    mutating func placement(_ given: PlacementArguments) throws -> OrderPlacement {
        var rest = given.rest
        guard let symbol = try UnifiedArguments.symbol(given.symbol) else {
            throw ExchangeFailure(.argumentsRequired, message: "a symbol")
        }
        let kind = try kind(given.type ?? "", &rest)
        guard
            let side: Side = given.side?.lowercased() == "buy" ? .buy : given.side?.lowercased() == "sell" ? .sell : nil
        else { throw ExchangeFailure(.argumentsRequired, message: "a side") }
        var order = OrderPlacement(symbol: symbol, kind: kind, side: side)
        order.amount = Self.nonZero(try JSONValue.decimal(given.amount, "amount"))
        order.price = Self.nonZero(try JSONValue.decimal(given.price, "price"))
        try readCost(&order, &rest)
        try readChoices(&order, &rest)
        order.extra = rest.parameters
        return order
    }

    /// Some exchanges' choices are types of their own in CCXT.
    private func kind(_ type: String, _ rest: inout UnifiedArguments) throws(ExchangeFailure) -> OrderPlacement.Kind {
        switch type.lowercased() {
        case "limit": return .limit
        case "market": return .market
        case "limit_maker", "post_only": rest.set("postOnly", .bool(true))
        case "ioc": rest.set("timeInForce", .string("IOC"))
        case "fok": rest.set("timeInForce", .string("FOK"))
        default: throw ExchangeFailure(.notSupported, exchange: exchange.id, message: "orders of type \(type)")
        }
        return .limit
    }

    /// An amount of zero stands beside a cost.
    private static func nonZero(_ value: FixedDecimal?) -> FixedDecimal? {
        guard let value, !value.isZero else { return nil }
        return value
    }

    private func readCost(_ order: inout OrderPlacement, _ rest: inout UnifiedArguments) throws {
        guard order.kind == .market else { return }
        let requiresPrice = rest.take("createMarketBuyOrderRequiresPrice")
        if let cost = try rest.takeDecimal("cost") {
            order.cost = cost
        } else if requiresPrice == .bool(false), order.side == .buy {
            order.cost = order.amount
        } else if let amount = order.amount, let price = order.price, converts(order.side) {
            order.cost = try amount.multiplied(by: price, rounding: .down)
        } else {
            return
        }
        order.amount = nil
    }

    private func converts(_ side: Side) -> Bool {
        switch exchange.marketCost {
        case .never: false
        case .buys: side == .buy
        case .always: true
        }
    }

    private mutating func readChoices(_ order: inout OrderPlacement, _ rest: inout UnifiedArguments) throws {
        if let text = rest.parameter("timeInForce")?.text?.uppercased() {
            switch text {
            case "GTC": order.timeInForce = .goodTillCancelled
            case "IOC": order.timeInForce = .immediateOrCancel
            case "FOK": order.timeInForce = .fillOrKill
            case "PO", "GTX", "POSTONLY": order.isPostOnly = true
            default: throw ExchangeFailure(.notSupported, exchange: exchange.id, message: "time in force \(text)")
            }
            _ = rest.take("timeInForce")
        }
        if rest.take("postOnly") == .bool(true) { order.isPostOnly = true }
        order.triggerPrice = try rest.takeDecimal("triggerPrice", "stopPrice")
        if let text = rest.parameter("selfTradePrevention")?.text {
            guard let prevention = Self.preventions[text.lowercased()] else {
                throw ExchangeFailure(.notSupported, exchange: exchange.id, message: "prevention \(text)")
            }
            order.selfTradePrevention = prevention
            _ = rest.take("selfTradePrevention")
        }
        order.clientOrderID = rest.takeText("clientOrderId", exchange.clientOrderIDKey ?? "clientOrderId")
        if order.clientOrderID == nil { order.clientOrderID = clientOrderID() }
    }

    private static let preventions: [String: SelfTradePrevention] = [
        "none": .none, "expire_taker": .expireTaker, "expire_maker": .expireMaker, "expire_both": .expireBoth,
        "decrement": .decrement, "cancel_newest": .expireTaker, "cancel_oldest": .expireMaker,
        "cancel_both": .expireBoth, "decrease_and_cancel": .decrement,
    ]

    mutating func placeBatch(_ arguments: UnifiedArguments) throws -> PreparedCall {
        var placements: [OrderPlacement] = []
        for element in arguments[0]?.elements ?? [] {
            var rest = UnifiedArguments([.object(element["params"]?.members ?? [])])
            // Parameters of the call count for each order.
            for parameter in arguments.parameters { rest.set(parameter.key, parameter.value) }
            placements.append(
                try placement(
                    PlacementArguments(
                        symbol: element["symbol"], type: element.text("type"), side: element.text("side"),
                        amount: element["amount"], price: element["price"], rest: rest)))
        }
        return PreparedCall(try dialect.place(placements)) { answers in
            .array(
                zip(placements, answers).map { placement, answer in
                    switch answer {
                    case .order(let order): order.unified
                    case .refused: ExchangeOrder(symbol: placement.symbol, status: .rejected).unified
                    }
                })
        }
    }
}
