public import TradingCore

/// Bybit spot of unified accounts, API v5.
/// Source: bybit-exchange.github.io/docs/v5.
public struct BybitDialect: ExchangeDialect {
    public let id = ExchangeID(rawValue: "bybit")
    public let name = "Bybit"
    public var catalog: MarketCatalog
    public var hosts: ExchangeHosts
    public var orderMark: OrderMark?
    public let limits = BybitLimits.all
    /// Whether private streams arm the *disconnection protection*: orders are cancelled when the connection was gone for
    /// the time set by ``cancelAllAfter(_:_:)``. Bybit has to enable it for the account first.
    public var protectsDisconnection: Bool

    /// Disconnection protection is no dead man's switch: it looks at a connection, not at our word, and is not everybody's.
    public let abilities = {
        var abilities = ExchangeAbilities(
            placeBatch: 10, cancelBatch: 10, editKeepsID: true, ownTradesWindow: 7 * 86_400_000,
            findsByClientOrderID: true, acceptanceWindow: 10_000)
        abilities.tellsNewestTrades = true
        abilities.privateConfirmations = 2
        abilities.openOrdersPage = 50
        abilities.disconnectionWindow = 3...300
        abilities.feeToken = AssetID("MNT")
        // "Get Withdrawal Records": endTime - startTime at most 30 days, at most 50 in an answer.
        abilities.transferHistory = TransferHistory(window: 30 * 86_400_000, page: 50)
        return abilities
    }()

    public init(
        catalog: MarketCatalog = .empty, hosts: ExchangeHosts = BybitDialect.liveHosts,
        protectsDisconnection: Bool = false
    ) {
        self.catalog = catalog
        self.hosts = hosts
        self.protectsDisconnection = protectsDisconnection
    }

    public static let liveHosts = hosts(
        rest: "https://api.bybit.com", publicStream: "wss://stream.bybit.com", privateStream: "wss://stream.bybit.com")
    public static let testHosts = hosts(
        rest: "https://api-testnet.bybit.com", publicStream: "wss://stream-testnet.bybit.com",
        privateStream: "wss://stream-testnet.bybit.com")
    /// Demo trading, with keys of its own, on the real market.
    public static let demoHosts = hosts(
        rest: "https://api-demo.bybit.com", publicStream: "wss://stream.bybit.com",
        privateStream: "wss://stream-demo.bybit.com")

    static func hosts(rest: String, publicStream: String, privateStream: String) -> ExchangeHosts {
        ExchangeHosts(
            rest: ["public": rest, "private": rest],
            streams: ["public": publicStream + "/v5/public/spot", "private": privateStream + "/v5/private"])
    }

    public func plainClientOrderID(_ id: ClientOrderID) -> String? { PlainClientOrderID.text(id) }
    public func plainClientOrderID(_ text: String) -> ClientOrderID? { PlainClientOrderID.id(text) }

    // MARK: - Calls

    /// An answer: what was asked for, and what stands around it.
    struct Answer: Sendable {
        var result: JSONValue
        var whole: JSONValue

        /// The rows of a result that is a list.
        func rows(_ key: String = "list") throws(UnreadableAnswer) -> [JSONValue] { try result.list(key) }

        func first(_ key: String = "list") throws(UnreadableAnswer) -> JSONValue {
            guard let row = try rows(key).first else { throw UnreadableAnswer(key, expected: "a row", found: "none") }
            return row
        }
    }

    func ask<Value: Sendable>(
        _ api: Interface, _ path: String, _ fields: RequestFields = RequestFields(),
        _ read: @escaping @Sendable (Answer) throws -> Value
    ) -> EndpointCall<Value> {
        call(.get, api, path, fields, BybitLimits.costs(path), read)
    }

    /// - Parameter count: orders in the call.
    func tell<Value: Sendable>(
        _ path: String, _ fields: RequestFields, count: Int = 1,
        _ read: @escaping @Sendable (Answer) throws -> Value
    ) -> EndpointCall<Value> {
        call(.post, .private, path, fields, BybitLimits.costs(path, count), read)
    }

    private func call<Value: Sendable>(
        _ verb: EndpointRequest.Verb, _ api: Interface, _ path: String, _ fields: RequestFields, _ costs: [RateCost],
        _ read: @escaping @Sendable (Answer) throws -> Value
    ) -> EndpointCall<Value> {
        let request = EndpointRequest(verb, [api.rawValue], path, fields.members, costs: costs)
        return EndpointCall(request) { value in
            guard let result = value["result"] else {
                throw UnreadableAnswer("result", expected: "an object", found: "nothing")
            }
            return try read(Answer(result: result, whole: value))
        }
    }

    enum Interface: String {
        case `public`, `private`
    }

    static let category = "spot"
}
