import TradingCore

extension MEXCDialect {
    /// Everything goes into the query, whatever the verb, and is signed as it is encoded: HMAC-SHA256, in hexadecimal.
    ///
    /// Source: the documentation's "SIGNED Endpoint security".
    public func sign(
        _ request: EndpointRequest, _ context: SigningContext
    ) throws(ExchangeFailure) -> SignedRequest {
        let root = (hosts.rest["spot"] ?? "") + "/" + request.path
        let query = FormEncoding.encoded(request.fields)
        guard request.api.last == "private" else {
            return SignedRequest(request.verb, root + (query.isEmpty ? "" : "?" + query), headers: hosts.headers)
        }
        guard let credentials = context.credentials else {
            throw ExchangeFailure(
                .authenticationError, exchange: id.rawValue, endpoint: request.endpoint, message: "no API key")
        }
        let window = min(context.receiveWindow, options.receiveWindow)
        let text = (query.isEmpty ? "" : query + "&") + "timestamp=\(context.now)&recvWindow=\(window)"
        let signature = HMACSignature.sha256(text, credentials.secret).hex
        var headers = [SignedRequest.Header("X-MEXC-APIKEY", credentials.apiKey)]
        if request.verb != .get { headers.append(.init("Content-Type", "application/json")) }
        return SignedRequest(
            request.verb, root + "?" + text + "&signature=" + signature, headers: headers + hosts.headers)
    }
}
