public import Execution
public import TradingCore

/// One exchange as the server trades on it. Thin: it speaks the exchange's language and decides nothing.
public protocol ExchangeConnector: Sendable {
    var id: ExchangeID { get }
    /// The name that people read.
    var displayName: String { get }

    /// Which of the exchange's networks it reaches. One of another name is another market, where nothing of what was ours is.
    var network: String { get }

    /// How long after it was sent a request may still be carried out, though its sender is gone or the answer lost: only
    /// after that does "no such order" prove that there never was one. Nanoseconds; 0 where requests die with us.
    var acceptanceWindow: Int64 { get }

    /// Why nothing can be traded here now, as far as the connector knows by itself; nil when nothing is wrong.
    func fault() async -> String?

    /// Whether an order's id tells that it is ours. Where not, one that the store does not know is left alone: it is
    /// somebody else's until proven otherwise.
    var marksOwnOrders: Bool { get }

    /// Everything tradable, with its rules.
    func instruments() async throws(ConnectorError) -> [Instrument]

    /// The same, asked for now, whatever was told a moment ago.
    func freshInstruments() async throws(ConnectorError) -> [Instrument]

    /// Tells an instrument's market to `sink`: first a reset with a full snapshot, then whatever follows, in order, by
    /// whole messages. A ``MarketRecord/Kind/gap`` says that something is missing; a snapshot heals it.
    ///
    /// `sink` decides on the caller's thread, some microseconds, and may send requests meanwhile: no lock may be held then.
    func subscribe(
        _ symbol: Symbol, _ sink: @escaping @Sendable ([MarketRecord]) -> Void
    ) async throws(ConnectorError) -> Subscription

    /// - Parameter label: `default`, or whatever an operator called the key.
    func account(_ label: String) async throws(ConnectorError) -> any ExchangeAccount
}

extension ExchangeConnector {
    public var network: String { ExchangeAccountSettings.Environment.production.name }

    public func fault() async -> String? { nil }

    public func freshInstruments() async throws(ConnectorError) -> [Instrument] { try await instruments() }
}

/// One account on an exchange.
public protocol ExchangeAccount: Sendable {
    var label: String { get }

    /// Sends a request and returns at once. What becomes of it comes as an ``AccountUpdate``; a request whose answer is
    /// lost may have been carried out.
    func send(_ request: AccountRequest, _ symbol: Symbol)

    /// Sends the cancels of many orders at once, each answered for itself as after ``send(_:_:)``; in fewer requests where the exchange
    /// takes them together.
    func cancel(_ ids: [ClientOrderID], _ symbol: Symbol)

    /// Tells everything about the account's orders on an instrument to `sink`, from now on, in the exchange's order. May
    /// tell a thing twice. No lock may be held while `sink` is called.
    func subscribe(
        _ symbol: Symbol, _ sink: @escaping @Sendable (AccountUpdate) -> Void
    ) async throws(ConnectorError) -> Subscription

    /// Every open order on the instrument, whoever made it.
    func openOrders(_ symbol: Symbol) async throws(ConnectorError) -> [ListedOrder]

    /// Where on the whole account orders of a maker are open; nil where the exchange tells of one instrument at a time.
    func symbolsWithOrders(of maker: InstallationID) async throws(ConnectorError) -> Set<Symbol>?

    /// What the exchange knows of an order; nil when it says that it knows none of this id.
    func order(_ id: ClientOrderID, _ symbol: Symbol) async throws(ConnectorError) -> OrderReport?

    /// The same for exchanges that are not asked by our ids and tell lists instead.
    /// - Parameter placedAt: when it was sent, by our clock, or before: how far back the lists have to be read.
    func order(
        _ id: ClientOrderID, _ symbol: Symbol, placedAt: Timestamp
    ) async throws(ConnectorError) -> OrderReport?

    /// The account's fills on an instrument from a trade id on, that one included, in ascending order.
    /// - Parameter limit: at most so many; ask on from the last one for more.
    func fills(_ symbol: Symbol, from tradeID: UInt64, limit: Int) async throws(ConnectorError) -> [Fill]

