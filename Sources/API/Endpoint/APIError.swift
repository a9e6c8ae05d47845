import MarketMaking

/// A refusal in the original's envelope.
struct APIError: Error, Hashable {
    var status: Int
    var body: JSONTree
    /// In how many seconds the same may succeed; nil where waiting is no help.
    var retryAfter: Int?

    /// An exception with a text of its own.
    static func typed(_ status: Int, _ message: String) -> APIError {
        APIError(
            status: status,
            body: .object([
                "message": .string(message), "error": .string(reason(status)), "statusCode": .number(status),
            ]))
    }

    /// What validation found, one line each.
    static func invalid(_ messages: [String]) -> APIError {
        APIError(
            status: 400,
            body: .object([
                "message": .array(messages.map(JSONTree.string)), "error": .string("Bad Request"),
                "statusCode": .number(400),
            ]))
    }

    static func plain(_ status: Int, _ message: String) -> APIError {
        APIError(status: status, body: .object(["statusCode": .number(status), "message": .string(message)]))
    }

    static let unauthorized = APIError(
        status: 401, body: .object(["message": .string("Unauthorized"), "statusCode": .number(401)]))
    static let tooLarge = plain(413, "request entity too large")

    static func tooManyRequests(retryAfter: Int) -> APIError {
        var error = plain(429, "ThrottlerException: Too Many Requests")
        error.retryAfter = retryAfter
        return error
    }

    static let fault = plain(500, "Internal server error")

    static func unknownRoute(_ method: String, _ path: String) -> APIError { typed(404, "Cannot \(method) \(path)") }

    /// What the desk would not, as HTTP says it.
    init(_ error: DeskError) {
        switch error {
        case .invalid(let messages): self = .invalid(messages)
        case .unknownStrategy(let key): self = .typed(404, "Strategy \(key.prefix(300)) not found")
        case .unknownExchange(let name): self = .typed(404, "Exchange \(name) not found")
        case .unknownInstrument(let symbol, let exchange):
            self = .invalid(["symbol \(symbol.prefix(64)): must be a pair that is traded on \(exchange)"])
        case .unknownAccount(let name): self = .typed(404, "Account \(name) not found")
        case .unknownOrder(let id): self = .typed(404, "Order \(id.prefix(64)) not found")
        case .refused(let why): self = .typed(409, why)
        case .exchangeRefused(let why): self = .typed(422, "Trade execution failed: \(why)")
        case .unsupported(let what): self = .typed(501, what)
        case .storageUnavailable(let why): self = .typed(503, "Nothing can be stored now: \(why)")
        case .notReady(let why): self = .typed(503, "Not ready: \(why)")
        }
    }

    init(status: Int, body: JSONTree) {
        self.status = status
        self.body = body
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 415: "Unsupported Media Type"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 422: "Unprocessable Entity"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        default: "Error"
        }
    }
}
