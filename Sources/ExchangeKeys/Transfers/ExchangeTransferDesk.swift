public import Exchanges
public import TradingCore

/// Assets that travel to and from exchanges, as operators ask for it.
public protocol ExchangeTransferDesk: Sendable {
    /// Where to send an asset so that it arrives on the account; made where there is none yet, on the network that was named and
    /// no other (H25).
    func depositAddress(_ place: TransferPlace) async throws(TransferError) -> DepositAddress
    /// Stores what is wanted, then sends it, once. Said again with the same request id it is the same withdrawal: one whose
    /// outcome is unknown is looked for at the exchange, and never sent a second time. What was held back before anything was sent
    /// is forgotten: its request id is free.
    func withdraw(_ order: WithdrawalOrder) async throws(TransferError) -> Withdrawal
    /// What was asked for, the newest first.
    /// - Parameters:
    ///   - status: nil for all.
    ///   - before: of an id below this one; nil from the newest on.
    ///   - limit: at most so many.
    func withdrawals(
        _ status: Withdrawal.Status?, before: Int64?, limit: Int
    ) async throws(TransferError) -> [Withdrawal]
    /// By an operator's word, noted for ever: one of which nobody knows what became, when asking does not tell. The exchange is asked first.
    /// - Throws: ``TransferError/notByHand(_:)`` while it may still be carried out or can be asked about, or where the exchange's own list
    ///   says otherwise; ``TransferError/unknownWithdrawal(_:)``.
    func resolve(_ id: Int64, _ verdict: WithdrawalVerdict) async throws(TransferError) -> Withdrawal
    /// What operators have said, the newest first.
    /// - Parameters:
    ///   - withdrawalID: nil for those of all withdrawals.
    ///   - before: of an id below this one; nil from the newest on.
    ///   - limit: at most so many.
    func verdicts(
        of withdrawalID: Int64?, before: Int64?, limit: Int
    ) async throws(TransferError) -> [StoredVerdict]
}

/// Which account, asset and network.
public struct TransferPlace: Hashable, Sendable {
    public var exchange: ExchangeID
    /// A stored key's id.
    public var keyID: Int64
    public var asset: AssetID
    public var network: String

    public init(exchange: ExchangeID, keyID: Int64, asset: AssetID, network: String) {
        self.exchange = exchange
        self.keyID = keyID
        self.asset = asset
        self.network = network
    }
}

/// A stored withdrawal and what became of it.
public struct Withdrawal: Hashable, Sendable {
    /// *Pending* leads to one of the others; *unknown* to *sent*, or to how that ended, as soon as the exchange shows it, and to
    /// *refused* when it is surely too late for it to leave, and the exchange shows none; *sent* to one of the last three.
    public enum Status: String, Hashable, Sendable, CaseIterable {
        /// Stored; it may have left.
        case pending
        /// The exchange has taken it, and has not said how it ended.
        case sent
        case refused
        /// Nobody answered.
        case unknown
        /// The exchange says that it is done.
        case confirmed
        /// The exchange has taken it, and could not carry it out: the asset stays on the account, or comes back to it.
        case failed
        /// Somebody has taken it back at the exchange.
        case cancelled

        /// Nothing follows on it.
        public var isFinal: Bool {
            switch self {
            case .pending, .sent, .unknown: false
            case .refused, .confirmed, .failed, .cancelled: true
            }
        }
    }

    public var id: Int64
    public var requestID: String
    /// What the exchange is told as our name for it, where it takes one; nil for one from before there were such.
    public var clientID: String?
    public var place: TransferPlace
    public var label: String
    /// The account at the exchange that it is taken from, where the exchange told it of the key that signed.
    public var accountID: String?
    public var address: String
    public var tag: String?
    public var amount: FixedDecimal
    public var status: Status
    /// The exchange's name for it.
    public var exchangeID: String?
    /// Its transaction on the network, as soon as the exchange tells one.
    public var transactionID: String?
    /// Why it was refused, or what is not known.
    public var reason: String?
    public var createdAt: Timestamp
    /// When the exchange was last asked how it ended; nil: never since it was sent.
    public var followedAt: Timestamp?

    public init(
        id: Int64, requestID: String, place: TransferPlace, label: String, address: String, tag: String?,
        amount: FixedDecimal, status: Status, exchangeID: String? = nil, reason: String? = nil, createdAt: Timestamp
    ) {
        self.id = id
        self.requestID = requestID
        self.place = place
        self.label = label
        self.address = address
        self.tag = tag
        self.amount = amount
        self.status = status
        self.exchangeID = exchangeID
        self.reason = reason
        self.createdAt = createdAt
    }
}

/// Why a transfer was not made. None of its texts holds a secret.
public enum TransferError: Error, Hashable, Sendable, CustomStringConvertible {
    case invalid([String])
    case unknownKey(Int64)
    case unknownWithdrawal(Int64)
    /// The exchange answered, and would not.
    case refused(String)
    case unreachable(String)
    /// Nothing was sent, and nothing is stored of it: our own limiter had no room for it. The same request may be made again.
    case heldBack(String)
    /// The exchange answered something else than it was asked for: another coin or network.
    case contradicted(String)
    /// The same one was asked for just now, or may have been sent before the database was restored.
    case repeated(String)
    /// An operator's word is not taken, or not yet.
    case notByHand(String)
    case storageUnavailable(String)

    public var description: String {
        switch self {
        case .invalid(let lines): lines.joined(separator: "; ")
        case .unknownKey(let id): "Key \(id) not found"
        case .unknownWithdrawal(let id): "Withdrawal \(id) not found"
        case .refused(let why), .unreachable(let why), .heldBack(let why), .contradicted(let why), .repeated(let why),
            .notByHand(let why):
            why
        case .storageUnavailable(let why): "Nothing can be stored now: \(why)"
        }
    }
}
