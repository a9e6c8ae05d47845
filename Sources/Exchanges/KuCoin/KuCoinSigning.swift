import TradingCore

extension KuCoinDialect {
    /// Signs time, verb, path with its query as it reads without percent signs, and body.
    /// Source: docs-new, "Authentication".
    public func sign(
        _ request: EndpointRequest, _ context: SigningContext
    ) throws(ExchangeFailure) -> SignedRequest {
        let api = request.api.first ?? "public"
        let isPrivate = api == "private" || api == "utaPrivate"
        guard let host = hosts.rest[isPrivate ? "private" : "public"] else {
            throw ExchangeFailure(.badRequest, message: "no address of the interface \(request.api)")
        }
        let root = api.hasPrefix("uta") ? "/api/ua/v1/" : "/api/\(KuCoinDialect.version(of: request))/"
        let path = root + request.path
        let hasQuery = request.verb == .get || request.verb == .delete
        var (sent, signed) = (path, path)
        if hasQuery, !request.fields.isEmpty {
            sent += "?" + FormEncoding.encoded(request.fields)
            signed += "?" + FormEncoding.raw(request.fields)
        }
        let body = hasQuery ? nil : KuCoinDialect.body(of: request)
        var headers: [SignedRequest.Header] = []
        if isPrivate {
            headers = try KuCoinDialect.authentication(request.verb.rawValue + signed + (body ?? ""), context)
        }
        if body != nil { headers.append(.init("Content-Type", "application/json")) }
        return SignedRequest(request.verb, host + sent, headers: headers + hosts.headers, body: body)
    }

    private static func authentication(
        _ text: String, _ context: SigningContext
    ) throws(ExchangeFailure) -> [SignedRequest.Header] {
        guard let credentials = context.credentials, let passphrase = credentials.passphrase else {
            throw ExchangeFailure(
                .authenticationError, message: "an API key, its secret and its passphrase are required")
        }
        let time = String(context.now)
        return [
            .init("KC-API-KEY-VERSION", "2"), .init("KC-API-KEY", credentials.apiKey),
            .init("KC-API-TIMESTAMP", time),
            .init(
                "KC-API-PASSPHRASE", HMACSignature.sha256(passphrase.reveal(), credentials.secret).base64),
            .init("KC-API-SIGN", HMACSignature.sha256(time + text, credentials.secret).base64),
        ]
    }

    private static func body(of request: EndpointRequest) -> String? {
        switch request.payload {
        case .fields(let fields): fields.isEmpty ? nil : JSONValue.object(fields).compactText
        case .list(let list): JSONValue.array(list).compactText
        }
    }

    /// Most calls are of the first version.
    private static func version(of request: EndpointRequest) -> String {
        switch (request.verb, request.path) {
        case (.get, "symbols"): "v2"
        case (.get, "currencies"), (.get, "market/orderbook/level2"), (.post, "withdrawals"),
            (.post, "deposit-address/create"):
            "v3"
        case (.get, let path) where path.hasPrefix("symbols/"): "v2"
        case (.get, let path) where path.hasPrefix("currencies/"): "v3"
        default: "v1"
        }
    }
}
