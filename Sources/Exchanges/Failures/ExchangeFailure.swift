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

    public var description: String {
        let place = [exchange, endpoint].filter { !$0.isEmpty }.joined(separator: " ")
        let cause = [code, message].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " ")
        return "\(place.isEmpty ? "" : place + ": ")\(kind.rawValue)\(cause.isEmpty ? "" : ": " + cause)"
    }
}
