public import TradingCore

/// Orders that people place by hand: on the same path as strategies' orders, each named by exchange, account and id (H37).
public protocol DirectOrderDesk: Sendable {
    /// Stores the intent, sends it, and waits for the exchange's word.
    /// - Returns: the order as it stands; ``DirectOrderView/isOutcomeUnknown`` where no word came. It is never sent again.
    func place(_ order: DirectOrderRequest) async throws(DeskError) -> DirectOrderView
    /// Cancels an order that was placed here. One that is gone already is told as it is.
    func cancel(_ order: DirectOrderName) async throws(DeskError) -> DirectOrderView
    func order(_ order: DirectOrderName) async throws(DeskError) -> DirectOrderView
}

/// What somebody asks for.
public struct DirectOrderRequest: Hashable, Sendable {
    public var userID: String
    public var clientID: String
    public var exchange: String
    public var account: String
    public var symbol: String
    public var side: Side
    public var amount: FixedDecimal
    /// Nil: at the market.
    public var price: FixedDecimal?
    public var isPostOnly: Bool
    /// Of an order with a price; one at the market lives for a moment anyway.
    public var timeInForce: TimeInForce
    /// The caller's own name for it: said again, it is the same order, not another.
    public var requestID: String?

    public init(
        userID: String, clientID: String, exchange: String, account: String = "default", symbol: String, side: Side,
        amount: FixedDecimal, price: FixedDecimal?, isPostOnly: Bool = false,
        timeInForce: TimeInForce = .goodTillCancelled, requestID: String? = nil
    ) {
        self.userID = userID
        self.clientID = clientID
        self.exchange = exchange
        self.account = account
        self.symbol = symbol
        self.side = side
        self.amount = amount
        self.price = price
        self.isPostOnly = isPostOnly
        self.timeInForce = timeInForce
        self.requestID = requestID
    }
}

extension DirectOrderRequest {
    /// In what an order is another than this asks for, by the names of the API's fields.
    func differences(from view: DirectOrderView) -> [String] {
        let (isMarket, place) = (price == nil, view.place)
        let isSame = [
            ("exchange", place.exchange.rawValue == exchange.lowercased()), ("accountLabel", place.account == account),
            ("symbol", place.symbol.description == symbol.uppercased()), ("side", view.side == side),
            ("amount", view.quantity == amount), ("type", (view.type == .market) == isMarket),
            ("price", isMarket || view.type == .market || price == view.price),
            ("postOnly", view.isPostOnly == isPostOnly),
            ("timeInForce", isMarket || view.type == .market || view.timeInForce == timeInForce),
        ]
        return isSame.filter { !$0.1 }.map(\.0)
    }
}

/// Which order is meant. The id alone names it; what else is said must be true.
public struct DirectOrderName: Hashable, Sendable {
    public var id: String
    public var symbol: String?
    public var exchange: String?
    public var account: String?

    public init(id: String, symbol: String? = nil, exchange: String? = nil, account: String? = nil) {
        self.id = id
        self.symbol = symbol
        self.exchange = exchange
        self.account = account
    }
}

/// A stored order and what became of it.
public struct DirectOrderView: Hashable, Sendable {
    public var id: ClientOrderID
    /// Nil: a strategy placed it.
    public var userID: String?
    public var clientID: String?
    public var place: TradingPlace
    public var side: Side
    public var type: OrderType
    public var isPostOnly: Bool
    public var timeInForce = TimeInForce.goodTillCancelled
    /// The limit; of a market order the worst price it may trade at.
    public var price: FixedDecimal
    public var quantity: FixedDecimal
    public var status: OrderStatus
    /// Why the exchange refused it, if it has said so.
    public var rejection: RejectReason?
    public var createdAt: Timestamp
    public var filled = FixedDecimal.zero
    /// Quote of all fills, without fees.
    public var cost = FixedDecimal.zero
    public var fees: [AssetID: FixedDecimal] = [:]

    public init(
        id: ClientOrderID, userID: String?, clientID: String?, place: TradingPlace, side: Side, type: OrderType,
        isPostOnly: Bool, price: FixedDecimal, quantity: FixedDecimal, status: OrderStatus, createdAt: Timestamp
    ) {
        self.id = id
        self.userID = userID
        self.clientID = clientID
        self.place = place
        self.side = side
        self.type = type
        self.isPostOnly = isPostOnly
        self.price = price
        self.quantity = quantity
        self.status = status
        self.createdAt = createdAt
    }

    /// The exchange has not said whether it exists, or still exists.
    public var isOutcomeUnknown: Bool { status == .pending || status == .unknown || status == .cancelling }
}
