public import TradingCore

/// MEXC Spot, interface v3: REST like Binance's with gaps of its own, streams in Protocol Buffers.
///
/// Source: mexcdevelop.github.io/apidocs/spot_v3_en.
public struct MEXCDialect: ExchangeDialect {
    public let id = ExchangeID(rawValue: "mexc")
    public let name = "MEXC"
    public var catalog: MarketCatalog
    public var hosts: ExchangeHosts
    public var orderMark: OrderMark?
    public var options: Options

    public struct Options: Hashable, Sendable {
        /// Milliseconds that a signed request stays good, 1 to 60 000.
        public var receiveWindow: Int64
        /// Orders in a second for one key: the exchange changes it by announcement.
        public var ordersPerSecond: Int
        /// How often depth, trades and best prices come, milliseconds: 10 or 100.
        public var streamInterval: Int

        public init(receiveWindow: Int64 = 5_000, ordersPerSecond: Int = 5, streamInterval: Int = 100) {
            self.receiveWindow = min(max(receiveWindow, 1), 60_000)
            self.ordersPerSecond = max(ordersPerSecond, 1)
            self.streamInterval = streamInterval <= 10 ? 10 : 100
        }
    }

    public init(catalog: MarketCatalog = .empty, options: Options = Options()) {
        self.catalog = catalog
        self.options = options
        hosts = ExchangeHosts(
            rest: ["spot": "https://api.mexc.com/api/v3"],
            streams: ["public": "wss://wbs-api.mexc.com/ws", "private": "wss://wbs-api.mexc.com/ws"])
    }

    public var abilities: ExchangeAbilities {
        var abilities = ExchangeAbilities(
            placeBatch: 20, ownTradesWindow: 30 * 86_400_000,
            // The window, and a second for what the exchange's clock differs from the one we measured.
            acceptanceWindow: options.receiveWindow + 1_000)
        abilities.privateConfirmations = MEXCPrivateStream.channels.count
        abilities.feeToken = AssetID("MX")
        // "Withdraw History": windows of 7 days, of the last 90.
        abilities.transferHistory = TransferHistory(window: 7 * 86_400_000, reach: 90 * 86_400_000, page: 1_000)
        return abilities
    }

    // MARK: - Client order ids

    private static let prefix = "mm"

    /// At most 32 letters, digits, `_` and `-`: `mm` and the number in base 36.
    public func plainClientOrderID(_ id: ClientOrderID) -> String? { Self.prefix + String(id.rawValue, radix: 36) }

    public func plainClientOrderID(_ text: String) -> ClientOrderID? {
        guard text.hasPrefix(Self.prefix) else { return nil }
        let digits = text.dropFirst(Self.prefix.count)
        guard let number = UInt64(digits, radix: 36), String(number, radix: 36) == digits else { return nil }
        return ClientOrderID(rawValue: number)
    }

    // MARK: - Limits

    /// Weights over ten seconds, one count by address, one by key; orders apart.
    ///
    /// Source: "Limits" and each call's page of the documentation.
    public var limits: [RateLimit] {
        [
            RateLimit("address weight", capacity: 500, interval: 10_000, scope: .address),
            RateLimit("key weight", capacity: 500, interval: 10_000, scope: .key, reserve: 50),
            RateLimit("orders", capacity: options.ordersPerSecond, interval: 1_000, scope: .key),
        ]
    }

    func get(_ path: String, _ fields: ExtraParameters = [], weight: Int = 1) -> EndpointRequest {
        EndpointRequest(.get, ["spot", "public"], path, fields, costs: [RateCost("address weight", weight)])
    }

    func signed(
        _ verb: EndpointRequest.Verb, _ path: String, _ fields: ExtraParameters = [], weight: Int = 1, orders: Int = 0
    ) -> EndpointRequest {
        let costs = [RateCost("key weight", weight)] + (orders > 0 ? [RateCost("orders", orders)] : [])
        return EndpointRequest(verb, ["spot", "private"], path, fields, costs: costs)
    }
}
