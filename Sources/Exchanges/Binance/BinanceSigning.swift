import TradingCore

extension BinanceDialect {
    /// HMAC-SHA256 over query or form body, in hexadecimal, as the last parameter.
    /// Source: "Request Security", "SIGNED endpoint examples".
    public func sign(_ request: EndpointRequest, _ context: SigningContext) throws(ExchangeFailure) -> SignedRequest {
        let interface = request.api.first ?? "public"
        guard let root = hosts.rest[interface] else {
            throw ExchangeFailure(
                .notSupported, exchange: id.rawValue, endpoint: request.endpoint, message: "no host for \(interface)")
        }
        let url = root + "/" + request.path
        if interface == "public" || request.path == Self.statusPath {
            let query = FormEncoding.encoded(request.fields)
            return SignedRequest(request.verb, query.isEmpty ? url : url + "?" + query, headers: hosts.headers)
        }
        guard let credentials = context.credentials else {
            throw ExchangeFailure(
                .authenticationError, exchange: id.rawValue, endpoint: request.endpoint, message: "a key is required")
        }
        let signed = Self.signed(request, context, credentials)
        let key = SignedRequest.Header("X-MBX-APIKEY", credentials.apiKey)
        switch request.verb {
        case .get, .delete: return SignedRequest(request.verb, url + "?" + signed, headers: hosts.headers + [key])
        case .post, .put, .patch:
            let type = SignedRequest.Header("Content-Type", "application/x-www-form-urlencoded")
            return SignedRequest(request.verb, url, headers: hosts.headers + [key, type], body: signed)
        }
    }

    private static func signed(
        _ request: EndpointRequest, _ context: SigningContext, _ credentials: ExchangeCredentials
    ) -> String {
        let fields =
            [JSONValue.Member(key: "timestamp", value: .number(String(context.now)))] + request.fields
            + [JSONValue.Member(key: "recvWindow", value: .number(String(context.receiveWindow)))]
        let text =
            request.path == withdrawalPath && fields.allSatisfy { isPlain(FormEncoding.plain($0.value)) }
            ? FormEncoding.raw(fields) : FormEncoding.encoded(fields)
        return text + "&signature=" + HMACSignature.sha256(text, credentials.secret).hex
    }

    /// The one call of the wallet interface that takes no signature.
    static let statusPath = "system/status"
    static let withdrawalPath = "capital/withdraw/apply"

    /// Whether a form means the same with and without percent signs: the wallet interface is known to have checked
    /// withdrawals' signatures over the plain text.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case 0x21...0x7E:
                byte != UInt8(ascii: "&") && byte != UInt8(ascii: "=") && byte != UInt8(ascii: "+")
                    && byte != UInt8(ascii: "%") && byte != UInt8(ascii: "#")
            default: false
            }
        }
    }

    /// A signed request of the WebSocket API: parameters sorted by name and not encoded, then signed likewise.
    /// Source: "WebSocket API", "Request security".
    /// - Parameter fields: without `apiKey`, `timestamp`, `recvWindow` and `signature`.
    static func socketRequest(
        _ requestID: String, _ method: String, _ fields: [JSONValue.Member], _ context: SigningContext
    ) throws(ExchangeFailure) -> String {
        guard let credentials = context.credentials else {
            throw ExchangeFailure(
                .authenticationError, exchange: BinanceInstruments.exchange.rawValue, endpoint: method,
                message: "a key is required")
        }
        let sorted =
            (fields + [
                JSONValue.Member(key: "apiKey", value: .string(credentials.apiKey)),
                JSONValue.Member(key: "recvWindow", value: .number(String(context.receiveWindow))),
                JSONValue.Member(key: "timestamp", value: .number(String(context.now))),
            ]).sorted { $0.key < $1.key }
        let signature = HMACSignature.sha256(FormEncoding.raw(sorted), credentials.secret).hex
        return JSONValue.object([
            JSONValue.Member(key: "id", value: .string(requestID)),
            JSONValue.Member(key: "method", value: .string(method)),
            JSONValue.Member(
                key: "params", value: .object(sorted + [JSONValue.Member(key: "signature", value: .string(signature))])),
        ]).compactText
    }
}