    /// The same for exchanges that find trades by their time: what was executed at `mark` or later, and maybe some before.
    func fills(_ symbol: Symbol, from mark: FillMark, limit: Int) async throws(ConnectorError) -> [Fill]

    func balances() async throws(ConnectorError) -> [AssetBalance]
}

extension ExchangeConnector {
    public var marksOwnOrders: Bool { true }
}

extension ExchangeAccount {
    public func cancel(_ ids: [ClientOrderID], _ symbol: Symbol) {
        for id in ids { send(.cancel(id), symbol) }
    }

    public func symbolsWithOrders(of maker: InstallationID) async throws(ConnectorError) -> Set<Symbol>? { nil }

    public func order(
        _ id: ClientOrderID, _ symbol: Symbol, placedAt: Timestamp
    ) async throws(ConnectorError) -> OrderReport? {
        try await order(id, symbol)
    }

    public func fills(
        _ symbol: Symbol, from mark: FillMark, limit: Int
    ) async throws(ConnectorError) -> [Fill] {
        try await fills(symbol, from: mark.tradeID, limit: limit)
    }
}

/// From where on fills are asked for.
public struct FillMark: Hashable, Sendable {
    /// The newest one that is known; 0: none is.
    public var tradeID: UInt64
    /// Nothing that is not known was executed before.
    public var time: Timestamp

    public init(tradeID: UInt64, time: Timestamp) {
        self.tradeID = tradeID
        self.time = time
    }
}

public enum AccountRequest: Hashable, Sendable {
    case place(Approved<OrderRequest>)
    case cancel(ClientOrderID)
    /// Answered by every fill of the order, told again, and its present state: accepted, cancelled, expired, rejected, or
    /// ``AccountEvent/notFound(_:)``.
    case query(ClientOrderID)
}

/// What an account's stream tells.
public enum AccountUpdate: Hashable, Sendable {
    case event(AccountEvent)
    /// Nothing happened, and the stream lives.
    case alive
    /// The stream broke: events may be missing until ``recovered``.
    case lost
    /// It is back; what happened meanwhile has to be asked for.
    case recovered
}

/// What an exchange says of one order.
public struct OrderReport: Hashable, Codable, Sendable {
    public var id: ClientOrderID
    public var side: Side
    public var price: Price
    public var quantity: Quantity
    public var filled: Quantity
    /// ``OrderStatus/open`` or a final one.
    public var status: OrderStatus

    public init(
        id: ClientOrderID, side: Side, price: Price, quantity: Quantity, filled: Quantity, status: OrderStatus
    ) {
        self.id = id
        self.side = side
        self.price = price
        self.quantity = quantity
        self.filled = filled
        self.status = status
    }
}

public struct AssetBalance: Hashable, Codable, Sendable {
    public var asset: AssetID
    public var free: FixedDecimal
    public var locked: FixedDecimal

    public init(asset: AssetID, free: FixedDecimal, locked: FixedDecimal) {
        self.asset = asset
        self.free = free
        self.locked = locked
    }
}

/// Why a connector could not answer.
public enum ConnectorError: Error, Hashable, Codable, Sendable {
    case unknownSymbol(Symbol)
    case unknownAccount(String)
    /// The exchange could not be reached, or did not answer in time.
    case unreachable(String)
    /// The exchange answered, and refused.
    case refused(String)
    /// The answer was not what the exchange's documentation says.
    case unreadable(String)
}

extension ConnectorError: CustomStringConvertible {
    /// For people, after the exchange's name.
    public var description: String {
        switch self {
        case .unknownSymbol(let symbol): "it has no market \(symbol)"
        case .unknownAccount(let label): "there is no account \(label) on it: its key was never given, or was removed"
        case .unreachable(let why): "it does not answer: \(why)"
        case .refused(let why): "it refused: \(why)"
        case .unreadable(let why): "its answer cannot be read: \(why)"
        }
    }
}

/// Keeps a stream coming; it ends with ``cancel()``, not by being forgotten.
public struct Subscription: Sendable {
    private let end: @Sendable () -> Void

    public init(_ end: @escaping @Sendable () -> Void) {
        self.end = end
    }

    public func cancel() { end() }
}
