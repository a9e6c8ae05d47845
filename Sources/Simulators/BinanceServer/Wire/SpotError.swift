/// Why a request is refused: Binance's code and text, and the status it is sent with.
struct SpotError: Error, Hashable, Sendable {
    var code: Int
    var message: String
    var status = 400
    /// Seconds until it makes sense to come again; of 429 and 418.
    var retryAfter: Int64?
    /// Both halves of a cancel-and-replace that failed.
    var data: JSON?

    init(_ code: Int, _ message: String, status: Int = 400, retryAfter: Int64? = nil, data: JSON? = nil) {
        self.code = code
        self.message = message
        self.status = status
        self.retryAfter = retryAfter
        self.data = data
    }

    var body: JSON {
        var body: JSON = ["code": .number(Int64(code)), "msg": .text(message)]
        if let data { body = body.adding(["data": data]) }
        return body
    }
}

/// The table of codes; texts as Binance writes them, since clients tell errors apart by them.
extension SpotError {
    // MARK: - The exchange itself
    static let disconnected = SpotError(-1001, "Internal error; unable to process your request. Please try again.")
    static let noSuchPath = SpotError(-1000, "Path not found.", status: 404)
    static let gone = SpotError(
        -1000, "This endpoint has been switched off. Use userDataStream.subscribe.signature.", status: 410)

    static func tooMuchWeight(limit: Int, retryAfter: Int64) -> SpotError {
        SpotError(
            -1003,
            "Too much request weight used; current limit is \(limit) request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.",
            status: 429, retryAfter: retryAfter)
    }

    static func tooManyRequests(limit: Int, retryAfter: Int64) -> SpotError {
        SpotError(
            -1003, "Too many requests; current limit is \(limit) requests per 5 MINUTE.", status: 429,
            retryAfter: retryAfter)
    }

    static func banned(until milliseconds: Int64, retryAfter: Int64) -> SpotError {
        SpotError(
            -1003,
            "Way too much request weight used; IP banned until \(milliseconds). Please use WebSocket Streams for live updates to avoid bans.",
            status: 418, retryAfter: retryAfter)
    }

    static func tooManyOrders(limit: Int, interval: String, retryAfter: Int64) -> SpotError {
        SpotError(
            -1015, "Too many new orders; current limit is \(limit) orders per \(interval).", status: 429,
            retryAfter: retryAfter)
    }

    // MARK: - Keys, time, signature
    static let badKeyFormat = SpotError(-2014, "API-key format invalid.", status: 401)
    static let unknownKey = SpotError(-2015, "Invalid API-key, IP, or permissions for action.", status: 401)
    static let ahead = SpotError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    static let tooOld = SpotError(-1021, "Timestamp for this request is outside of the recvWindow.")
    static let badSignature = SpotError(-1022, "Signature for this request is not valid.")
    static let longReceiveWindow = SpotError(-1131, "recvWindow must be less than 60000.")

    // MARK: - Parameters
    static func illegal(_ name: String, _ range: String) -> SpotError {
        SpotError(-1100, "Illegal characters found in parameter '\(name)'; legal range is '\(range)'.")
    }
    static func missing(_ name: String) -> SpotError {
        SpotError(-1102, "Mandatory parameter '\(name)' was not sent, was empty/null, or malformed.")
    }
    static func oneOf(_ first: String, _ second: String) -> SpotError {
        SpotError(-1102, "Param '\(first)' or '\(second)' must be sent, but both were empty/null!")
    }
    static func unread(_ read: Int, sent: Int) -> SpotError {
        SpotError(
            -1104, "Not all sent parameters were read; read '\(read)' parameter(s) but was sent '\(sent)'.")
    }
    static func empty(_ name: String) -> SpotError { SpotError(-1105, "Parameter '\(name)' was empty.") }
    static func notRequired(_ name: String) -> SpotError {
        SpotError(-1106, "Parameter '\(name)' sent when not required.")
    }
    static func tooPrecise(_ name: String) -> SpotError {
        SpotError(-1111, "Parameter '\(name)' has too much precision.")
    }
    static func badValue(_ name: String) -> SpotError {
        SpotError(-1130, "Data sent for parameter '\(name)' is not valid.")
    }
    static func duplicated(_ name: String) -> SpotError {
        SpotError(-1101, "Duplicate values for parameter '\(name)' detected.")
    }
    static let noDepth = SpotError(-1112, "No orders on book for symbol.")
    static let badTimeInForce = SpotError(-1115, "Invalid timeInForce.")
    static let badOrderType = SpotError(-1116, "Invalid orderType.")
    static let badSide = SpotError(-1117, "Invalid side.")
    static let badInterval = SpotError(-1120, "Invalid interval.")
    static let badSymbol = SpotError(-1121, "Invalid symbol.")
    static let badListenKey = SpotError(-1125, "This listenKey does not exist.")
    static let longInterval = SpotError(-1127, "More than 24 hours between startTime and endTime.")
    static let badCombination = SpotError(-1128, "Combination of optional parameters invalid.")
    static let badRestrictions = SpotError(-1145, "Invalid cancelRestrictions")
    static let unsupportedOrder = SpotError(-1014, "Unsupported order combination.")

    // MARK: - Orders
    static func filter(_ name: String) -> SpotError { SpotError(-1013, "Filter failure: \(name)") }
    static func invalid(_ name: String) -> SpotError { SpotError(-1013, "Invalid \(name).") }
    static func rejected(_ text: String) -> SpotError { SpotError(-2010, text) }
    static let duplicateOrder = rejected("Duplicate order sent.")
    static let wouldTake = rejected("Order would immediately match and take.")
    static let insufficientBalance = rejected("Account has insufficient balance for requested action.")
    static let marketClosed = rejected("Market is closed.")
    static let unknownOrder = SpotError(-2011, "Unknown order sent.")
    static let restricted = SpotError(-2011, "Order was not canceled due to cancel restrictions.")
    static let noSuchOrder = SpotError(-2013, "Order does not exist.")
    static let archivedOrder = SpotError(
        -2026, "Order was canceled or expired with no executed qty over 90 days ago and has been archived.")

    /// As the `r` of a rejected order's report.
    var rejection: String {
        switch self {
        case .insufficientBalance: "INSUFFICIENT_BALANCES"
        case .wouldTake: "WOULD_MATCH_IMMEDIATELY"
        default: "\(code)"
        }
    }
}
