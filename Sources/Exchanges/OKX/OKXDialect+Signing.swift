import TradingCore

/// Source: www.okx.com/docs-v5, "REST Authentication" and "WebSocket login".
extension OKXDialect {
    public func sign(
        _ request: EndpointRequest, _ context: SigningContext
    ) throws(ExchangeFailure) -> SignedRequest {
        let isPrivate = request.api.first == Interface.private.rawValue
        guard let root = hosts.rest[isPrivate ? "private" : "public"] else {
            throw ExchangeFailure(.badRequest, exchange: id.rawValue, message: "no host for \(request.api)")
        }
        var url = root + "/" + request.path
        var body: String?
        switch (request.verb, request.payload) {
        case (.get, .fields(let fields)): if !fields.isEmpty { url += "?" + FormEncoding.encoded(fields) }
        case (_, .fields(let fields)): if !fields.isEmpty { body = JSONValue.object(fields).compactText }
        case (_, .list(let list)): body = JSONValue.array(list).compactText
        }
        guard isPrivate else { return SignedRequest(request.verb, url, headers: hosts.headers, body: body) }
        let headers = try signedHeaders(request.verb, url, body, context)
        return SignedRequest(request.verb, url, headers: headers + hosts.headers, body: body)
    }

    private func signedHeaders(
        _ verb: EndpointRequest.Verb, _ url: String, _ body: String?, _ context: SigningContext
    ) throws(ExchangeFailure) -> [SignedRequest.Header] {
        let (credentials, passphrase) = try keys(context)
        let time = UTCTimeText.milliseconds(context.now)
        let text = time + verb.rawValue + OKXDialect.pathAndQuery(url) + (body ?? "")
        var headers = [
            SignedRequest.Header("OK-ACCESS-KEY", credentials.apiKey),
            SignedRequest.Header("OK-ACCESS-PASSPHRASE", passphrase.reveal()),
            SignedRequest.Header("OK-ACCESS-TIMESTAMP", time),
        ]
        if body != nil { headers.append(SignedRequest.Header("Content-Type", "application/json")) }
        let signature = HMACSignature.sha256(text, credentials.secret).base64
        headers.append(SignedRequest.Header("OK-ACCESS-SIGN", signature))
        return headers
    }

    private func keys(
        _ context: SigningContext
    ) throws(ExchangeFailure) -> (ExchangeCredentials, passphrase: Secret) {
        guard let credentials = context.credentials else {
            throw ExchangeFailure(.authenticationError, exchange: id.rawValue, message: "a key is required")
        }
        guard let passphrase = credentials.passphrase, !passphrase.isEmpty else {
            throw ExchangeFailure(
                .authenticationError, exchange: id.rawValue, message: "the key's passphrase is required")
        }
        return (credentials, passphrase)
    }

    /// What is signed of an address: everything behind the host.
    static func pathAndQuery(_ url: String) -> String {
        let rest = url.split(separator: "://", maxSplits: 1).last ?? Substring(url)
        guard let slash = rest.firstIndex(of: "/") else { return "/" }
        return String(rest[slash...])
    }

    /// The frame that logs a private connection in. Its time is in seconds.
    func login(_ context: SigningContext) throws(ExchangeFailure) -> String {
        let (credentials, passphrase) = try keys(context)
        let time = String(context.now / 1_000)
        let signature = HMACSignature.sha256(time + "GET/users/self/verify", credentials.secret).base64
        let key = RequestFields([
            "apiKey": credentials.apiKey, "passphrase": passphrase.reveal(), "timestamp": time, "sign": signature,
        ])
        var frame = RequestFields(["op": "login"])
        frame.put("args", .array([key.object]))
        return frame.object.compactText
    }
}
