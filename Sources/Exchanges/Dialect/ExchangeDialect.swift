public import TradingCore

/// What one exchange speaks, as pure functions: calls, signatures, answers, errors, streams. No I/O, no clock, no state but
/// the markets it was told. What an exchange cannot do, and what we never built, throws `notSupported`.
///
/// A call is made with the markets loaded; numbers are rounded to the market's steps on the way out.
public protocol ExchangeDialect: Sendable {
    var id: ExchangeID { get }
    /// The name that people read.
    var name: String { get }
    var catalog: MarketCatalog { get set }
    var hosts: ExchangeHosts { get set }
    var limits: [RateLimit] { get }
    var abilities: ExchangeAbilities { get }
    /// What marks the orders that we make; nil: nothing does but the form of their ids.
    var orderMark: OrderMark? { get set }

    // MARK: Talking

    /// - Throws: `authenticationError` when credentials are missing that the call needs.
    func sign(_ request: EndpointRequest, _ context: SigningContext) throws(ExchangeFailure) -> SignedRequest

    /// What an answer says went wrong; nil when it is good. Exchange, endpoint and status are filled in by the caller.
    func failure(in answer: EndpointAnswer, to request: EndpointRequest) -> ExchangeFailure?

    /// What the headers say of the limits.
    func usage(in answer: EndpointAnswer) -> [RateUsage]

    /// The same where the headers do not name the limit, and only the request tells which it was (Gate, KuCoin).
    func usage(in answer: EndpointAnswer, to request: EndpointRequest) -> [RateUsage]

    /// Our order's name as the exchange allows it, with our tag where it has room for one; nil for an id that it cannot hold.
    func clientOrderID(_ id: ClientOrderID) -> String?

    /// The number that a text stands for; nil for foreign orders.
    func clientOrderID(_ text: String) -> ClientOrderID?

    /// The same without a tag.
    func plainClientOrderID(_ id: ClientOrderID) -> String?
    func plainClientOrderID(_ text: String) -> ClientOrderID?
    /// What a name has to begin with, by the exchange's rules.
    var clientOrderIDStart: String { get }

    func ownership(of order: ExchangeOrder) -> OrderOwnership
    func ownership(of trade: ExchangeTrade) -> OrderOwnership

    // MARK: Public calls

