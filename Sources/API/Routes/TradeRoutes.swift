import MarketMaking
import TradingCore

/// Orders by hand, by the original's paths: on the path of strategies' orders, risk gate and ledger included. An order is named
/// by the id that placing it gave, and knows its exchange and account (H37, D23).
struct TradeRoutes {
    let desk: any DirectOrderDesk

    private static let common: [Parameter] = [
        .body("userId"), .body("clientId"), .body("exchange"), .body("symbol", .string, "BASE/QUOTE, such as BTC/USDT"),
        .body("side", .choice(["buy", "sell"])), .body("amount", .number, "Base asset"),
        .body("accountLabel", isRequired: false, "default if absent"),
        .body("requestId", isRequired: false, "A name of the caller's own: said again, it is the same order"),
    ]

    private static let whose: [Parameter] = [
        .query("exchange", isRequired: false, "Must be the order's, where it is said"),
        .query("accountLabel", isRequired: false, "Must be the order's, where it is said"),
    ]

    private static let word =
        "The order; 202 with the same while the exchange has not said what became of it: ask with GET /trade/order"

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .post, "/trade/market", "Buy or sell at the market, at most 1 % from its best price", tag: "trade",
                answers: .json(.order).or(202, "The exchange has not said what became of it", .order),
                parameters: Self.common + [.body("type", .choice(["market"]), isRequired: false)],
                takesOnlyParameters: true, success: Self.word
            ) { input in Self.answer(try await desk.place(try Self.request(input, price: nil)), status: 201) },
            Endpoint(
                .post, "/trade/limit", "Place a limit order", tag: "trade",
                answers: .json(.order).or(202, "The exchange has not said what became of it", .order),
                parameters: Self.common + [
                    .body("price", .number),
                    .body("postOnly", .boolean, isRequired: false, "Refused instead of trading at once"),
                    .body("type", .choice(["limit"]), isRequired: false),
                    .body(
                        "timeInForce", .choice(["GTC", "IOC", "FOK"]), isRequired: false,
                        "GTC rests until it trades or is cancelled; IOC trades at once what it can, FOK all or nothing"),
                ], takesOnlyParameters: true, success: Self.word
            ) { input in
                Self.answer(
                    try await desk.place(try Self.request(input, price: try Self.decimal(input, "price"))), status: 201)
            },
            Endpoint(
                .post, "/trade/cancel/:orderId/:symbol", "Cancel an order that was placed here", tag: "trade",
                answers: .nothing.or(202, "The exchange has not said so yet", .order),
                parameters: [.path("orderId"), .path("symbol", .string, "URL-encoded, BTC%2FUSDT")] + Self.whose,
                status: 200, success: "It is cancelled; 202 with the order while the exchange has not said so"
            ) { input in
                let order = try await desk.cancel(try Self.name(input))
                return order.status.isFinal ? .empty : .status(202, JSONTree(order))
            },
            Endpoint(
                .get, "/trade/order/:orderId", "An order and what became of it", tag: "trade", answers: .json(.order),
                parameters: [.path("orderId")] + Self.whose, success: "The order"
            ) { input in .json(JSONTree(try await desk.order(try Self.name(input)))) },
        ]
    }

    private static func answer(_ order: DirectOrderView, status: Int) -> Answer {
        .status(order.isOutcomeUnknown ? 202 : status, JSONTree(order))
    }

    private static func request(_ input: EndpointInput, price: FixedDecimal?) throws -> DirectOrderRequest {
        // Left out they have a meaning; empty they are somebody's mistake, and a name that is lost makes two orders of one.
        let rules = [("requestId", "1 to 128 characters long"), ("timeInForce", "GTC, IOC or FOK")]
        for (name, rule) in rules where input.body[name] == .string("") {
            throw APIError.invalid(["\(name) \"\": must be \(rule), or left out"])
        }
        return DirectOrderRequest(
            userID: try input.required("userId"), clientID: try input.required("clientId"),
            exchange: try input.required("exchange"), account: input.text("accountLabel") ?? "default",
            symbol: try input.required("symbol"), side: input.text("side") == "buy" ? .buy : .sell,
            amount: try decimal(input, "amount"), price: price, isPostOnly: input.flag("postOnly"),
            timeInForce: try timeInForce(input), requestID: input.text("requestId"))
    }

    private static func timeInForce(_ input: EndpointInput) throws -> TimeInForce {
        guard let code = input.text("timeInForce") else { return .goodTillCancelled }
        guard let timeInForce = TimeInForce(code: code) else {
            throw APIError.invalid(["timeInForce \(code.prefix(64)): must be GTC, IOC or FOK"])
        }
        return timeInForce
    }

    private static func decimal(_ input: EndpointInput, _ name: String) throws -> FixedDecimal {
        let text = try input.required(name)
        guard let value = try? FixedDecimal(text[...]), value.isPositive else {
            throw APIError.invalid(["\(name) \(text.prefix(64)): must be above 0"])
        }
        return value
    }

    private static func name(_ input: EndpointInput) throws -> DirectOrderName {
        DirectOrderName(
            id: try input.required("orderId"), symbol: input.text("symbol"), exchange: input.text("exchange"),
            account: input.text("accountLabel"))
    }
}

extension JSONTree {
    /// As the trading library of the original shows an order; digits are exact.
    init(_ order: DirectOrderView) {
        let remaining = FixedDecimal(raw: max(0, order.quantity.raw - order.filled.raw))
        let average = order.filled.isPositive ? try? order.cost.divided(by: order.filled, rounding: .halfEven) : nil
        self = .object([
            "id": .string("\(order.id)"), "clientOrderId": .string("\(order.id)"),
            "timestamp": .number(order.createdAt.nanoseconds / 1_000_000), "datetime": .time(order.createdAt),
            "status": .string(Self.word(order)), "exchange": .string("\(order.place.exchange)"),
            "account": .string(order.place.account), "symbol": .string("\(order.place.symbol)"),
            "type": .string(order.type == .market ? "market" : "limit"),
            "timeInForce": .string(order.type == .market ? "IOC" : order.timeInForce.code),
            "postOnly": .bool(order.isPostOnly),
            "side": .string("\(order.side)"), "price": .number(order.price), "amount": .number(order.quantity),
            "filled": .number(order.filled), "remaining": .number(remaining), "cost": .number(order.cost),
            "average": average.map(JSONTree.number) ?? .null,
            "fees": .array(
                order.fees.sorted { $0.key < $1.key }.map { asset, cost in
                    .object(["currency": .string("\(asset)"), "cost": .number(cost)])
                }),
            "userId": order.userID.map(JSONTree.string), "clientId": order.clientID.map(JSONTree.string),
        ])
    }

    /// The library's words, and `unknown` and `canceling` where the exchange has not told.
    private static func word(_ order: DirectOrderView) -> String {
        switch order.status {
        case .pending, .unknown: "unknown"
        case .cancelling: "canceling"
        case .open: "open"
        case .filled: "closed"
        case .cancelled: "canceled"
        case .rejected: "rejected"
        case .expired: order.filled.isPositive ? "closed" : "expired"
        }
    }
}
