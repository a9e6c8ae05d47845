public import TradingCore

/// Bitfinex, interface v2: positional arrays, prices of five significant digits, nonces instead of times.
///
/// Source: docs.bitfinex.com, "REST" and "WebSockets".
public struct BitfinexDialect: ExchangeDialect {
    public let id = ExchangeID(rawValue: "bitfinex")
    public let name = "Bitfinex"
    public var catalog: MarketCatalog
    public var hosts: ExchangeHosts
    public var orderMark: OrderMark?
    public var options: Options

    public struct Options: Hashable, Sendable {
        /// What a book's rows are.
        public enum BookPrecision: String, Hashable, Sendable {
            /// Levels, by the five significant digits that orders have too.
            case levels = "P0"
            /// Single orders.
            case orders = "R0"
        }

        public var bookPrecision: BookPrecision
        /// Levels of a streamed book: 1, 25, 100 or 250.
        public var bookLength: Int
        /// The dead man's switch: everything on the account, foreign orders too, is cancelled when the private stream
        /// breaks.
        public var cancelsOnDisconnect: Bool

        public init(
            bookPrecision: BookPrecision = .levels, bookLength: Int = 100, cancelsOnDisconnect: Bool = false
        ) {
            self.bookPrecision = bookPrecision
            self.bookLength = bookLength
            self.cancelsOnDisconnect = cancelsOnDisconnect
        }
    }

    public init(catalog: MarketCatalog = .empty, options: Options = Options()) {
        self.catalog = catalog
        self.options = options
        hosts = ExchangeHosts(
            rest: ["public": "https://api-pub.bitfinex.com/v2", "private": "https://api.bitfinex.com/v2"],
            streams: ["public": "wss://api-pub.bitfinex.com/ws/2", "private": "wss://api.bitfinex.com/ws/2"])
    }

    public var abilities: ExchangeAbilities {
        var abilities = ExchangeAbilities(
            placeBatch: 75, cancelBatch: 75, editKeepsID: true, findsByClientOrderID: false,
            // Requests carry no time, only a nonce: how long one may be on its way is nowhere said.
            acceptanceWindow: 30_000)
        abilities.cancelsOnDisconnect = true
        abilities.hasOrderedNonces = true
        abilities.marksOwnOrders = orderTag != nil
        abilities.ownTradesPage = 2_500
        abilities.tellsNewestTrades = true
        abilities.transferHistory = TransferHistory(page: 1_000, holdsBoth: true)
        return abilities
    }

    // MARK: - Client order ids

    /// A number of 45 bits, unique within a UTC day. The exchange reads 0 as none, so 0 is written as the number beyond.
    public func plainClientOrderID(_ id: ClientOrderID) -> String? {
        String(id.rawValue == 0 ? Self.zeroStandIn : id.rawValue)
    }

    /// Every number of 45 bits could be ours: what others chose (often the time) is told apart by the tag, or without one only
    /// by what we stored.
    public func plainClientOrderID(_ text: String) -> ClientOrderID? {
        guard let number = UInt64(text), number > 0, String(number) == text else { return nil }
        return ClientOrderID(rawValue: number == Self.zeroStandIn ? 0 : number)
    }

    /// A number has no room for the tag: it goes beside, as the order's group.
    public func clientOrderID(_ id: ClientOrderID) -> String? { plainClientOrderID(id) }
    public func clientOrderID(_ text: String) -> ClientOrderID? { plainClientOrderID(text) }

    public func ownership(of order: ExchangeOrder) -> OrderOwnership {
        guard order.groupID == orderTag?.description else { return .foreign }
        guard let text = order.clientOrderID else { return .untold }
        return clientOrderID(text).map(OrderOwnership.own) ?? .foreign
    }

    /// A trade tells its order's number but not its group: a number that could be ours has its order asked for.
    public func ownership(of trade: ExchangeTrade) -> OrderOwnership {
        guard let text = trade.clientOrderID else { return orderTag == nil ? .untold : .foreign }
        guard let id = clientOrderID(text) else { return .foreign }
        guard let orderMark, orderMark.tag != nil else { return .own(id) }
        return id.installation == orderMark.installation ? .untold : .foreign
    }

    private static let zeroStandIn: UInt64 = 1 << 45

    // MARK: - Limits

    /// Counted by address and kind of call; one call too many blocks the address for a minute.
    ///
    /// Source: docs.bitfinex.com, "Requirements and Limitations", and each call's page.
    public var limits: [RateLimit] {
        Self.limitNames.map { name in
            RateLimit(
                name, capacity: name == "book" ? 240 : (name == "conf" || name == "tickers" ? 30 : 90),
                interval: 60_000, scope: .address)
        }
    }

    /// Calls of one kind share a count. Cancels have theirs, so nothing has to be kept back for them.
    static let limitNames = [
        "ticker", "tickers", "book", "trades", "candles", "conf", "status", "orders", "order history", "own trades",
        "wallets", "summary", "permissions", "movements", "submit", "update", "cancel", "deposit address", "withdraw",
    ]

    func get(_ path: String, _ fields: ExtraParameters = [], _ limit: String) -> EndpointRequest {
        EndpointRequest(.get, ["public"], path, fields, costs: [RateCost(limit)])
    }

    func post(_ path: String, _ fields: ExtraParameters = [], _ limit: String) -> EndpointRequest {
        EndpointRequest(.post, ["private"], path, fields, costs: [RateCost(limit)])
    }
}
