/// Why a call to an exchange did not give what was asked for: typed, with exchange, endpoint and cause.
///
/// The kinds and their parents are the tree that trading libraries share (`docs/exchanges.md`). What matters most is
/// ``isOutcomeUnknown``: a refused request was not carried out, an unknown one may have been.
public struct ExchangeFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public var kind: Kind
    public var exchange: String
    /// Verb and path, or the stream's channel; empty where nothing was sent.
    public var endpoint: String
    /// The exchange's own code or label.
    public var code: String?
    /// The exchange's own words, or ours where it said none.
    public var message: String
    public var status: Int?
    /// Milliseconds that the exchange asks us to stay away.
    public var retryAfter: Int64?
    /// Our own limiter did not let it go in time: the exchange has not heard of it, and ``retryAfter`` says when there is room.
    public var isHeldBack = false

    public init(
        _ kind: Kind, exchange: String = "", endpoint: String = "", code: String? = nil, message: String,
        status: Int? = nil, retryAfter: Int64? = nil
    ) {
        self.kind = kind
        self.exchange = exchange
        self.endpoint = endpoint
        self.code = code
        self.message = message
        self.status = status
        self.retryAfter = retryAfter
    }

    /// Whether the request may have been carried out all the same: an order has to be looked up by its client order id.
    ///
    /// A fault of the server's that says nothing we know of is no refusal either, whatever its body is.
    public var isOutcomeUnknown: Bool {
        kind.is(.operationFailed) || kind == .baseError || (status ?? 0) >= 500 && kind == .exchangeError
    }

    /// The exchange did not take a request's time or nonce: refused before anything was done, whatever the kind's parents say.
    /// Signed anew, the same request may be good.
    public var isForItsTime: Bool { kind == .invalidNonce && code != nil || code == "REQUEST_EXPIRED" }

    /// The exchange has an order of the same client id: of a placement that is no refusal, as an order of that id exists.
    ///
    /// Beside the kind, which keeps the name that trading libraries share: most of them call it an invalid order.
    public var tellsOfDuplicate: Bool {
        if kind == .duplicateOrderId || code.map({ Self.duplicateCodes[exchange]?.contains($0) ?? false }) ?? false {
            return true
        }
        let words = message.lowercased()
        return kind.is(.exchangeError) && (words.contains("duplicate") || words.contains("already exist"))
    }

    /// Where the words may change. Binance and MEXC have no code of their own for it, Bitfinex none at all.
    private static let duplicateCodes: [String: Set<String>] = [
        "okx": ["51016"], "gate": ["REPEATED_CREATION"], "bybit": ["110072", "170141"],
    ]

    /// The same, of an exchange and a place there: what fails before anything is sent does not know them.
    func at(_ exchange: String, _ endpoint: String) -> ExchangeFailure {
        var failure = self
        failure.exchange = exchange
        failure.endpoint = endpoint
        return failure
    }

    public var description: String {
        let place = [exchange, endpoint].filter { !$0.isEmpty }.joined(separator: " ")
        let cause = [code, message].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " ")
        return "\(place.isEmpty ? "" : place + ": ")\(kind.rawValue)\(cause.isEmpty ? "" : ": " + cause)"
    }
}
