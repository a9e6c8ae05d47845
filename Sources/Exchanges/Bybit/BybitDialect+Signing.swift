import TradingCore

/// Source: bybit-exchange.github.io/docs/v5/guide, "Authentication"; /v5/ws/connect.
extension BybitDialect {
    public func sign(
        _ request: EndpointRequest, _ context: SigningContext
    ) throws(ExchangeFailure) -> SignedRequest {
        let isPrivate = request.api.first == Interface.private.rawValue
        guard let root = hosts.rest[isPrivate ? "private" : "public"] else {
            throw ExchangeFailure(.badRequest, exchange: id.rawValue, message: "no host for \(request.api)")
        }
        var url = root + "/" + request.path
        let fields = timed(request, context)
        // Cursors come encoded and have to go back as they are.
        let query = request.verb == .get ? FormEncoding.raw(fields) : ""
        // Of a private call the mark stands also before nothing, as it is in the recorded requests.
        if isPrivate && request.verb == .get || !query.isEmpty { url += "?" + query }
        let body = request.verb == .get ? nil : JSONValue.object(fields).compactText
        guard isPrivate else { return SignedRequest(request.verb, url, headers: hosts.headers, body: body) }
        guard let credentials = context.credentials else {
            throw ExchangeFailure(.authenticationError, exchange: id.rawValue, message: "a key is required")
        }
        let (time, window) = (String(context.now), String(context.receiveWindow))
        let text = time + credentials.apiKey + window + (body ?? query)
        let headers = [
            SignedRequest.Header("Content-Type", "application/json"),
            SignedRequest.Header("X-BAPI-API-KEY", credentials.apiKey),
            SignedRequest.Header("X-BAPI-TIMESTAMP", time), SignedRequest.Header("X-BAPI-RECV-WINDOW", window),
            SignedRequest.Header("X-BAPI-SIGN", HMACSignature.sha256(text, credentials.secret).hex),
        ]
        return SignedRequest(request.verb, url, headers: headers + hosts.headers, body: body)
    }

    /// A withdrawal names its time also in the body, against being played again.
    private func timed(_ request: EndpointRequest, _ context: SigningContext) -> [JSONValue.Member] {
        let fields = request.fields
        guard request.path == BybitDialect.withdrawalPath, !fields.contains(where: { $0.key == "timestamp" }) else {
            return fields
        }
        return fields + [JSONValue.Member(key: "timestamp", value: .number(String(context.now)))]
    }

    /// The frame that logs a private connection in.
    func login(_ context: SigningContext) throws(ExchangeFailure) -> String {
        guard let credentials = context.credentials else {
            throw ExchangeFailure(.authenticationError, exchange: id.rawValue, message: "a key is required")
        }
        let expires = String(context.now.saturatingAdd(context.receiveWindow))
        let signature = HMACSignature.sha256("GET/realtime" + expires, credentials.secret).hex
        var frame = RequestFields(["op": "auth"])
        frame.put("args", .array([.string(credentials.apiKey), .number(expires), .string(signature)]))
        return frame.object.compactText
    }
}
