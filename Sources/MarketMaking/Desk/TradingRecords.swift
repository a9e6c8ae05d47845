public import TradingCore

public enum HistoryFilter: Hashable, Sendable {
    case user(String)
    case instance(Int64)
}

/// A part of a list that is given newest first.
public struct RecordPage: Hashable, Sendable {
    /// The most that one answer holds.
    public static let maximum: Int64 = 10_000

    /// The id of the last entry that was given; nil: from the newest on.
    public var before: Int64?
    /// 1 to ``maximum``.
    public var limit: Int64

    public init(before: Int64? = nil, limit: Int64 = RecordPage.maximum) {
        self.before = before
        self.limit = min(max(1, limit), RecordPage.maximum)
    }
}

/// One order in the original's `market_making_history`. Its status is what became of it, never a guess (H42, D24).
public struct HistoryEntry: Hashable, Sendable {
    public var id: Int64
    public var userID: String
    public var clientID: String
    public var exchange: String
    public var pair: String
    public var side: Side
    public var amount: FixedDecimal
    public var price: FixedDecimal
    /// What of `amount` was filled.
    public var filled: FixedDecimal
    /// The client order id as the exchange knows it.
    public var orderID: String
    public var executedAt: Timestamp
    /// `open`, `closed` (filled whole) or `canceled`; `rejected`, `expired`, `unknown` where the original had no word.
    public var status: String
    public var strategy: String
    public var strategyInstanceID: Int64

    public init(
        id: Int64, userID: String, clientID: String, exchange: String, pair: String, side: Side,
        amount: FixedDecimal, price: FixedDecimal, filled: FixedDecimal, orderID: String, executedAt: Timestamp,
        status: String, strategy: String, strategyInstanceID: Int64
    ) {
        self.id = id
        self.userID = userID
        self.clientID = clientID
        self.exchange = exchange
        self.pair = pair
        self.side = side
        self.amount = amount
        self.price = price
        self.filled = filled
        self.orderID = orderID
        self.executedAt = executedAt
        self.status = status
        self.strategy = strategy
        self.strategyInstanceID = strategyInstanceID
    }
}

/// One row of the original's `performance`: the profit realised by one fill.
public struct PerformanceEntry: Hashable, Sendable {
    public var id: Int64
    public var userID: String
    public var clientID: String
    public var strategyType: String
    public var profitLoss: FixedDecimal
    /// A JSON object: exchange, pair, side, price, quantity, fee, position and total realised profit after it.
    public var additionalMetrics: String
    public var executedAt: Timestamp

    public init(
        id: Int64, userID: String, clientID: String, strategyType: String, profitLoss: FixedDecimal,
        additionalMetrics: String, executedAt: Timestamp
    ) {
        self.id = id
        self.userID = userID
        self.clientID = clientID
        self.strategyType = strategyType
        self.profitLoss = profitLoss
        self.additionalMetrics = additionalMetrics
        self.executedAt = executedAt
    }
}

/// One fill with what it did to the session's books.
public struct FillEntry: Hashable, Sendable {
    /// Counts up in the order of booking.
    public var id: Int64
    public var tradeID: String
    public var orderID: String
    public var exchange: String
    public var pair: String
    public var side: Side
    public var price: FixedDecimal
    public var quantity: FixedDecimal
    public var fee: FixedDecimal
    public var feeAsset: String
    public var isMaker: Bool
    public var realizedPnL: FixedDecimal
    /// Base asset held beyond the start, after this fill.
    public var position: FixedDecimal
    public var time: Timestamp

    public init(
        id: Int64, tradeID: String, orderID: String, exchange: String, pair: String, side: Side,
        price: FixedDecimal, quantity: FixedDecimal, fee: FixedDecimal, feeAsset: String, isMaker: Bool,
        realizedPnL: FixedDecimal, position: FixedDecimal, time: Timestamp
    ) {
        self.id = id
        self.tradeID = tradeID
        self.orderID = orderID
        self.exchange = exchange
        self.pair = pair
        self.side = side
        self.price = price
        self.quantity = quantity
        self.fee = fee
        self.feeAsset = feeAsset
        self.isMaker = isMaker
        self.realizedPnL = realizedPnL
        self.position = position
        self.time = time
    }
}

/// An instrument's book this moment. Bids best first; asks worst first, as the original's web client expects them.
public struct OrderBookView: Hashable, Sendable {
    public struct Level: Hashable, Sendable {
        public var price: FixedDecimal
        public var quantity: FixedDecimal

        public init(price: FixedDecimal, quantity: FixedDecimal) {
            self.price = price
            self.quantity = quantity
        }
    }

    public var exchange: String
    public var symbol: String
    public var bids: [Level]
    public var asks: [Level]
    public var time: Timestamp
    /// Two views of one instrument with the same number are the same.
    public var version: UInt64

    public init(
        exchange: String, symbol: String, bids: [Level], asks: [Level], time: Timestamp, version: UInt64 = 0
    ) {
        self.exchange = exchange
        self.symbol = symbol
        self.bids = bids
        self.asks = asks
        self.time = time
        self.version = version
    }
}
