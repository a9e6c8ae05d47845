import Testing
import TradingCore

@testable import Exchanges

/// Answers as the documentation shows them.
@Suite("Bybit: answers")
struct BybitAnswerTests {
    let dialect = BybitScene.dialect

    @Test func `a market with its rules`() throws {
        let list =
            #"{"category":"spot","list":[{"symbolId":9,"symbol":"BTCUSDT","baseCoin":"BTC","quoteCoin":"USDT","#
            + #""status":"Trading","lotSizeFilter":{"basePrecision":"0.000001","quotePrecision":"0.0000001","#
            + #""minOrderQty":"0.000011","maxOrderQty":"83","minOrderAmt":"5","maxOrderAmt":"8000000","#
            + #""maxLimitOrderQty":"83","maxMarketOrderQty":"41.5"},"priceFilter":{"tickSize":"0.1"}}]}"#
        let markets = try dialect.markets().answer(in: BybitScene.good(list), dialect)
        let market = try #require(markets.first)
        #expect(market.symbol == OKXScene.btc)
        #expect(market.isActive == true)
        #expect(market.rounding == OrderRounding(amount: .step("0.000001"), price: .tick("0.1")))
        #expect(market.limits.minimumCost == "5")
        #expect(market.limits.maximumAmount == "83")
        #expect(market.limits.maximumMarketAmount == "41.5")
    }

    @Test func `a ticker fills in what it leaves out`() throws {
        let list =
            #"{"list":[{"symbol":"BTCUSDT","bid1Price":"20517.96","bid1Size":"2","ask1Price":"20527.77","#
            + #""ask1Size":"1.862172","lastPrice":"20533.13","prevPrice24h":"20393.48","price24hPcnt":"0.0068","#
            + #""highPrice24h":"21128.12","lowPrice24h":"20318.89","turnover24h":"243765620.65899866","#
            + #""volume24h":"11801.27771"}]}"#
        let ticker = try dialect.ticker(OKXScene.btc, []).answer(in: BybitScene.good(list), dialect)
        #expect(ticker.open == "20393.48")
        #expect(ticker.change == "139.65")
        #expect(ticker.percentage == "0.68")
        #expect(ticker.time == nil)
    }

    @Test func `balances with and without what can be withdrawn`() throws {
        let result =
            #"{"list":[{"accountType":"UNIFIED","coin":[{"coin":"BTC","walletBalance":"2","availableToWithdraw":"1.5","#
            + #""locked":"0"},{"coin":"USDT","walletBalance":"100","availableToWithdraw":"","locked":"30","#
            + #""totalOrderIM":"5","totalPositionIM":"0"}]}]}"#
        let balances = try dialect.balances([]).answer(in: BybitScene.good(result), dialect)
        #expect(balances.time == 5)
        #expect(balances.balances.map(\.free) == ["1.5", "65"])
        #expect(balances.balances.map(\.used) == ["0.5", "35"])
    }

    static func row(_ status: String, _ more: String = "") -> String {
        #"{"orderId":"fd43","orderLinkId":"mrm00000000a","symbol":"BTCUSDT","price":"1600.00","qty":"0.10","#
            + #""side":"Buy","orderStatus":"\#(status)","cancelType":"UNKNOWN","rejectReason":"EC_NoError","#
            + #""avgPrice":"1590","leavesQty":"0.06","cumExecQty":"0.04","cumExecValue":"63.6","timeInForce":"PostOnly","#
            + #""orderType":"Limit","createdTime":"1","updatedTime":"2"\#(more)}"#
    }

