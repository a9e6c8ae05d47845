import TradingCore

extension MEXCDialect {
    /// Errors are `{"code":…,"msg":"…"}`; codes 0 and 200 are none.
    public func failure(in answer: EndpointAnswer, to request: EndpointRequest) -> ExchangeFailure? {
        let retryAfter = answer.header("Retry-After").flatMap { Int64($0) }.flatMap { seconds -> Int64? in
            (0...86_400).contains(seconds) ? seconds * 1_000 : nil
        }
        let body = answer.body.withUnsafeBytes { try? JSONValue(utf8: $0) }
        if let code = body?.text("code"), code != "0", code != "200" {
            let message = body?.text("msg") ?? body?.text("message") ?? ""
            return ExchangeFailure(
                Self.kind(code, message, request, answer.status), code: code, message: message, retryAfter: retryAfter)
        }
        guard let kind = ExchangeFailure.Kind(httpStatus: answer.status) else { return nil }
        return ExchangeFailure(
            kind, message: body?.text("msg") ?? "HTTP \(answer.status)", retryAfter: retryAfter)
    }

    private static func kind(
        _ code: String, _ message: String, _ request: EndpointRequest, _ status: Int
    ) -> ExchangeFailure.Kind {
        // "Unknown order sent": of a call that names an order, there is none.
        if code == "-2011", request.path == "order", request.verb != .post { return .orderNotFound }
        // "Internal error" of a call that changes orders says nothing about whether it was done.
        let isPlacement = request.costs.contains { $0.limit == "orders" }
        let movesMoney = request.path.hasPrefix("capital/withdraw")
        if code == "500", isPlacement || movesMoney || request.verb == .delete { return .operationFailed }
        if let known = codes[code] { return known }
        let lowered = message.lowercased()
        return texts.first { lowered.contains($0.fragment) }?.kind ?? .exchangeError
    }

    static func kind(ofCode code: String, _ message: String) -> ExchangeFailure.Kind {
        kind(
            code, message, EndpointRequest(.post, ["spot", "private"], "batchOrders", costs: [RateCost("orders")]), 400)
    }

    /// Source: the documentation's "Error Codes".
    private static let codes: [String: ExchangeFailure.Kind] = [
        "-1121": .badSymbol, "-1128": .badRequest, "-2011": .badRequest, "-2013": .orderNotFound,
        "400": .badRequest, "401": .authenticationError, "403": .permissionDenied, "429": .rateLimitExceeded,
        "500": .exchangeError, "503": .exchangeNotAvailable, "504": .requestTimeout, "510": .rateLimitExceeded,
        "602": .authenticationError, "1000": .authenticationError, "1001": .badSymbol, "2005": .insufficientFunds,
        "10001": .authenticationError, "10007": .badSymbol, "10015": .badRequest, "10072": .badRequest,
        "10073": .badRequest, "10095": .invalidOrder, "10096": .invalidOrder, "10097": .invalidOrder,
        "10101": .insufficientFunds,
        "10102": .invalidOrder, "10216": .exchangeError, "10232": .badSymbol, "20001": .exchangeError,
        "30000": .exchangeError, "30001": .invalidOrder, "30002": .invalidOrder, "30003": .invalidOrder,
        "30004": .insufficientFunds, "30005": .insufficientFunds, "30010": .invalidOrder, "30014": .invalidOrder,
        "30016": .invalidOrder, "30018": .accountSuspended, "30019": .badRequest, "30020": .authenticationError,
        "30021": .badRequest, "30025": .invalidOrder, "30026": .badRequest, "30027": .invalidOrder,
        "30028": .invalidOrder, "30029": .invalidOrder, "30032": .invalidOrder, "30041": .invalidOrder,
        "33333": .badRequest, "44444": .badRequest, "88004": .insufficientFunds, "88009": .exchangeError,
        "88010": .exchangeError, "700001": .authenticationError, "700002": .authenticationError,
        "700003": .invalidNonce, "700004": .badRequest, "700005": .invalidNonce, "700006": .badRequest,
        "700007": .authenticationError, "700008": .badRequest, "700013": .authenticationError,
        "730002": .badRequest, "730003": .exchangeError, "730100": .exchangeError,
        // Sub-accounts, transfers and contracts
        "402": .authenticationError, "140002": .authenticationError,
        "406": .permissionDenied, "511": .permissionDenied, "701": .permissionDenied, "702": .permissionDenied,
        "703": .permissionDenied, "704": .permissionDenied, "70011": .permissionDenied,
        "501": .exchangeNotAvailable,
        "513": .badRequest, "601": .badRequest, "603": .badRequest, "2011": .badRequest,
        "600": .badRequest, "10099": .badRequest, "10100": .badRequest, "10200": .badRequest,
        "10201": .badRequest, "10202": .badRequest, "10206": .badRequest, "10211": .badRequest,
        "10212": .badRequest, "10222": .badRequest, "10268": .badRequest, "22222": .badRequest,
        "730001": .badRequest, "730600": .badRequest, "730601": .badRequest, "730602": .badRequest,
        "730700": .badRequest, "730701": .badRequest, "730702": .badRequest, "730703": .badRequest,
        "730704": .badRequest, "730705": .badRequest, "730706": .badRequest, "730707": .badRequest,
        "730101": .badRequest, "140001": .badRequest,
        "604": .onMaintenance, "801": .onMaintenance, "11444": .onMaintenance,
        "2009": .invalidOrder, "1002": .invalidOrder, "2003": .invalidOrder, "88013": .invalidOrder,
        "10098": .invalidOrder, "30087": .invalidOrder,
        "88015": .insufficientFunds,
    ]

    private static let texts: [(fragment: String, kind: ExchangeFailure.Kind)] = [
        ("insufficient balance", .insufficientFunds), ("insufficient position", .insufficientFunds),
        ("oversold", .insufficientFunds), ("invalid symbol", .badSymbol), ("unknown order", .orderNotFound),
        ("too many requests", .rateLimitExceeded), ("market order is disabled", .badRequest),
        ("combination of optional parameters invalid", .badRequest), ("quantity error", .badRequest),
        ("bid price is great than max allow price", .invalidOrder), ("not allow place order", .invalidOrder),
    ]
}
