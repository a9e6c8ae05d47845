public import TradingCore

/// What is listened to on a connection for market data.
public enum StreamChannel: Hashable, Sendable {
    case book(Symbol)
    /// The best prices alone.
    case bestPrices(Symbol)
    case trades(Symbol)
    case ticker(Symbol)
    case candles(Symbol, CandleInterval)

    public var symbol: Symbol {
        switch self {
        case .book(let symbol), .bestPrices(let symbol), .trades(let symbol), .ticker(let symbol),
            .candles(let symbol, _):
            symbol
        }
    }
}

/// What an exchange hands out to open a stream with.
public struct StreamToken: Hashable, Sendable {
    public var token: Secret
    /// Where to connect, when the exchange says.
    public var endpoint: String?
    /// Milliseconds between pings, and how long an answer may take, where told.
    public var pingInterval: Int64?
    public var pingTimeout: Int64?
    /// Milliseconds after which it has to be renewed; nil: not known.
    public var lifetime: Int64?

    public init(
        token: Secret, endpoint: String? = nil, pingInterval: Int64? = nil, pingTimeout: Int64? = nil,
        lifetime: Int64? = nil
    ) {
        self.token = token
        self.endpoint = endpoint
        self.pingInterval = pingInterval
        self.pingTimeout = pingTimeout
        self.lifetime = lifetime
    }
}

/// One connection as a state machine: frames and time in, frames and events out. Whoever owns the socket feeds it and does
/// what it says. Everything in it is per connection: after a break a new one is made.
public protocol StreamSession: Sendable {
    /// Where to connect.
    var url: String { get }
    /// A connection from which nothing has come for so many milliseconds is dead.
    var silenceLimit: Int64 { get }
    /// When ``wake(_:into:)`` wants to be called next, milliseconds since 1970; nil: not.
    var nextWake: Int64? { get }

    /// The connection stands. Private sessions log in, public ones subscribe.
    mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect])

    /// - Parameters:
    ///   - frame: a whole message.
    ///   - now: milliseconds since 1970.
    mutating func received(
        _ frame: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect])

    /// The answer to a ``StreamEffect/fetchBook(_:_:)``.
    mutating func fetched(
        _ book: Result<ExchangeBook, ExchangeFailure>, _ symbol: Symbol, now: Int64, into effects: inout [StreamEffect])

    /// Time has come: to ping, to resubscribe.
    mutating func wake(_ now: Int64, into effects: inout [StreamEffect])
}

extension StreamSession {
    public mutating func fetched(
        _ book: Result<ExchangeBook, ExchangeFailure>, _ symbol: Symbol, now: Int64, into effects: inout [StreamEffect]
    ) {}
}

/// What a session wants done.
///
/// Every frame makes some and every consumer copies them, so they are as small as a book's change: what is larger, and
/// rarer, is kept beside them.
public enum StreamEffect: Sendable {
    case send(String)
    /// Tell the consumer.
    case event(StreamEvent)
    /// Ask for a book by REST and give it to ``StreamSession/fetched(_:_:now:into:)``.
    indirect case fetchBook(Symbol, EndpointCall<ExchangeBook>)
    /// Close and connect anew: the exchange asked for it, or what came makes no sense.
    indirect case reconnect(ExchangeFailure)
}

/// What a stream tells.
public enum StreamEvent: Hashable, Sendable {
    /// A whole book: forget the one before.
    case book(ExchangeBook)
    /// Levels with their new amounts; 0 removes one. In the exchange's order.
    case bookChange(BookChange)
    /// The book cannot be trusted until the next whole one: a gap, a wrong checksum, an unreadable message.
    indirect case bookLost(Symbol, ExchangeFailure)
    indirect case trade(ExchangeTrade)
    indirect case ticker(ExchangeTicker)
    indirect case bestPrices(ExchangeTicker)
    indirect case candle(Symbol, CandleInterval, ExchangeCandle)
    /// An order's new state; the newest word on it.
    indirect case order(ExchangeOrder)
    /// A fill of ours.
    indirect case fill(ExchangeTrade)
    /// Balances that changed; `isWhole`: all there are.
    case balances(ExchangeBalances, isWhole: Bool)
    /// A subscription, or the login, was confirmed.
    case confirmed(String)
    /// It was refused.
    indirect case refused(String, ExchangeFailure)
    /// Nothing happened, and the stream lives.
    case alive
    /// A message that the session does not know, shortened. Never an error: exchanges add messages.
    case unexplained(String)
}

public struct BookChange: Hashable, Sendable {
    public var symbol: Symbol
    public var bids: [PriceLevel]
    public var asks: [PriceLevel]
    /// Milliseconds since 1970.
    public var time: Int64?
    public var sequence: Int64?

    public init(symbol: Symbol, bids: [PriceLevel], asks: [PriceLevel], time: Int64? = nil, sequence: Int64? = nil) {
        self.symbol = symbol
        self.bids = bids
        self.asks = asks
        self.time = time
        self.sequence = sequence
    }
}
