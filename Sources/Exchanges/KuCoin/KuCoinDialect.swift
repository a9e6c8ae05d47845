public import TradingCore

/// KuCoin, spot. Source: kucoin.com/docs-new ("Spot Trading", "Account & Funding", "WebSocket API").
///
/// The unified interface of "UTA" accounts (`/api/ua/…`) is signed but not spoken.
public struct KuCoinDialect: ExchangeDialect {
    /// Which of the two order interfaces is used. They hold orders and history of their own.
    public enum Trading: Hashable, Sendable {
        /// `/api/v1/orders`, account type `trade`.
        case classic
        /// `/api/v1/hf/orders`, account type `trade_hf`. Synchronous calls are answered when the book has acted.
        case highFrequency(isSynchronous: Bool)
    }

    /// Where the whole book comes from that changes are applied to.
    public enum BookSnapshot: Hashable, Sendable {
        /// `level2_100`, for everybody. Only its best levels are known: it is fetched anew when they wear out.
        case best100
        /// All levels; needs a key.
        case full
    }

    public let id = ExchangeID(rawValue: "kucoin")
    public let name = "KuCoin"
    public var catalog: MarketCatalog
    public var hosts: ExchangeHosts
    public var orderMark: OrderMark?
    public var trading: Trading
    public var bookSnapshot: BookSnapshot

    public init(
        catalog: MarketCatalog = .empty, trading: Trading = .classic, bookSnapshot: BookSnapshot = .best100
    ) {
        self.catalog = catalog
        self.trading = trading
        self.bookSnapshot = bookSnapshot
        hosts = ExchangeHosts(
            rest: ["public": "https://api.kucoin.com", "private": "https://api.kucoin.com"],
            // The token's answer says where to connect; this is for simulators without one.
            streams: ["public": "wss://ws-api-spot.kucoin.com/", "private": "wss://ws-api-spot.kucoin.com/"])
    }

    var isHighFrequency: Bool { trading != .classic }
    var isSynchronous: Bool { trading == .highFrequency(isSynchronous: true) }
    /// The path of an order call below `hf/` or not.
    var orderRoot: String { isHighFrequency ? "hf/orders" : "orders" }

    public var abilities: ExchangeAbilities {
        var abilities = ExchangeAbilities(
            deadMansSwitch: isHighFrequency ? 5...86_400 : nil, placeBatch: 5,
            editKeepsID: isHighFrequency ? false : nil, ownTradesWindow: 7 * 86_400_000,
            findsByClientOrderID: true,
            // KuCoin takes a request whose time is up to 5 s off.
            acceptanceWindow: 5_000)
        // The welcome, orders, balances.
        abilities.privateConfirmations = 3
        abilities.streamsFees = false
        abilities.openOrdersPage = isHighFrequency ? nil : 50
        abilities.feeToken = AssetID("KCS")
        // Of transfers no bound is named; other histories are told in windows of 7 days.
        abilities.transferHistory = TransferHistory(window: 7 * 86_400_000, page: 500)
        return abilities
    }

    // MARK: - Client order ids

    /// `mm` and twelve hexadecimal digits. KuCoin allows 40 of `[0-9A-Za-z_-]`.
    public func plainClientOrderID(_ id: ClientOrderID) -> String? {
        let hex = String(id.rawValue, radix: 16)
        return KuCoinDialect.prefix + String(repeating: "0", count: max(12 - hex.utf8.count, 0)) + hex
    }

    public func plainClientOrderID(_ text: String) -> ClientOrderID? {
        guard text.hasPrefix(KuCoinDialect.prefix) else { return nil }
        let digits = text.dropFirst(KuCoinDialect.prefix.count)
        guard digits.utf8.count == 12, let number = UInt64(digits, radix: 16),
            let id = ClientOrderID(rawValue: number), plainClientOrderID(id) == text
        else { return nil }
        return id
    }

    private static let prefix = "mm"
}
