public import TradingCore

/// Which exchanges there are to trade on. What is in it may change at any time: ask anew for each use.
public protocol ExchangeDirectory: Sendable {
    /// All of them, by name.
    var connectors: [any ExchangeConnector] { get }

    func connector(_ id: ExchangeID) -> (any ExchangeConnector)?

    /// Tells from now on that accounts may have come or gone; ends where they never do.
    func changes() -> AsyncStream<Void>
}

extension ExchangeDirectory {
    public func changes() -> AsyncStream<Void> { AsyncStream { $0.finish() } }
}

/// The same exchanges for the life of the process.
public struct FixedExchanges: ExchangeDirectory {
    public let connectors: [any ExchangeConnector]

    public init(_ connectors: [any ExchangeConnector]) {
        self.connectors = connectors.sorted { $0.id.rawValue < $1.id.rawValue }
    }

    public func connector(_ id: ExchangeID) -> (any ExchangeConnector)? { connectors.first { $0.id == id } }
}

/// A directory whose accounts can be replaced while the server runs.
public protocol ExchangeAccountsHolder: ExchangeDirectory {
    /// Makes exactly these the accounts there are. What is new is built before anything old is let go; an account whose
    /// settings did not change goes on undisturbed, and one that is gone sends nothing more (H47, D32).
    ///
    /// Asks no exchange, so none can keep another waiting: an account that does not work shows it in ``states``.
    /// - Returns: what is wrong with the settings, by account; those are left out, the others hold.
    @discardableResult
    func refresh(_ accounts: [ExchangeAccountSettings]) -> [ExchangeAccountProblem]

    /// How each account does, by exchange and label.
    var states: [ExchangeAccountState] { get }

    /// The exchange has just said that an account's key is good, whatever it said before: it is asked with again.
    func keyIsGood(_ exchange: ExchangeID, _ label: String)
}

/// Settings that cannot be used.
public struct ExchangeAccountProblem: Hashable, Sendable, CustomStringConvertible {
    public var exchange: ExchangeID
    public var label: String
    /// Field, value and rule; never a secret.
    public var message: String

    public init(exchange: ExchangeID, label: String, message: String) {
        self.exchange = exchange
        self.label = label
        self.message = message
    }

    public var description: String { "\(exchange)/\(label): \(message)" }
}

/// How an account does at its exchange.
public struct ExchangeAccountState: Hashable, Sendable {
    public enum Safety: Hashable, Sendable {
        /// The exchange cancels everything so many seconds after it last heard of us.
        case deadMansSwitch(seconds: Int)
        /// The exchange cancels everything when the account's stream breaks.
        case cancelsOnDisconnect
        /// What rests stays until somebody cancels it: the most that can trade unattended is the sum of the open orders.
        case none
    }

    public var exchange: ExchangeID
    public var label: String
    /// Whether orders, fills and balances come by the stream now.
    public var isStreaming: Bool
    /// Why it does not trade now, or not well; nil when all is well.
    public var fault: String?
    /// Why the exchange carries out nothing for it: it does not take the key, or does not answer.
    public var outage: Outage?
    public var safety: Safety
    /// What rests on the books, so is exposed should this process end, by quote asset: the sum of price × remaining.
    public var unattended: [AssetID: FixedDecimal]
    /// Open orders that are not ours, on the markets that are traded, as last seen: of another server, of a database before
    /// this one, or a person's. They are left alone.
    public var foreignOrders = 0
    /// What the exchange has against the key itself: its last word on a call that it has not answered well since.
    public var keyRefusal: ExchangeFailure?

    public enum Outage: Hashable, Sendable {
        case keyRefused
        case noAnswer
    }

    public init(
        exchange: ExchangeID, label: String, isStreaming: Bool, fault: String?, safety: Safety,
        unattended: [AssetID: FixedDecimal]
    ) {
        self.exchange = exchange
        self.label = label
        self.isStreaming = isStreaming
        self.fault = fault
        self.safety = safety
        self.unattended = unattended
    }
}