    func serverTime() throws(ExchangeFailure) -> EndpointCall<Int64>
    func status() throws(ExchangeFailure) -> EndpointCall<ExchangeStatus>
    func markets() throws(ExchangeFailure) -> EndpointCall<[ExchangeMarket]>
    func currencies() throws(ExchangeFailure) -> EndpointCall<[ExchangeCurrency]>
    func ticker(_ symbol: Symbol, _ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<ExchangeTicker>
    /// - Parameter symbols: nil for all.
    func tickers(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]>
    func bestPrices(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]>
    func lastPrices(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]>
    func book(
        _ symbol: Symbol, limit: Int?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeBook>
    func candles(
        _ query: HistoryQuery, _ interval: CandleInterval
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeCandle]>
    func trades(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]>

    // MARK: Account

    func balances(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<ExchangeBalances>
    func wallets(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<[ExchangeWallet]>
    func tradingFees(_ symbol: Symbol, _ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<TradingFees>
    func allTradingFees(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<[TradingFees]>
    /// What the key may do.
    func permissions() throws(ExchangeFailure) -> EndpointCall<KeyPermissions>
    /// What the exchange calls the account that the key is of, where it tells that elsewhere than with the permissions; nil where the
    /// answer leaves it out.
    func accountID() throws(ExchangeFailure) -> EndpointCall<String?>

    // MARK: Orders

    func place(_ order: OrderPlacement) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder>
    /// What became of each, in order: a refusal of one is told in its place.
    func place(_ orders: [OrderPlacement]) throws(ExchangeFailure) -> EndpointCall<[PlacementAnswer]>
    func edit(
        _ order: OrderReference, to placement: OrderPlacement
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder>
    func cancel(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder>
    func cancel(_ orders: [OrderReference], _ symbol: Symbol?) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]>
    /// Everybody's orders of the account. Neither engine nor API can reach it (H31): fixtures and tests do.
    func cancelAll(_ symbol: Symbol?, _ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]>
    /// The dead man's switch: all orders of the account are cancelled unless said again within the time.
    /// - Parameter milliseconds: 0 disarms.
    func cancelAllAfter(
        _ milliseconds: Int64, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<Int64?>
    func order(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder>
    /// A second place to look where ``order(_:)`` forgets orders that are done: only when this one knows nothing either, an
    /// order is not there. Nil where one look is enough.
    func doneOrder(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder>?
    func openOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]>
    /// A page of them; the query's ``HistoryQuery/fromID`` is what the page before named as its ``OrderPage/next``.
    func openOrdersPage(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<OrderPage>
    func closedOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]>
    func cancelledOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]>
    func cancelledAndClosedOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]>
    func orders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]>
    func ownTrades(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]>
    func trades(
        of order: OrderReference, _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]>

    // MARK: Deposits and withdrawals

    func depositAddress(
        _ asset: AssetID, network: String?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<DepositAddress>
    func createDepositAddress(
        _ asset: AssetID, network: String?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<DepositAddress>
    func withdraw(_ withdrawal: WithdrawalRequest) throws(ExchangeFailure) -> EndpointCall<ExchangeTransfer>
    func deposits(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]>
    func withdrawals(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]>
    func depositsAndWithdrawals(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]>

    // MARK: Streams

    /// A connection for market data.
    func publicStream(_ channels: [StreamChannel]) throws(ExchangeFailure) -> any StreamSession
    /// The same with what ``streamToken(isPrivate:)`` gave, where the exchange wants one for market data too (KuCoin).
    func publicStream(
        _ channels: [StreamChannel], token: StreamToken?
    ) throws(ExchangeFailure) -> any StreamSession
    /// A connection for one account's orders, fills and balances.
    /// - Parameter token: what ``streamToken()`` gave, where the exchange wants one.
    func privateStream(token: StreamToken?) throws(ExchangeFailure) -> any StreamSession
    /// A call whose answer is needed to open a stream; nil where none is.
    func streamToken(isPrivate: Bool) -> EndpointCall<StreamToken>?
    /// Keeps a token alive; nil where that is not needed.
    func renew(_ token: StreamToken) -> EndpointCall<Void>?
}

/// What became of one order of several.
public enum PlacementAnswer: Hashable, Sendable {
    case order(ExchangeOrder)
    case refused(ExchangeFailure)
}

/// What a key may do; nil where the exchange does not say.
public struct KeyPermissions: Hashable, Sendable {
    public var canRead: Bool?
    public var canTrade: Bool?
    public var canWithdraw: Bool?
    public var isBoundToAddresses: Bool?
    /// What the exchange calls the account, or sub-account, that the key is of.
    public var accountID: String?

    public init(
        canRead: Bool? = nil, canTrade: Bool? = nil, canWithdraw: Bool? = nil, isBoundToAddresses: Bool? = nil
    ) {
        self.canRead = canRead
        self.canTrade = canTrade
        self.canWithdraw = canWithdraw
        self.isBoundToAddresses = isBoundToAddresses
    }
}

/// Where an exchange is reached. Replaced for test networks and for simulators.
public struct ExchangeHosts: Hashable, Sendable {
    /// Roots of the interfaces by name, without a slash at the end: `public`, `private`, `sapi`.
    public var rest: [String: String]
    /// Roots of the streams by name: `public`, `private`.
    public var streams: [String: String]
    /// Sent with every request, as OKX's demo trading wants it.
    public var headers: [SignedRequest.Header]

    public init(rest: [String: String], streams: [String: String], headers: [SignedRequest.Header] = []) {
        self.rest = rest
        self.streams = streams
        self.headers = headers
    }
}

/// What an exchange offers beyond the ordinary, for those who have to choose.
public struct ExchangeAbilities: Hashable, Sendable {
    /// A dead man's switch: seconds it can be set to; nil where there is none.
    public var deadMansSwitch: ClosedRange<Int>?
    /// Most orders in one call; 1 where there is no such call.
    public var placeBatch: Int
    public var cancelBatch: Int
    /// An order keeps its id when edited; nil: cannot be edited.
    public var editKeepsID: Bool?
    /// Longest window of own trades in one call, milliseconds; nil: no bound.
    public var ownTradesWindow: Int64?
    /// Whether an order is found by our id as long as by theirs.
    public var findsByClientOrderID: Bool
    /// Milliseconds after a request's time at which the exchange surely no longer accepts it.
    public var acceptanceWindow: Int64
    /// Most own trades in one answer.
    public var ownTradesPage = 100
    /// When a window holds more own trades than an answer, the newest are told: the next question ends where they begin.
    public var tellsNewestTrades = false
    /// A private stream can be opened so that its end cancels everything on the account.
    public var cancelsOnDisconnect = false
    /// How long such a stream may be gone before that, in seconds, where the exchange wants to be told (Bybit): by
    /// ``ExchangeDialect/cancelAllAfter(_:_:)``.
    public var disconnectionWindow: ClosedRange<Int>?
    /// How many ``StreamEvent/confirmed(_:)`` a private stream gives until it tells everything.
    public var privateConfirmations = 1
    /// Most open orders in one answer; nil: all of them.
    public var openOrdersPage: Int?
    /// The stream tells a fill with its fee.
    public var streamsFees = true
    /// A nonce below one that the exchange has seen is refused, so signed calls go one at a time.
    public var hasOrderedNonces = false
    /// Our order ids cannot be taken for somebody else's, nor theirs for ours.
    public var marksOwnOrders = true
    /// How deposits and withdrawals are listed.
    public var transferHistory = TransferHistory()
    /// What fees can be paid in beside the assets that are traded.
    public var feeToken: AssetID?

    public init(
        deadMansSwitch: ClosedRange<Int>? = nil, placeBatch: Int = 1, cancelBatch: Int = 1, editKeepsID: Bool? = nil,
        ownTradesWindow: Int64? = nil, findsByClientOrderID: Bool = true, acceptanceWindow: Int64
    ) {
        self.deadMansSwitch = deadMansSwitch
        self.placeBatch = placeBatch
        self.cancelBatch = cancelBatch
        self.editKeepsID = editKeepsID
        self.ownTradesWindow = ownTradesWindow
        self.findsByClientOrderID = findsByClientOrderID
        self.acceptanceWindow = acceptanceWindow
    }
}
