public import TradingCore

/// What an exchange does not offer, or nobody built.
extension ExchangeDialect {
    func unsupported(_ call: String) -> ExchangeFailure {
        ExchangeFailure(.notSupported, exchange: id.rawValue, message: "\(name) has no \(call)")
    }

    public func usage(in answer: EndpointAnswer) -> [RateUsage] { [] }
    public func usage(in answer: EndpointAnswer, to request: EndpointRequest) -> [RateUsage] { usage(in: answer) }

    public func serverTime() throws(ExchangeFailure) -> EndpointCall<Int64> { throw unsupported("server time") }
    public func status() throws(ExchangeFailure) -> EndpointCall<ExchangeStatus> { throw unsupported("status") }
    public func currencies() throws(ExchangeFailure) -> EndpointCall<[ExchangeCurrency]> {
        throw unsupported("list of currencies")
    }
    public func tickers(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> { throw unsupported("tickers") }
    public func bestPrices(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> { throw unsupported("best prices") }
    public func lastPrices(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> { throw unsupported("last prices") }
    public func candles(
        _ query: HistoryQuery, _ interval: CandleInterval
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeCandle]> { throw unsupported("candles") }
    public func wallets(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<[ExchangeWallet]> {
        throw unsupported("wallets")
    }
    public func tradingFees(
        _ symbol: Symbol, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<TradingFees> { throw unsupported("trading fees") }
    public func allTradingFees(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<[TradingFees]> {
        throw unsupported("trading fees of all markets")
    }
    public func permissions() throws(ExchangeFailure) -> EndpointCall<KeyPermissions> {
        throw unsupported("permissions of a key")
    }
    public func accountID() throws(ExchangeFailure) -> EndpointCall<String?> { throw unsupported("account of a key") }
    public func place(_ orders: [OrderPlacement]) throws(ExchangeFailure) -> EndpointCall<[PlacementAnswer]> {
        throw unsupported("batch of orders")
    }
    public func edit(
        _ order: OrderReference, to placement: OrderPlacement
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> { throw unsupported("edit") }
    public func cancel(
        _ orders: [OrderReference], _ symbol: Symbol?
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> { throw unsupported("batch of cancels") }
    public func cancelAll(
        _ symbol: Symbol?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> { throw unsupported("cancel of all orders") }
    public func cancelAllAfter(
        _ milliseconds: Int64, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<Int64?> { throw unsupported("dead man's switch") }
    public func doneOrder(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder>? { nil }
    public func closedOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        throw unsupported("closed orders")
    }
    public func cancelledOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        throw unsupported("cancelled orders")
    }
    public func cancelledAndClosedOrders(
        _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> { throw unsupported("cancelled and closed orders") }
    public func orders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        throw unsupported("orders of all states")
    }
    public func trades(
        of order: OrderReference, _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> { throw unsupported("trades of an order") }
    public func createDepositAddress(
        _ asset: AssetID, network: String?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<DepositAddress> { throw unsupported("new deposit address") }
    public func depositsAndWithdrawals(
        _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> { throw unsupported("list of all transfers") }
    public func publicStream(
        _ channels: [StreamChannel], token: StreamToken?
    ) throws(ExchangeFailure) -> any StreamSession { try publicStream(channels) }
    public func streamToken(isPrivate: Bool) -> EndpointCall<StreamToken>? { nil }
    public func renew(_ token: StreamToken) -> EndpointCall<Void>? { nil }
}
