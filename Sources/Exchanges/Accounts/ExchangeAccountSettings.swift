public import TradingCore

/// One account on an exchange, as an operator has set it up: everything that a live connector needs to trade with it.
///
/// The secrets in it print as `***`.
public struct ExchangeAccountSettings: Hashable, Sendable {
    /// Which of an exchange's networks the account lives on.
    public enum Environment: Hashable, Sendable {
        case production
        /// The exchange's own network for tries: a test network, or demo trading where it has that instead.
        case testnet
        /// A simulator, a proxy, or a regional entity.
        case custom(BaseAddresses)

        /// For people, and to tell two networks apart.
        public var name: String {
            switch self {
            case .production: "production"
            case .testnet: "testnet"
            case .custom(let addresses): addresses.streams.map { "\(addresses.rest) (\($0))" } ?? addresses.rest
            }
        }
    }

    /// Scheme, host and port that replace the exchange's own; the paths below stay. Without a slash at the end.
    public struct BaseAddresses: Hashable, Sendable {
        /// `https://…`, or `http://…` for one on this machine.
        public var rest: String
        /// `wss://…` or `ws://…`; nil: the same place as ``rest``.
        public var streams: String?

        public init(rest: String, streams: String? = nil) {
            self.rest = rest
            self.streams = streams
        }
    }

    /// What an account is called unless an operator says otherwise: the first of an exchange.
    public static let defaultLabel = "default"

    public var exchange: ExchangeID
    public var label: String
    public var credentials: ExchangeCredentials
    public var environment: Environment
    /// The exchange's dead man's switch, kept armed with so many seconds; nil: not. It cancels *everybody's* orders of the
    /// account when we fall silent, so it is the operator's choice.
    public var deadMansSwitchSeconds: Int?
    /// Milliseconds after which the exchange is to refuse a request that was under way so long. 1 to 60 000.
    public var receiveWindow: Int64

    public init(
        exchange: ExchangeID, label: String = Self.defaultLabel, credentials: ExchangeCredentials,
        environment: Environment = .production, deadMansSwitchSeconds: Int? = nil, receiveWindow: Int64 = 10_000
    ) {
        self.exchange = exchange
        self.label = label
        self.credentials = credentials
        self.environment = environment
        self.deadMansSwitchSeconds = deadMansSwitchSeconds
        self.receiveWindow = receiveWindow
    }
}