    @Test func `an open order`() throws {
        let order = try dialect.order(try JSONValue(Self.row("PartiallyFilled", #","cumFeeDetail":{"BTC":"0.001"}"#)))
        #expect(order.status == .open)
        #expect(order.remaining == "0.06")
        #expect(order.cost == "63.6")
        #expect(order.isPostOnly == true)
        #expect(order.timeInForce == .postOnly)
        #expect(order.fees == [ExchangeFee(cost: "0.001", asset: AssetID("BTC"))])
        #expect(order.reason == nil)
    }

    @Test func `a cancelled order that was filled in part`() throws {
        let more = #","cumExecFee":"0.5""#
        let text = Self.row("PartiallyFilledCanceled", more)
            .replacing(#""leavesQty":"0.06""#, with: #""leavesQty":"0.00""#)
            .replacing("EC_NoError", with: "EC_PerCancelRequest")
        let order = try dialect.order(try JSONValue(text))
        #expect(order.status == .cancelled)
        #expect(order.filled == "0.04")
        // Nothing of it will be executed any more.
        #expect(order.remaining == .zero)
        #expect(order.reason == "EC_PerCancelRequest")
        // A buyer's fee is taken from what was bought.
        #expect(order.fees == [ExchangeFee(cost: "0.5", asset: AssetID("BTC"))])
    }

    @Test func `of a market order by cost the quantity is no amount`() throws {
        let text = Self.row("Filled", #","marketUnit":"quoteCoin""#)
            .replacing(#""qty":"0.10""#, with: #""qty":"63.6""#)
            .replacing(#""orderType":"Limit""#, with: #""orderType":"Market""#)
        let order = try dialect.order(try JSONValue(text))
        #expect(order.filled == "0.04")
        #expect(order.amount == nil)
        #expect(order.cost == "63.6")
    }

    @Test(arguments: [
        ("New", OrderState.open), ("Untriggered", .open), ("Filled", .closed), ("Cancelled", .cancelled),
        ("Rejected", .rejected), ("Deactivated", .cancelled), ("Resting", .other("Resting")),
    ])
    func `states of orders`(word: String, state: OrderState) throws {
        #expect(try dialect.order(try JSONValue(Self.row(word))).status == state)
    }

    @Test func `a rebate comes in what the order costs`() {
        let market = OKXScene.market(OKXScene.btc, "BTCUSDT")
        #expect(dialect.feeAsset(market, .buy, "1")?.rawValue == "BTC")
        #expect(dialect.feeAsset(market, .sell, "1")?.rawValue == "USDT")
        #expect(dialect.feeAsset(market, .buy, "-1")?.rawValue == "USDT")
        #expect(dialect.feeAsset(market, .sell, "-1")?.rawValue == "BTC")
    }

    @Test func `an order that is not there`() throws {
        let call = try dialect.order(OrderReference(clientOrderID: "mrm1", symbol: OKXScene.btc))
        #expect(try BybitScene.signed(call.request).url.hasSuffix("?category=spot&symbol=BTCUSDT&orderLinkId=mrm1"))
        #expect(OKXScene.kind { try call.answer(in: BybitScene.good(#"{"list":[]}"#), dialect) } == .orderNotFound)
        // It may be done and forgotten there.
        let second = try #require(try dialect.doneOrder(OrderReference(clientOrderID: "mrm1", symbol: OKXScene.btc)))
        #expect(second.request.path == "v5/order/history")
        let none = try OKXScene.dialect.doneOrder(OrderReference(id: "1", symbol: OKXScene.btc))
        #expect(none == nil)
    }

    @Test func `what a key may do`() throws {
        let result = #"{"readOnly":0,"permissions":{"Spot":["SpotTrade"],"Wallet":["AccountTransfer"]},"ips":["*"]}"#
        let call = try dialect.permissions()
        #expect(
            try call.answer(in: BybitScene.good(result), dialect)
                == KeyPermissions(canRead: true, canTrade: true, canWithdraw: false, isBoundToAddresses: false))
        let told = result.replacing("{\"readOnly\"", with: "{\"userID\":24617703,\"readOnly\"")
        #expect(try call.answer(in: BybitScene.good(told), dialect).accountID == "24617703")
        let readOnly = result.replacing(#""readOnly":0"#, with: #""readOnly":1"#).replacing("*", with: "1.2.3.4")
        #expect(
            try call.answer(in: BybitScene.good(readOnly), dialect)
                == KeyPermissions(canRead: true, canTrade: false, canWithdraw: false, isBoundToAddresses: true))
    }

    @Test func `a currency and its networks`() throws {
        let rows =
            #"{"rows":[{"name":"MNT","coin":"MNT","chains":[{"chainType":"Ethereum","withdrawFee":"3","depositMin":"0","#
            + #""withdrawMin":"3","chain":"ETH","chainDeposit":"1","chainWithdraw":"1","minAccuracy":"8"},"#
            + #"{"withdrawFee":"","withdrawMin":"10","chain":"MANTLE","chainDeposit":"0","chainWithdraw":"1","#
            + #""minAccuracy":"6"}]}]}"#
        let currency = try #require(try dialect.currencies().answer(in: BybitScene.good(rows), dialect).first)
        #expect(currency.networks.map(\.code) == ["ERC20", "MANTLE"])
        // Without a fee there is no withdrawal.
        #expect(currency.networks.map(\.canWithdraw) == [true, false])
        #expect(currency.precision == "0.000001")
        #expect(currency.withdrawalFee == "3")
    }
}
