import TradingCore

extension BitfinexDialect {
    /// Errors come as `["error",code,"text"]`, mostly with status 500; some as an object with `error`.
    public func failure(in answer: EndpointAnswer, to request: EndpointRequest) -> ExchangeFailure? {
        let body = answer.body.withUnsafeBytes { try? JSONValue(utf8: $0) }
        if let body, body[0] == .string("error") {
            return Self.failure(code: body.text(1), message: body.text(2) ?? "", status: answer.status)
        }
        if let error = body?.text("error") {
            let details = [error, body?.text("error_description") ?? body?.text("message")].compactMap { $0 }
            return Self.failure(code: nil, message: details.joined(separator: ": "), status: answer.status)
        }
        guard let kind = ExchangeFailure.Kind(httpStatus: answer.status) else { return nil }
        return ExchangeFailure(
            kind, message: "HTTP \(answer.status)", retryAfter: kind == .rateLimitExceeded ? Self.blockTime : nil)
    }

    /// How long an address is shut out that asked too often, milliseconds.
    static let blockTime: Int64 = 60_000

    /// What a code and its text mean. The text is looked at first: 10001 stands for nearly everything.
    static func failure(code: String?, message: String, status: Int? = nil) -> ExchangeFailure {
        let lowered = message.lowercased()
        let byText = texts.first { lowered.contains($0.fragment) }?.kind
        let byCode = code.flatMap { codes[$0] }
        let byStatus = code == nil ? status.flatMap { ExchangeFailure.Kind(httpStatus: $0) } : nil
        let kind = byText ?? byCode ?? byStatus ?? .exchangeError
        return ExchangeFailure(
            kind, code: code, message: message, retryAfter: kind == .rateLimitExceeded ? blockTime : nil)
    }

    private static let texts: [(fragment: String, kind: ExchangeFailure.Kind)] = [
        ("not enough exchange balance", .insufficientFunds), ("available balance is only", .insufficientFunds),
        ("not enough tradable balance", .insufficientFunds), ("order not found", .orderNotFound),
        ("symbol: invalid", .badSymbol), ("temporarily_unavailable", .exchangeNotAvailable),
        ("nonce: small", .invalidNonce), ("err_rate_limit", .rateLimitExceeded),
        ("ratelimit: error", .rateLimitExceeded),
    ]

    private static let codes: [String: ExchangeFailure.Kind] = [
        "10001": .permissionDenied, "10020": .badRequest, "10100": .authenticationError, "10114": .invalidNonce,
        "11010": .rateLimitExceeded, "20060": .onMaintenance,
    ]

    /// The content of a notification: `[time, kind, id, null, content, code, status, text]`. A request can be refused with
    /// HTTP status 200, and only this says so.
    static func content(of notification: JSONValue) throws -> JSONValue {
        let status = notification.text(6) ?? ""
        guard status == "SUCCESS" else {
            guard notification.elements != nil else {
                throw UnreadableAnswer("answer", expected: "a notification", found: notification.compactText)
            }
            // An order that is refused is said so by 10001, which here is not a matter of permissions.
            var failure = failure(code: nil, message: notification.text(7) ?? status)
            failure.code = notification.text(5)
            if failure.kind == .exchangeError, let code = failure.code, code != "10001", let kind = codes[code] {
                failure.kind = kind
            }
            throw failure
        }
        guard let content = notification[4], !content.isNull else {
            throw UnreadableAnswer("[4]", expected: "a notification's content", found: notification.compactText)
        }
        return content
    }
}
