public import Execution
public import TradingCore

/// A strategy under its key, as stored: one row of the original's `strategy_instances`.
public struct StrategyInstance: Hashable, Sendable {
    public enum Status: String, Hashable, Sendable {
        case running
        /// Told to stop; its open orders are not yet known to be gone.
        case stopping
        case stopped
    }

    public var id: Int64
    public var key: StrategyKey
    /// The last price when it was first started; nil when the market had none.
    public var startPrice: FixedDecimal?
    /// The request's JSON object that it runs with.
    public var parameters: String
    /// Counts up with every start with new parameters.
    public var parametersVersion: Int64
    public var status: Status
    public var createdAt: Timestamp
    public var updatedAt: Timestamp

    public init(
        id: Int64, key: StrategyKey, startPrice: FixedDecimal?, parameters: String, parametersVersion: Int64,
        status: Status, createdAt: Timestamp, updatedAt: Timestamp
    ) {
        self.id = id
        self.key = key
        self.startPrice = startPrice
        self.parameters = parameters
        self.parametersVersion = parametersVersion
        self.status = status
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

public enum StrategyFilter: Hashable, Sendable {
    case all
    case status(StrategyInstance.Status)
    case user(String)
}

/// A session as it stands this moment.
public struct StrategyInspection: Hashable, Sendable {
    public struct OpenOrder: Hashable, Sendable {
        public var clientOrderID: String
        public var side: Side
        public var price: FixedDecimal
        public var quantity: FixedDecimal
        public var filled: FixedDecimal
        public var status: String

        public init(
            clientOrderID: String, side: Side, price: FixedDecimal, quantity: FixedDecimal, filled: FixedDecimal,
            status: String
        ) {
            self.clientOrderID = clientOrderID
            self.side = side
            self.price = price
            self.quantity = quantity
            self.filled = filled
            self.status = status
        }
    }

    public var instance: StrategyInstance
    public var state: TradingState
    /// Why it is halted, or why it holds back its quotes now.
    public var reason: String?
    public var base: FixedDecimal
    public var quote: FixedDecimal
    public var position: FixedDecimal
    public var realizedPnL: FixedDecimal
    public var unrealizedPnL: FixedDecimal?
    public var orderCount: Int
    public var fillCount: Int
    public var openOrders: [OpenOrder]
    /// What fills were worth a second later against their price, in basis points of the volume, since the process began;
    /// negative is adverse selection. A statistic.
    public var markout1sBasisPoints: Double

    public init(
        instance: StrategyInstance, state: TradingState, reason: String?, base: FixedDecimal, quote: FixedDecimal,
        position: FixedDecimal, realizedPnL: FixedDecimal, unrealizedPnL: FixedDecimal?, orderCount: Int,
        fillCount: Int, openOrders: [OpenOrder], markout1sBasisPoints: Double = 0
    ) {
        self.instance = instance
        self.state = state
        self.reason = reason
        self.base = base
        self.quote = quote
        self.position = position
        self.realizedPnL = realizedPnL
        self.unrealizedPnL = unrealizedPnL
        self.orderCount = orderCount
        self.fillCount = fillCount
        self.openOrders = openOrders
        self.markout1sBasisPoints = markout1sBasisPoints
    }
}
