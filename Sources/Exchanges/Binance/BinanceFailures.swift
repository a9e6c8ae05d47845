import TradingCore

extension BinanceDialect {
    /// The body first (`{"code":-1013,"msg":"…"}`): its message, then its code; then the HTTP status.
    /// Source: "Error Codes".
    public func failure(in answer: EndpointAnswer, to request: EndpointRequest) -> ExchangeFailure? {
        let body = answer.body.withUnsafeBytes { try? JSONValue(utf8: $0) }
        let (code, message) = Self.told(in: body)
        let said = message ?? Self.excerpt(answer.body)
        let words = said.isEmpty ? "HTTP \(answer.status) without a word" : said
        let wait = answer.header("Retry-After").flatMap { Int64($0) }.map { $0 &* 1_000 }
        func failure(_ kind: ExchangeFailure.Kind) -> ExchangeFailure {
            ExchangeFailure(kind, code: code.map { String($0) }, message: words, retryAfter: wait)
        }
        // Both tell to stay away, whatever the body says; 418 is a ban.
        if answer.status == 418 || answer.status == 429 { return failure(.ddosProtection) }
        if let code, code != 0, code != 200 {
            return Self.replacement(in: body, code) ?? failure(Self.kind(code, message ?? ""))
        }
        if body?.bool("success") == false {
            return failure(message.flatMap { Self.kind(ofMessage: $0) } ?? .exchangeError)
        }
        if let kind = ExchangeFailure.Kind(httpStatus: answer.status) { return failure(kind) }
        return body == nil ? failure(.badResponse) : nil
    }

    /// Code and message of an answer; of a list with one element the element's.
    private static func told(in body: JSONValue?) -> (Int64?, String?) {
        guard let body else { return (nil, nil) }
        let holder = body.elements?.count == 1 ? body[0] ?? body : body
        let code = (try? holder.integer("code")) ?? nil
        return (code, holder.text("msg") ?? holder.text("message"))
    }

    private static func excerpt(_ body: [UInt8]) -> String { String(decoding: body.prefix(200), as: UTF8.self) }

    /// Why a cancel-and-replace went wrong is said in its parts: -2022 nothing was done, -2021 the old order is gone and
    /// the new one was refused.
    private static func replacement(in body: JSONValue?, _ code: Int64) -> ExchangeFailure? {
        guard code == -2021 || code == -2022, let data = body?["data"] else { return nil }
        let isGone = data.text("cancelResult") == "SUCCESS"
        let part = isGone ? data["newOrderResponse"] : data["cancelResponse"]
        guard let part, let inner = (try? part.integer("code")) ?? nil else { return nil }
        let message = part.text("msg") ?? ""
        return ExchangeFailure(
            kind(inner, message), code: String(inner),
            message: (isGone ? "cancelled, and not replaced: " : "neither cancelled nor replaced: ") + message)
    }

    static func kind(_ code: Int64, _ message: String) -> ExchangeFailure.Kind {
        kind(ofMessage: message) ?? kind(ofCode: code)
    }

    /// Words tell more than the code where one code stands for many causes (-1013, -2010).
    static func kind(ofMessage message: String) -> ExchangeFailure.Kind? {
        if let kind = wholeMessages[message] { return kind }
        for (fragment, kind) in fragments where message.contains(fragment) { return kind }
        return nil
    }

    private static let wholeMessages: [String: ExchangeFailure.Kind] = [
        "System is under maintenance.": .onMaintenance,
        "System abnormality": .operationFailed,
        "API key does not exist": .authenticationError,
        "Order would trigger immediately.": .orderImmediatelyFillable,
        "Stop price would trigger immediately.": .orderImmediatelyFillable,
        "Order would immediately match and take.": .orderImmediatelyFillable,
        "Account has insufficient balance for requested action.": .insufficientFunds,
        "Rest API trading is not enabled.": .permissionDenied,
        "This account may not place or cancel orders.": .permissionDenied,
        "You don't have permission.": .permissionDenied,
        "Market is closed.": .marketClosed,
        "Too many requests. Please try again later.": .rateLimitExceeded,
        "This type of sub-account exceeds the maximum number limit": .operationRejected,
    ]

    private static let fragments: [(String, ExchangeFailure.Kind)] = [
        ("Price * QTY is zero or less", .invalidOrder),
        ("LOT_SIZE", .invalidOrder),
        ("PRICE_FILTER", .invalidOrder),
        ("PERCENT_PRICE_BY_SIDE", .invalidOrder),
        ("has no operation privilege", .permissionDenied),
        ("MAX_POSITION", .badRequest),
    ]

    private static func kind(ofCode code: Int64) -> ExchangeFailure.Kind {
        switch code {
        // Nobody knows whether it was carried out.
        case -1000, -1001, -1006, -1008, -1010, -1112: .operationFailed
        case -1007: .requestTimeout
        case -1021: .invalidNonce
        case -1003, -1015: .rateLimitExceeded
        case -1002, -1022, -1099, -1125, -2008, -2014, -2015: .authenticationError
        case -1004, -2016: .operationRejected
        case -1014, -2010: .invalidOrder
        case -2011, -2013: .orderNotFound
        case -1108, -1121: .badSymbol
        case -1013, -1016, -1020, -1106 ... -1100, -1111, -1120 ... -1114, -1127, -1128, -1130, -4026:
            .badRequest
        default: .exchangeError
        }
    }
}
