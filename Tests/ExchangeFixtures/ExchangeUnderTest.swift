public import Exchanges
public import TradingCore

/// A connector, and how CCXT's words for its exchange are to be taken.
public struct ExchangeUnderTest: Sendable {
    /// Which market orders CCXT turns from an amount and a price into a cost.
    public enum MarketCost: Sendable {
        case never, buys, always
    }

    /// The name of the fixture folder.
    public var id: String
    /// The connector with its markets loaded.
    /// - Parameter options: the file's and the case's `options`, and ``optionParameters`` of the call.
    public var make: @Sendable (_ catalog: MarketCatalog, _ options: [JSONValue.Member]) -> any ExchangeDialect
    /// The exchange's word for a client order id. Where a case expects the key, the runner gives the order an id.
    public var clientOrderIDKey: String?
    /// What the recorded signatures were made with.
    public var receiveWindow: Int64 = 10_000
    /// CCXT parameters that choose between the connector's options: they go to ``make``, not into the call.
    public var optionParameters: Set<String> = []
    /// The same for a method whatever its parameters: CCXT reaches it through another of the exchange's interfaces.
    public var methodOptions: [String: [JSONValue.Member]] = [:]
    /// Parameters that the connector has no answer to, beside ``commonlyUnsupported``.
    public var unsupportedParameters: Set<String> = []
    /// Those of ``commonlyUnsupported`` that it takes as extra parameters all the same.
    public var supportedParameters: Set<String> = []
    /// Keys of a body or query that belong to CCXT's brokerage: taken away from both sides.
    public var droppedKeys: Set<String> = []
    /// Headers of the same kind, in lower case.
    public var droppedHeaders: Set<String> = []
    public var marketCost = MarketCost.buys
    /// Last word on a call's arguments and parameters, before they are read: what only CCXT calls so.
    public var translate: @Sendable (_ method: String, _ arguments: inout UnifiedArguments) -> Void = { _, _ in }
    /// Last word on a unified answer, before it is judged: what CCXT makes of a raw answer and we do not. What a stream
    /// tells comes without a raw answer, one object at a time.
    public var adapt: @Sendable (_ answer: JSONValue, _ raw: JSONValue) -> JSONValue = { answer, _ in answer }
    /// The request of a signature case as the connector would write it: CCXT keeps some exchanges' versions elsewhere.
    /// - Parameters: CCXT's api and path, its identifiers put in, and the URL that was signed.
    public var locate: @Sendable (_ api: [String], _ path: String, _ url: String) -> (api: [String], path: String) = {
        api, path, _ in
        (api, path)
    }
    /// An answer to the connector's call for markets that holds these entries. Nil: its entries are not made of one each.
    public var marketsAnswer: (@Sendable (_ infos: [JSONValue]) -> JSONValue)?
    public var currenciesAnswer: (@Sendable (_ infos: [JSONValue]) -> JSONValue)?
    /// A market's entry in that answer, where its raw payload does not say which market it is.
    public var marketEntry: @Sendable (_ id: String, _ info: JSONValue) -> JSONValue = { _, info in info }
    /// Keys of stream answers in which the oracle is known to be wrong (`README.md` beside the fixtures).
    public var streamQuirks: Set<String> = []
    /// The same for a stream's fills alone.
    public var fillQuirks: Set<String> = []
    /// The same for a stream's orders alone.
    public var orderQuirks: Set<String> = []
    /// The same for a stream's balances.
    public var balanceQuirks: Set<String> = []
    /// A candle of a stream as CCXT reads it.
    public var rewordCandle: @Sendable (_ candle: ExchangeCandle) -> ExchangeCandle = { $0 }
    /// Whether CCXT adds a stream's fills to their order.
    public var ordersCarryFills = true
    /// Exchange codes that CCXT does not know apart, and the kind it makes of them.
    public var failureQuirks: [String: ExchangeFailure.Kind] = [:]
    /// Places of a market (`limits.amount.max`) where the connector says what CCXT leaves empty.
    public var marketAdditions: Set<String> = []
    /// Whether CCXT leaves out whether an asset's networks are active, and the connector tells it.
    public var tellsNetworkActivity = false
    /// A currency of `markets.json`, which another release of CCXT wrote than the answers.
    public var expectedCurrency: @Sendable (_ currency: JSONValue.Member) -> JSONValue.Member = { $0 }
    /// Prices are given as significant digits and amounts as fractional ones.
    public var countsDigits = false
    /// How its captures are called; nil: none.
    public var captureName: String?
    /// The answer to the connector's call for markets within a capture's REST answers; by default the one to the same path.
    public var capturedMarkets: (@Sendable (_ answers: [CapturedAnswer]) -> JSONValue?)?

    public init(
        id: String,
        make: @escaping @Sendable (_ catalog: MarketCatalog, _ options: [JSONValue.Member]) -> any ExchangeDialect
    ) {
        self.id = id
        self.make = make
    }

    /// What CCXT offers on some exchanges and our calls do not have: conditional orders beyond a trigger price, tests.
    public static let commonlyUnsupported: Set<String> = [
        "trailingPercent", "trailingAmount", "trailingTriggerPrice", "stopLossOrTakeProfit", "icebergAmount",
        "takeProfitPrice",
        "stopLossPrice", "takeProfit", "stopLoss", "trigger", "stop", "test", "rolling", "paginate", "marginMode",
    ]

    func supports(_ parameter: String) -> Bool {
        if unsupportedParameters.contains(parameter) { return false }
        return !Self.commonlyUnsupported.contains(parameter) || supportedParameters.contains(parameter)
    }
}
