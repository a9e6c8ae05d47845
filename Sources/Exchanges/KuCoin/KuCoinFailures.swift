import TradingCore

extension KuCoinDialect {
    /// Good answers are `{"code": "200000", "data": …}`; others carry `msg`, which says more than the code.
    /// Source: docs-new, "Error code".
    public func failure(in answer: EndpointAnswer, to request: EndpointRequest) -> ExchangeFailure? {
        let body = answer.body.withUnsafeBytes { try? JSONValue(utf8: $0) }
        if let code = body?.text("code") {
            if code == "200000" || code == "200" { return nil }
            let message = body?.text("msg") ?? ""
            let kind = KuCoinDialect.kind(code: code, message: message)
            return ExchangeFailure(
                kind, code: code, message: message,
                retryAfter: kind == .rateLimitExceeded ? KuCoinDialect.reset(answer) : nil)
        }
        guard let kind = ExchangeFailure.Kind(httpStatus: answer.status) else { return nil }
        return ExchangeFailure(
            kind, message: String(decoding: answer.body.prefix(200), as: UTF8.self),
            retryAfter: kind == .rateLimitExceeded ? KuCoinDialect.reset(answer) : nil)
    }

    static func kind(code: String, message: String) -> ExchangeFailure.Kind {
        if let kind = messages[message] { return kind }
        if message.hasSuffix("increment invalid.") || message.hasPrefix("Order size below the minimum") {
            return .invalidOrder
        }
        return codes[code] ?? .exchangeError
    }

    private static let messages: [String: ExchangeFailure.Kind] = [
        "Order not exist or not allow to be cancelled": .orderNotFound, "The order does not exist.": .orderNotFound,
        "order not exist": .orderNotFound, "order not exist.": .orderNotFound, "order_not_exist": .orderNotFound,
        "order_not_exist_or_not_allow_to_cancel": .invalidOrder,
        "The quantity is below the minimum requirement.": .invalidOrder, "Unsupported trading pair.": .badSymbol,
        "The withdrawal amount is below the minimum requirement.": .exchangeError,
        "Unsuccessful! Exceeded the max. funds out-transfer limit": .insufficientFunds,
        "The amount increment is invalid.": .badRequest, "disconnect": .exchangeNotAvailable,
        // In a batch an order is refused without a code.
        "Balance insufficient!": .insufficientFunds,
        "Duplicate clientOid": .duplicateOrderId, "clientOid duplicated": .duplicateOrderId,
    ]

    private static let codes: [String: ExchangeFailure.Kind] = [
        "400": .badRequest, "401": .authenticationError, "403": .notSupported, "404": .notSupported,
        "405": .notSupported, "415": .notSupported, "429": .rateLimitExceeded, "500": .exchangeNotAvailable,
        "503": .exchangeNotAvailable,
        // Money
        "200004": .insufficientFunds, "210021": .insufficientFunds, "230003": .insufficientFunds,
        "260100": .insufficientFunds, "300003": .insufficientFunds, "600100": .insufficientFunds,
        // Orders
        "100001": .orderNotFound, "210014": .invalidOrder, "300000": .invalidOrder, "400200": .invalidOrder,
        "400330": .invalidOrder, "400350": .invalidOrder, "400370": .invalidOrder, "400760": .invalidOrder,
        "600101": .invalidOrder, "103000": .invalidOrder, "130101": .badRequest,
        // Who asked
        "400001": .authenticationError, "400002": .invalidNonce, "400003": .authenticationError,
        "400004": .authenticationError, "400005": .authenticationError, "400006": .authenticationError,
        "400007": .authenticationError, "400008": .notSupported, "400401": .authenticationError,
        "400303": .permissionDenied, "400500": .restrictedLocation, "411100": .accountSuspended,
        "101030": .permissionDenied,
        // What was asked
        "400000": .badSymbol, "400600": .badSymbol, "400100": .badRequest, "400400": .badRequest,
        "401000": .badRequest, "408000": .requestTimeout, "415000": .badRequest, "900014": .badRequest,
        "900001": .badSymbol, "260000": .invalidAddress, "260220": .invalidAddress, "260210": .invalidAddress,
        // Other products of an account
        "112010": .permissionDenied, "130201": .permissionDenied, "130302": .permissionDenied,
        "126005": .permissionDenied, "126047": .permissionDenied, "126048": .permissionDenied,
        "130103": .orderNotFound, "130108": .orderNotFound, "126043": .orderNotFound,
        "130105": .insufficientFunds, "130203": .insufficientFunds, "130301": .insufficientFunds,
        "126013": .insufficientFunds, "330008": .insufficientFunds,
        "130106": .notSupported, "130303": .notSupported, "130304": .notSupported,
        "130305": .notSupported, "130306": .notSupported, "130307": .notSupported,
        "130315": .notSupported, "126001": .notSupported, "126021": .notSupported,
        "126045": .notSupported, "126046": .notSupported, "404000": .notSupported,
        "130204": .badRequest, "100004": .badRequest,
        "130308": .invalidOrder, "130309": .invalidOrder, "130311": .invalidOrder,
        "130312": .invalidOrder, "130313": .invalidOrder, "130314": .invalidOrder,
        "126003": .invalidOrder, "126022": .invalidOrder, "126027": .invalidOrder,
        "126028": .invalidOrder, "126029": .invalidOrder, "126030": .invalidOrder,
        "126033": .invalidOrder, "126034": .invalidOrder, "126036": .invalidOrder,
        "126044": .invalidOrder, "330012": .invalidOrder, "330005": .invalidOrder,
        "300012": .invalidOrder, "300009": .invalidOrder,
        // KuCoin itself
        "429000": .rateLimitExceeded, "500000": .exchangeNotAvailable,
    ]
}
