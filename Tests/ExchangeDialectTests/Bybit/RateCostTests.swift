import Testing
import TradingCore

@testable import Exchanges

@Suite("OKX and Bybit: what calls cost")
struct RateCostTests {
    /// Calls of every kind.
    static func requests(_ dialect: some ExchangeDialect) throws -> [EndpointRequest] {
        let reference = OrderReference(id: "1", symbol: OKXScene.btc)
        let order = OrderPlacement(symbol: OKXScene.btc, kind: .limit, side: .buy, amount: "1", price: "2")
        let single: EndpointCall<ExchangeOrder> = try dialect.place(order)
        let batch: EndpointCall<[PlacementAnswer]> = try dialect.place([order, order, order])
        let query = HistoryQuery(symbol: OKXScene.btc)
        return [
            single.request, batch.request, try dialect.cancel(reference).request,
            try dialect.cancel([reference, reference], nil).request,
            try dialect.edit(reference, to: order).request, try dialect.order(reference).request,
            try dialect.openOrders(query).request, try dialect.closedOrders(query).request,
            try dialect.ownTrades(query).request, try dialect.balances([]).request,
            try dialect.cancelAllAfter(20_000, []).request, try dialect.serverTime().request,
            try dialect.markets().request, try dialect.currencies().request,
            try dialect.ticker(OKXScene.btc, []).request, try dialect.tickers(nil, []).request,
            try dialect.book(OKXScene.btc, limit: nil, []).request, try dialect.trades(query).request,
            try dialect.candles(query, .oneHour).request, try dialect.tradingFees(OKXScene.btc, []).request,
            try dialect.permissions().request, try dialect.deposits(HistoryQuery()).request,
            try dialect.withdrawals(HistoryQuery()).request,
            try dialect.depositAddress(AssetID("USDT"), network: nil, []).request,
        ]
    }

    func check(_ dialect: some ExchangeDialect) throws {
        let names = Set(dialect.limits.map(\.name))
        #expect(names.count == dialect.limits.count)
        for request in try Self.requests(dialect) {
            #expect(!request.costs.isEmpty, "\(request.endpoint)")
            for cost in request.costs {
                let limit = dialect.limits.first { $0.name == cost.limit }
                #expect(limit != nil, "\(request.endpoint) costs \(cost.limit)")
                #expect(cost.weight <= (limit?.capacity ?? 0) - (limit?.reserve ?? 0))
            }
        }
    }

    @Test func `every call takes from limits that there are`() throws {
        try check(OKXScene.dialect)
        try check(BybitScene.dialect)
    }

    @Test func `a batch counts its orders`() throws {
        #expect(try Self.requests(OKXScene.dialect)[1].costs.map(\.weight) == [3, 3])
        #expect(try Self.requests(BybitScene.dialect)[1].costs.map(\.weight) == [3, 1])
    }
}
