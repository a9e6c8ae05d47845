import Crypto
import TradingCore

extension GateDialect {
    /// Signs `METHOD`, path, query without percent signs, hash of the body and time, a line each.
    public func sign(
        _ request: EndpointRequest, _ context: SigningContext
    ) throws(ExchangeFailure) -> SignedRequest {
        let isPrivate = request.api.first == "private"
        let section = request.api.dropFirst().first ?? ""
        // Withdrawals stand at the root.
        let path =
            section.isEmpty || section == "withdrawals" ? "/" + request.path : "/" + section + "/" + request.path
        guard let host = hosts.rest[isPrivate ? "private" : "public"] else {
            throw ExchangeFailure(.badRequest, message: "no address of the interface \(request.api)")
        }
        var url = host + path
        let hasQuery = request.verb == .get || request.verb == .delete || request.verb == .patch
        let query = hasQuery ? FormEncoding.raw(request.fields) : ""
        if !query.isEmpty { url += "?" + FormEncoding.encoded(request.fields) }
        let body = GateDialect.body(of: request)
        guard isPrivate else { return SignedRequest(request.verb, url, headers: hosts.headers, body: body) }
        guard let credentials = context.credentials else {
            throw ExchangeFailure(.authenticationError, message: "an API key and its secret are required")
        }
        let seconds = String(context.now / 1_000)
        let signed = [
            request.verb.rawValue, GateDialect.pathOnly(url), query, GateDialect.sha512(body ?? ""), seconds,
        ].joined(separator: "\n")
        var headers: [SignedRequest.Header] = [
            .init("KEY", credentials.apiKey), .init("Timestamp", seconds),
            .init("SIGN", HMACSignature.sha512(signed, credentials.secret).hex),
            .init("Content-Type", "application/json"),
        ]
        if refusesLateOrders, request.costs.first?.limit == GateLimit.place.rawValue {
            headers.append(.init("X-Gate-Exptime", String(context.now &+ context.receiveWindow)))
        }
        return SignedRequest(request.verb, url, headers: headers + hosts.headers, body: body)
    }

    private static func body(of request: EndpointRequest) -> String? {
        switch request.verb {
        case .get, .delete: return nil
        case .post, .put, .patch:
            switch request.payload {
            case .fields(let fields): return JSONValue.object(fields).compactText
            case .list(let list): return JSONValue.array(list).compactText
            }
        }
    }

    /// From the first slash after the host to the query.
    private static func pathOnly(_ url: String) -> String {
        let withoutQuery = url.prefix { $0 != "?" }
        guard let host = withoutQuery.firstRange(of: "://") else { return String(withoutQuery) }
        return String(withoutQuery[host.upperBound...].drop { $0 != "/" })
    }

    private static func sha512(_ text: String) -> String { Array(SHA512.hash(data: Array(text.utf8))).hex }
}
