public import TradingCore

/// Gate, spot, API v4. Source: gate.com, "Gate API v4" (REST) and "Gate Spot WebSocket v4".
public struct GateDialect: ExchangeDialect {
    /// Which of Gate's accounts trades: `spot`, or `unified` for accounts that were upgraded.
    public enum Account: String, Hashable, Sendable {
        case spot
        case unified
    }

    /// How a book is followed.
    public enum BookFeed: Hashable, Sendable {
        /// `spot.obu`: whole book first, then changes; 50 levels every 20 ms, or 400 every 100 ms.
        case levels(Int)
        /// `spot.order_book_update`: changes every 100 ms, the whole book by REST.
        case updates
    }

    public let id = ExchangeID(rawValue: "gate")
    public let name = "Gate"
    public var catalog: MarketCatalog
    public var hosts: ExchangeHosts
    public var orderMark: OrderMark?
    public var account: Account
    public var bookFeed: BookFeed
    /// Whether placements carry `X-Gate-Exptime`, so that Gate refuses one that arrives after the receive window.
    public var refusesLateOrders: Bool

    public init(
        catalog: MarketCatalog = .empty, account: Account = .spot, bookFeed: BookFeed = .levels(50),
        refusesLateOrders: Bool = false
    ) {
        self.catalog = catalog
        self.account = account
        self.bookFeed = bookFeed
        self.refusesLateOrders = refusesLateOrders
        hosts = ExchangeHosts(
            rest: ["public": "https://api.gateio.ws/api/v4", "private": "https://api.gateio.ws/api/v4"],
            streams: ["public": "wss://api.gateio.ws/ws/v4/", "private": "wss://api.gateio.ws/ws/v4/"])
    }

    public var abilities: ExchangeAbilities {
        var abilities = ExchangeAbilities(
            deadMansSwitch: 5...86_400, placeBatch: 10, cancelBatch: 20, editKeepsID: true,
            ownTradesWindow: 30 * 86_400_000,
            // By `text` only while open and for about an hour after.
            findsByClientOrderID: false,
            // Gate takes a request whose time is up to 60 s old.
            acceptanceWindow: 60_000)
        abilities.privateConfirmations = 3
        abilities.openOrdersPage = 100
        abilities.ownTradesPage = 1_000
        abilities.feeToken = AssetID("GT")
        // "The time interval cannot exceed 30 days."
        abilities.transferHistory = TransferHistory(window: 30 * 86_400_000, page: 500)
        return abilities
    }

    // MARK: - Client order ids

    /// `t-mm` and twelve hexadecimal digits. Gate wants `t-` and at most 28 bytes of `[0-9A-Za-z_.-]`.
    public func plainClientOrderID(_ id: ClientOrderID) -> String? {
        let hex = String(id.rawValue, radix: 16)
        return GateDialect.prefix + String(repeating: "0", count: max(12 - hex.utf8.count, 0)) + hex
    }

    public func plainClientOrderID(_ text: String) -> ClientOrderID? {
        guard text.hasPrefix(GateDialect.prefix) else { return nil }
        let digits = text.dropFirst(GateDialect.prefix.count)
        guard digits.utf8.count == 12, !digits.hasPrefix("+"), let number = UInt64(digits, radix: 16),
            let id = ClientOrderID(rawValue: number), plainClientOrderID(id) == text
        else { return nil }
        return id
    }

    public var clientOrderIDStart: String { "t-" }
    private static let prefix = "t-mm"
}
