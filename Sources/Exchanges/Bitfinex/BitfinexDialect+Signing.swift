import TradingCore

extension BitfinexDialect {
    /// Public calls carry a query; all others are POST with a JSON body, signed by HMAC-SHA384 over path, nonce and body.
    ///
    /// The nonce must be higher than any before with the same key.
    /// Source: docs.bitfinex.com, "REST - Authenticated Endpoints".
    public func sign(
        _ request: EndpointRequest, _ context: SigningContext
    ) throws(ExchangeFailure) -> SignedRequest {
        guard request.api.first == "private" else {
            let root = hosts.rest["public"] ?? ""
            let query = request.fields.isEmpty ? "" : "?" + FormEncoding.encoded(request.fields)
            return SignedRequest(request.verb, root + "/" + request.path + query, headers: hosts.headers)
        }
        guard let credentials = context.credentials else {
            throw ExchangeFailure(
                .authenticationError, exchange: id.rawValue, endpoint: request.endpoint, message: "no API key")
        }
        let body = JSONValue.object(request.fields).compactText
        let nonce = String(context.nonce)
        let text = "/api/v2/" + request.path + nonce + body
        return SignedRequest(
            request.verb, (hosts.rest["private"] ?? "") + "/" + request.path,
            headers: [
                .init("bfx-nonce", nonce), .init("bfx-apikey", credentials.apiKey),
                .init("bfx-signature", HMACSignature.sha384(text, credentials.secret).hex),
                .init("Content-Type", "application/json"),
            ] + hosts.headers, body: body)
    }

    /// The login of a private stream.
    /// - Parameter cancelsOnDisconnect: flag 4, the dead man's switch.
    static func login(
        _ credentials: ExchangeCredentials, nonce: Int64, cancelsOnDisconnect: Bool
    ) -> String {
        let payload = "AUTH\(nonce)"
        var fields: [JSONValue.Member] = [
            .init(key: "event", value: .string("auth")), .init(key: "apiKey", value: .string(credentials.apiKey)),
            .init(key: "authSig", value: .string(HMACSignature.sha384(payload, credentials.secret).hex)),
            .init(key: "authNonce", value: .number(String(nonce))),
            .init(key: "authPayload", value: .string(payload)),
        ]
        if cancelsOnDisconnect { fields.append(.init(key: "dms", value: .number("4"))) }
        return JSONValue.object(fields).compactText
    }
}
