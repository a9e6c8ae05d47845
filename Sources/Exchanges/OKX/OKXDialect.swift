public import TradingCore

/// OKX spot, API v5.
/// Source: www.okx.com/docs-v5.
public struct OKXDialect: ExchangeDialect {
    public let id = ExchangeID(rawValue: "okx")
    public let name = "OKX"
    public var catalog: MarketCatalog
    public var hosts: ExchangeHosts
    public var orderMark: OrderMark?
    public let limits = OKXLimits.all

    /// A request's time may be 30 s off: so long can it still be accepted. An order that was cancelled unfilled is
    /// forgotten after two hours, by either id.
    public let abilities = {
        var abilities = ExchangeAbilities(
            deadMansSwitch: 10...120, placeBatch: 20, cancelBatch: 20, editKeepsID: true, findsByClientOrderID: true,
            acceptanceWindow: 30_000)
        abilities.tellsNewestTrades = true
        abilities.privateConfirmations = 3
        abilities.openOrdersPage = 100
        // "Get withdrawal history": at most 100 in an answer.
        abilities.transferHistory = TransferHistory(page: 100)
        return abilities
    }()

    /// - Parameter hosts: ``liveHosts``, ``demoHosts``, or those of a regional entity.
    public init(catalog: MarketCatalog = .empty, hosts: ExchangeHosts = OKXDialect.liveHosts) {
        self.catalog = catalog
        self.hosts = hosts
    }

    public static let liveHosts = hosts(rest: "https://www.okx.com", streams: "wss://ws.okx.com:8443")
    /// Accounts of the European Economic Area.
    public static let europeanHosts = hosts(rest: "https://eea.okx.com", streams: "wss://wseea.okx.com:8443")
    /// Accounts of the United States.
    public static let americanHosts = hosts(rest: "https://us.okx.com", streams: "wss://wsus.okx.com:8443")
    /// Demo trading, with keys of its own.
    public static let demoHosts = hosts(
        rest: "https://www.okx.com", streams: "wss://wspap.okx.com:8443",
        headers: [SignedRequest.Header("x-simulated-trading", "1")])

    static func hosts(rest: String, streams: String, headers: [SignedRequest.Header] = []) -> ExchangeHosts {
        ExchangeHosts(
            rest: ["public": rest + "/api/v5", "private": rest + "/api/v5"],
            streams: [
                "public": streams + "/ws/v5/public", "private": streams + "/ws/v5/private",
                "business": streams + "/ws/v5/business",
            ], headers: headers)
    }

    public func plainClientOrderID(_ id: ClientOrderID) -> String? { PlainClientOrderID.text(id) }
    public func plainClientOrderID(_ text: String) -> ClientOrderID? { PlainClientOrderID.id(text) }

    // MARK: - Calls

    /// A call whose answer's `data` is read.
    func call<Answer: Sendable>(
        _ request: EndpointRequest, _ read: @escaping @Sendable ([JSONValue]) throws -> Answer
    ) -> EndpointCall<Answer> {
        EndpointCall(request) { value in try read(try value.list("data")) }
    }

    func ask<Answer: Sendable>(
        _ api: Interface, _ path: String, _ fields: RequestFields = RequestFields(),
        _ read: @escaping @Sendable ([JSONValue]) throws -> Answer
    ) -> EndpointCall<Answer> {
        call(EndpointRequest(.get, [api.rawValue], path, fields.members, costs: OKXLimits.costs(path)), read)
    }

    func tell<Answer: Sendable>(
        _ path: String, _ fields: RequestFields, _ read: @escaping @Sendable ([JSONValue]) throws -> Answer
    ) -> EndpointCall<Answer> {
        call(EndpointRequest(.post, ["private"], path, fields.members, costs: OKXLimits.costs(path)), read)
    }

    func tell<Answer: Sendable>(
        _ path: String, list: [RequestFields], _ read: @escaping @Sendable ([JSONValue]) throws -> Answer
    ) -> EndpointCall<Answer> {
        let costs = OKXLimits.costs(path, list.count)
        return call(EndpointRequest(.post, ["private"], path, list: list.map(\.object), costs: costs), read)
    }

    enum Interface: String {
        case `public`, `private`
    }
}

extension [JSONValue] {
    /// The only row of an answer that has one.
    func only(_ what: String) throws(UnreadableAnswer) -> JSONValue {
        guard let first else { throw UnreadableAnswer(what, expected: "a row", found: "none") }
        return first
    }
}
