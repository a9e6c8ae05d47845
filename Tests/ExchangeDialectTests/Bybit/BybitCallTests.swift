import Testing
import TradingCore

@testable import Exchanges

@Suite("Bybit: calls")
struct BybitCallTests {
    let dialect = BybitScene.dialect

    /// Checked with Python: `hmac.new(b"secretsecret", text, "sha256").hexdigest()`.
    @Test func `signs time, key, window and what is sent`() throws {
        let query = try dialect.openOrders(HistoryQuery(symbol: OKXScene.btc))
        let signed = try BybitScene.signed(query.request)
        #expect(signed.url == "https://api.bybit.com/v5/order/realtime?category=spot&symbol=BTCUSDT")
        #expect(signed.body == nil)
        #expect(
            signed.headers == [
                SignedRequest.Header("Content-Type", "application/json"),
                SignedRequest.Header("X-BAPI-API-KEY", "key"),
                SignedRequest.Header("X-BAPI-TIMESTAMP", "1700000000000"),
                SignedRequest.Header("X-BAPI-RECV-WINDOW", "10000"),
                SignedRequest.Header(
                    "X-BAPI-SIGN", "80e2ef428f096e16d8dcf32afc39ff9e61c90a8e56b15ae073b35c063fca0dc5"),
            ])
        let cancel = try dialect.cancel(OrderReference(id: "7", symbol: OKXScene.btc))
        let sent = try BybitScene.signed(cancel.request)
        #expect(sent.body == #"{"category":"spot","symbol":"BTCUSDT","orderFilter":"Order","orderId":"7"}"#)
        #expect(sent.headers.last?.value == "56e2b2ec81f9de38066c1540e8987f2e4ae1e87612f161218ee77b70b785b135")
    }

    @Test func `a cursor goes back as it came`() throws {
        var query = HistoryQuery(symbol: OKXScene.btc)
        query.fromID = "page_token%3D39380%26"
        let signed = try BybitScene.signed(try dialect.closedOrders(query).request)
        #expect(signed.url.hasSuffix("&cursor=page_token%3D39380%26&orderStatus=Filled"))
    }

    @Test func `the worked vector of the login`() throws {
        #expect(
            try dialect.login(OKXScene.context)
                == #"{"op":"auth","args":["key",1700000010000,"608fae6ce2f9cda7d3c3dfc11e4a0dfbb3372b1216a6fc1033444266c17a8ead"]}"#
        )
    }

    @Test(
        arguments: [
            (
                OrderPlacement(
                    symbol: OKXScene.btc, kind: .limit, side: .buy, amount: "0.123456789", price: "29900.16"),
                #"{"category":"spot","symbol":"BTCUSDT","side":"Buy","orderType":"Limit","qty":"0.12345678","#
                    + #""price":"29900.2"}"#
            ),
            (
                OrderPlacement(
                    symbol: OKXScene.btc, kind: .limit, side: .sell, amount: "1", price: "2", isPostOnly: true,
                    clientOrderID: "mrm1", selfTradePrevention: .expireBoth),
                #"{"category":"spot","symbol":"BTCUSDT","side":"Sell","orderType":"Limit","qty":"1","price":"2","#
                    + #""timeInForce":"PostOnly","orderLinkId":"mrm1","smpType":"CancelBoth"}"#
            ),
            (
                OrderPlacement(symbol: OKXScene.btc, kind: .market, side: .buy, cost: "10.16"),
                #"{"category":"spot","symbol":"BTCUSDT","side":"Buy","orderType":"Market","qty":"10.1"}"#
            ),
            (
                OrderPlacement(symbol: OKXScene.btc, kind: .market, side: .sell, cost: "10"),
                #"{"category":"spot","symbol":"BTCUSDT","side":"Sell","orderType":"Market","marketUnit":"quoteCoin","#
                    + #""qty":"10"}"#
            ),
            (
                OrderPlacement(symbol: OKXScene.btc, kind: .market, side: .buy, amount: "1"),
                #"{"category":"spot","symbol":"BTCUSDT","side":"Buy","orderType":"Market","marketUnit":"baseCoin","#
                    + #""qty":"1"}"#
            ),
            (
                OrderPlacement(
                    symbol: OKXScene.btc, kind: .limit, side: .buy, amount: "1", price: "2",
                    timeInForce: .immediateOrCancel, triggerPrice: "3"),
                #"{"category":"spot","symbol":"BTCUSDT","side":"Buy","orderType":"Limit","qty":"1","price":"2","#
                    + #""timeInForce":"IOC","triggerPrice":"3","orderFilter":"StopOrder"}"#
            ),
        ] as [(OrderPlacement, String)])
    func `an order in Bybit's words`(order: OrderPlacement, body: String) throws {
        let call: EndpointCall<ExchangeOrder> = try dialect.place(order)
        #expect(try BybitScene.body(call.request) == body)
    }

    @Test func `a batch answers for each order in its place`() throws {
        let order = OrderPlacement(symbol: OKXScene.btc, kind: .limit, side: .buy, amount: "1", price: "2")
        let call: EndpointCall<[PlacementAnswer]> = try dialect.place([order, order])
        #expect(call.request.costs == [RateCost("v5/order/create-batch", 2), RateCost("address")])
        let list = #"{"list":[{"symbol":"BTCUSDT","orderId":"7","orderLinkId":"a"},{"symbol":"BTCUSDT","orderId":""}]}"#
        let codes = #""retExtInfo":{"list":[{"code":0,"msg":"OK"},{"code":170131,"msg":"Balance insufficient"}]}"#
        let answers = try call.answer(in: BybitScene.good(list, around: codes), dialect)
        #expect(
            answers == [
                .order(ExchangeOrder(id: "7", clientOrderID: "a", symbol: OKXScene.btc)),
                .refused(ExchangeFailure(.insufficientFunds, code: "170131", message: "Balance insufficient")),
            ])
        // Without a word on each nothing is known.
        #expect(OKXScene.kind { try call.answer(in: BybitScene.good(list), dialect) } == .badResponse)
    }

    @Test func `cancels of a batch tell which were refused`() throws {
        let orders = ["1", "2"].map { OrderReference(id: $0, symbol: OKXScene.btc) }
        let call = try dialect.cancel(orders, nil)
        let list = #"{"list":[{"symbol":"BTCUSDT","orderId":"1"},{"symbol":"BTCUSDT","orderId":"2"}]}"#
        let codes = #""retExtInfo":{"list":[{"code":0,"msg":"OK"},{"code":170213,"msg":"Order does not exist."}]}"#
        let answers = try call.answer(in: BybitScene.good(list, around: codes), dialect)
        #expect(answers.map(\.reason) == [nil, "170213 Order does not exist."])
    }

    @Test func `a withdrawal names its time only when it is signed`() throws {
        var withdrawal = WithdrawalRequest(
            asset: AssetID("USDT"), amount: "24", address: "0x9", network: "ERC20", clientID: "w1")
        let call = try dialect.withdraw(withdrawal)
        #expect(
            try BybitScene.body(call.request)
                == #"{"coin":"USDT","amount":"24","address":"0x9","chain":"ETH","accountType":"UTA","#
                + #""requestId":"w1","timestamp":1700000000000}"#)
        withdrawal.amount = .zero
        #expect(OKXScene.kind { try dialect.withdraw(withdrawal) } == .badRequest)
        #expect(try call.answer(in: BybitScene.good(#"{"id":"10195"}"#), dialect).id == "10195")
    }

    @Test func `disconnection protection is no dead man's switch`() throws {
        #expect(dialect.abilities.deadMansSwitch == nil)
        let call = try dialect.cancelAllAfter(40_000, [])
        #expect(try BybitScene.body(call.request) == #"{"product":"SPOT","timeWindow":40}"#)
        #expect(try call.answer(in: OKXScene.answer(#"{"retCode":0,"retMsg":"success"}"#), dialect) == nil)
        #expect(OKXScene.kind { try dialect.cancelAllAfter(0, []) } == .badRequest)
    }

    @Test(
        arguments: [
            (200, #"{"retCode":0,"retMsg":"OK","result":{}}"#, nil),
            (200, #"{"retMsg":"OK","retCode":0,"result":{}}"#, nil),
            (200, #"{"retCode":10001,"retMsg":"params error"}"#, .badRequest),
            (200, #"{"retCode":10002,"retMsg":"time window"}"#, .invalidNonce),
            (200, #"{"retCode":10003,"retMsg":"API key is invalid."}"#, .authenticationError),
            (200, #"{"retCode":10005,"retMsg":"Permission denied"}"#, .permissionDenied),
            (200, #"{"retCode":10006,"retMsg":"Too many visits!"}"#, .rateLimitExceeded),
            (200, #"{"retCode":10010,"retMsg":"Unmatched IP"}"#, .permissionDenied),
            (200, #"{"retCode":170131,"retMsg":"Balance insufficient"}"#, .insufficientFunds),
            (200, #"{"retCode":170213,"retMsg":"Order does not exist."}"#, .orderNotFound),
            (200, #"{"retCode":170141,"retMsg":"Duplicate clientOrderId"}"#, .invalidOrder),
            (200, #"{"retCode":999999,"retMsg":"new"}"#, .exchangeError),
            (403, "Forbidden", .rateLimitExceeded), (502, "<html></html>", .exchangeNotAvailable),
            (401, "", .authenticationError),
        ] as [(Int, String, ExchangeFailure.Kind?)])
    func `an answer says what went wrong`(status: Int, body: String, kind: ExchangeFailure.Kind?) {
        let request = EndpointRequest(.post, ["private"], "v5/order/create")
        #expect(dialect.failure(in: OKXScene.answer(body, status: status), to: request)?.kind == kind)
    }

    @Test func `timeouts and errors within Bybit say nothing of the outcome`() {
        for code in ["10000", "10002", "10016", "170007", "170146", "170147", "170032"] {
            #expect(BybitDialect.failure(code: code, nil).isOutcomeUnknown)
        }
        for code in ["10001", "170131", "170213", "170140", "110001", "123"] {
            #expect(!BybitDialect.failure(code: code, nil).isOutcomeUnknown)
        }
    }
}
