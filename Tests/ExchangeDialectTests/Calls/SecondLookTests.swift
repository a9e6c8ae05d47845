import Testing
import TradingCore

@testable import Exchanges

/// What running CCXT beside our connectors has shown, each in the exchange's own words.
@Suite struct SecondLookTests {
    private static let funding: ExtraParameters = [.init(key: "type", value: .string("FUND"))]

    @Test func `Binance and OKX tell the funding wallet apart from what is traded with`() throws {
        let binance = BinanceDialect()
        let wallet = try binance.balances(Self.funding)
        #expect(wallet.request.verb == .post && wallet.request.path == "asset/get-funding-asset")
        let row = #"[{"asset":"USDT","free":"1.5","locked":"0.5","freeze":"1","withdrawing":"2","btcValuation":"0"}]"#
        let told = try #require(try Rigged.read(wallet, row, binance).balances.first)
        #expect(told.free == "1.5" && told.used == "3.5" && told.total == "5")
        let okx = OKXDialect()
        let funds = try okx.balances(Self.funding)
        #expect(funds.request.path == "asset/balances")
        let answer = #"{"code":"0","msg":"","data":[{"ccy":"BTC","bal":"3","frozenBal":"1","availBal":"2"}]}"#
        let held = try #require(try Rigged.read(funds, answer, okx).balances.first)
        #expect(held.free == "2" && held.used == "1" && held.total == "3")
        #expect(try okx.balances([]).request.path == "account/balance")
    }

    @Test func `Gate's fees are the lower ones where they are paid in GT`() throws {
        let gate = GateDialect(catalog: Rigged.catalog(separator: "_"))
        let call = try gate.tradingFees(Rigged.bitcoin, [])
        func fees(_ discount: Bool) throws -> TradingFees {
            try Rigged.read(
                call,
                #"{"taker_fee":"0.002","maker_fee":"0.0018","gt_discount":\#(discount),"gt_taker_fee":"0.0015","#
                    + #""gt_maker_fee":"0.0014"}"#, gate)
        }
        #expect(try fees(false).taker == "0.002" && fees(false).maker == "0.0018")
        #expect(try fees(true).taker == "0.0015" && fees(true).maker == "0.0014")
    }

    @Test func `MEXC is asked for one ticker by its own call, and for candles with both ends`() throws {
        let mexc = MEXCDialect(catalog: Rigged.catalog(separator: ""))
        #expect(Rigged.text(try mexc.tickers([Rigged.bitcoin], []).request) == #"{"symbol":"BTCUSDT"}"#)
        #expect(Rigged.text(try mexc.tickers([Rigged.bitcoin, Rigged.ether], []).request) == "{}")
        let candles = try mexc.candles(HistoryQuery(symbol: Rigged.bitcoin, since: 1_000, limit: 5), .oneMinute)
        let text = Rigged.text(candles.request)
        #expect(text.contains(#""startTime":1000"#) && text.contains(#""endTime":30001000"#), "\(text)")
    }

    @Test func `an order in a state that Gate has not told before is none that stops the program`() {
        #expect(GateDialect.state(finish: nil, status: "resting") == .other("resting"))
        #expect(GateDialect.state(finish: "melted", status: "closed") == .closed)
        #expect(GateDialect.state(finish: "melted", status: "resting") == .other("resting"))
        #expect(GateDialect.state(finish: nil, status: nil) == nil)
    }
}
