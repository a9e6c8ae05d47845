/// The key of one exchange account.
public struct ExchangeCredentials: Hashable, Sendable {
    public var apiKey: String
    public var secret: Secret
    /// OKX and KuCoin ask for it.
    public var passphrase: Secret?
    public var uid: Secret?

    public init(apiKey: String, secret: Secret, passphrase: Secret? = nil, uid: Secret? = nil) {
        self.apiKey = apiKey
        self.secret = secret
        self.passphrase = passphrase
        self.uid = uid
    }
}

/// What a signature is made of beside the request.
public struct SigningContext: Sendable {
    /// Nil for public calls.
    public var credentials: ExchangeCredentials?
    /// The exchange's time, milliseconds since 1970: ours corrected by the measured offset.
    public var now: Int64
    /// Higher than any before with the same key, for exchanges that want one; by default ``now``.
    public var nonce: Int64
    /// Milliseconds after which the exchange refuses the request; where the exchange has such a thing.
    public var receiveWindow: Int64

    public init(
        credentials: ExchangeCredentials?, now: Int64, nonce: Int64? = nil, receiveWindow: Int64 = 10_000
    ) {
        self.credentials = credentials
        self.now = now
        self.nonce = nonce ?? now
        self.receiveWindow = receiveWindow
    }
}
