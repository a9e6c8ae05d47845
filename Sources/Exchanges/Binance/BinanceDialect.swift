public import TradingCore

/// Binance Spot: REST and wallet interface, WebSocket market streams, user data over the WebSocket API.
///
/// Source: developers.binance.com, "Spot Trading" (2026) and "Wallet".
public struct BinanceDialect: ExchangeDialect {
    /// Where it is traded.
    public enum Network: String, CaseIterable, Sendable {
        case production
        /// Spot Test Network: no wallet interface.
        case testnet
        /// Demo Mode: real prices, made-up money.
        case demo
    }

    public let id = BinanceInstruments.exchange
    public let name = "Binance"
    public var catalog: MarketCatalog
    public var hosts: ExchangeHosts
    public var orderMark: OrderMark?

    public init(catalog: MarketCatalog = .empty, network: Network = .production) {
        self.catalog = catalog
        hosts = Self.hosts(of: network)
    }

    public static func hosts(of network: Network) -> ExchangeHosts {
        let (rest, streams, socket) =
            switch network {
            case .production:
                ("https://api.binance.com", "wss://stream.binance.com:9443", "wss://ws-api.binance.com:443/ws-api/v3")
            case .testnet:
                (
                    "https://testnet.binance.vision", "wss://stream.testnet.binance.vision",
                    "wss://ws-api.testnet.binance.vision/ws-api/v3"
                )
            case .demo:
                (
                    "https://demo-api.binance.com", "wss://demo-stream.binance.com",
                    "wss://demo-ws-api.binance.com/ws-api/v3"
                )
            }
        return ExchangeHosts(
            rest: ["public": rest + "/api/v3", "private": rest + "/api/v3", "sapi": rest + "/sapi/v1"],
            streams: ["public": streams, "private": socket])
    }

    // MARK: - Manners

    /// Source: "Limits"; `GET exchangeInfo` tells the same. Orders count when placed and are given back when they fill.
    public var limits: [RateLimit] {
        [
            RateLimit(Limit.weight, capacity: 6_000, interval: 60_000, scope: .address, reserve: 600),
            RateLimit(Limit.orders, capacity: 100, interval: 10_000, scope: .key),
            RateLimit(Limit.ordersOfDay, capacity: 200_000, interval: 86_400_000, scope: .key),
            RateLimit(Limit.wallet, capacity: 12_000, interval: 60_000, scope: .address, reserve: 1_200),
            // A list of withdrawals weighs a tenth of it, sending one 900.
            RateLimit(Limit.walletOfAccount, capacity: 180_000, interval: 60_000, scope: .key, reserve: 36_000),
            RateLimit(Limit.messages, capacity: 5, interval: 1_000, scope: .connection),
            RateLimit(Limit.connections, capacity: 300, interval: 300_000, scope: .address),
        ]
    }

    enum Limit {
        static let weight = "weight"
        static let orders = "orders per 10 s"
        static let ordersOfDay = "orders per day"
        static let wallet = "wallet weight"
        static let walletOfAccount = "wallet weight of the account"
        static let messages = "messages to a stream"
        static let connections = "stream connections"
    }

    public func usage(in answer: EndpointAnswer) -> [RateUsage] {
        [
            ("X-MBX-USED-WEIGHT-1M", Limit.weight), ("X-MBX-ORDER-COUNT-10S", Limit.orders),
            ("X-MBX-ORDER-COUNT-1D", Limit.ordersOfDay), ("X-SAPI-USED-IP-WEIGHT-1M", Limit.wallet),
            ("X-SAPI-USED-UID-WEIGHT-1M", Limit.walletOfAccount),
        ].compactMap { header, limit in
            answer.header(header).flatMap { Int($0) }.map { RateUsage(limit, used: $0) }
        }
    }

    /// No dead man's switch on spot. An edit is a cancel and a new order. A request is refused once its time plus
    /// `recvWindow` has passed; ours is ten seconds.
    public var abilities: ExchangeAbilities {
        var abilities = ExchangeAbilities(
            editKeepsID: false, ownTradesWindow: 86_400_000, findsByClientOrderID: true, acceptanceWindow: 10_000)
        abilities.ownTradesPage = 1_000
        abilities.feeToken = AssetID("BNB")
        // "Withdraw History": startTime and endTime at most 90 days apart.
        abilities.transferHistory = TransferHistory(window: 90 * 86_400_000, page: 1_000)
        return abilities
    }

    // MARK: - Client order ids

    private static let prefix = "mm-"

    /// `^[a-zA-Z0-9-_]{1,36}$`, unique among open orders.
    public func plainClientOrderID(_ id: ClientOrderID) -> String? { Self.prefix + String(id.rawValue) }

    public func plainClientOrderID(_ text: String) -> ClientOrderID? {
        guard text.hasPrefix(Self.prefix), let number = UInt64(text.dropFirst(Self.prefix.count)),
            Self.prefix + String(number) == text
        else { return nil }
        return ClientOrderID(rawValue: number)
    }
}
