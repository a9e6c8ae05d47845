import Exchanges
import Testing
import TradingCore

@Suite struct BinanceCallTests {
    let dialect = BinanceBench.dialect
    let btc = BinanceBench.btc

    @Test func `an order is rounded to the market's steps on its way out`() throws {
        let order = OrderPlacement(
            symbol: btc, kind: .limit, side: .sell, amount: "0.123456789", price: "30000.105",
            timeInForce: .immediateOrCancel, clientOrderID: "mm-5", selfTradePrevention: .expireMaker)
        #expect(
            BinanceBench.fields(try dialect.place(order)) == [
                "symbol=BTCUSDT", "side=SELL", "newClientOrderId=mm-5", "newOrderRespType=FULL", "type=LIMIT",
                "quantity=0.12345", "price=30000.11", "timeInForce=IOC", "selfTradePreventionMode=EXPIRE_MAKER",
            ])
    }

    @Test(arguments: [
        (
            OrderPlacement(symbol: BinanceBench.btc, kind: .limit, side: .buy, amount: "0.000001", price: "1"),
            ExchangeFailure.Kind.invalidOrder
        ),
        (OrderPlacement(symbol: BinanceBench.btc, kind: .limit, side: .buy, amount: "1"), .argumentsRequired),
        (OrderPlacement(symbol: BinanceBench.btc, kind: .market, side: .buy), .argumentsRequired),
        (
            OrderPlacement(
                symbol: Symbol(base: AssetID("NO"), quote: AssetID("USDT")), kind: .market, side: .buy, amount: "1"),
            .badSymbol
        ),
    ])
    func `an order that cannot be is refused before it leaves`(order: OrderPlacement, kind: ExchangeFailure.Kind) {
        #expect { try dialect.place(order) } throws: { ($0 as? ExchangeFailure)?.kind == kind }
    }

    @Test func `an edit cancels one order and places another, never two`() throws {
        let order = OrderPlacement(
            symbol: btc, kind: .limit, side: .buy, amount: "1", price: "5", isPostOnly: true, clientOrderID: "mm-2")
        let call = try dialect.edit(OrderReference(clientOrderID: "mm-1", symbol: btc), to: order)
        #expect(call.request.endpoint == "POST order/cancelReplace")
        #expect(
            Set(BinanceBench.fields(call)).isSuperset(of: [
                "cancelReplaceMode=STOP_ON_FAILURE", "cancelOrigClientOrderId=mm-1", "newClientOrderId=mm-2",
                "type=LIMIT_MAKER",
            ]))
        let answer = try call.answer(
            in: BinanceBench.answer(
                #"{"cancelResult":"SUCCESS","newOrderResult":"SUCCESS","cancelResponse":{"orderId":9},"newOrderResponse":{"symbol":"BTCUSDT","orderId":10,"clientOrderId":"mm-2","transactTime":1,"price":"5","origQty":"1","executedQty":"0","cummulativeQuoteQty":"0","status":"NEW","timeInForce":"GTC","type":"LIMIT_MAKER","side":"BUY","fills":[]}}"#
            ), dialect)
        #expect(answer.id == "10")
        #expect(answer.isPostOnly == true)
        #expect(answer.remaining == "1")
    }

    @Test func `a cancel's answer keeps the order's own client id`() throws {
        let call = try dialect.cancel(OrderReference(clientOrderID: "mm-1", symbol: btc))
        #expect(BinanceBench.fields(call) == ["symbol=BTCUSDT", "origClientOrderId=mm-1"])
        let order = try call.answer(
            in: BinanceBench.answer(
                #"{"symbol":"BTCUSDT","origClientOrderId":"mm-1","orderId":4,"clientOrderId":"cancelMyOrder1","transactTime":1684804350068,"price":"2","origQty":"1","executedQty":"0.4","cummulativeQuoteQty":"0.8","status":"CANCELED","timeInForce":"GTC","type":"LIMIT","side":"BUY"}"#
            ), dialect)
        #expect(order.clientOrderID == "mm-1")
        #expect(order.status == .cancelled)
        #expect(order.filled == "0.4")
        #expect(order.average == "2")
    }

    @Test func `fills in the answer of a placement become trades with fees in any asset`() throws {
        let call = try dialect.place(OrderPlacement(symbol: btc, kind: .market, side: .buy, cost: "10.129"))
        #expect(BinanceBench.fields(call).contains("quoteOrderQty=10.12"))
        let order = try call.answer(
            in: BinanceBench.answer(
                #"{"symbol":"BTCUSDT","orderId":28,"clientOrderId":"a","transactTime":1507725176595,"price":"0.00000000","origQty":"10","executedQty":"10","cummulativeQuoteQty":"35","status":"FILLED","timeInForce":"GTC","type":"MARKET","side":"SELL","fills":[{"price":"4","qty":"5","commission":"0.02","commissionAsset":"BNB","tradeId":56},{"price":"3","qty":"5","commission":"0.01","commissionAsset":"BNB","tradeId":57}]}"#
            ), dialect)
        #expect(order.trades.map(\.id) == ["56", "57"])
        #expect(order.trades.map(\.cost) == ["20", "15"])
        #expect(order.fees == [ExchangeFee(cost: "0.03", asset: AssetID("BNB"))])
        #expect(order.average == "3.5")
        #expect(order.status == .closed)
    }

    @Test func `candles and trades keep to the exchange's windows`() throws {
        let between = HistoryQuery(symbol: btc, since: 1, until: 9, limit: nil)
        #expect(BinanceBench.fields(try dialect.candles(between, .oneHour)).contains("limit=1000"))
        #expect(
            BinanceBench.fields(try dialect.candles(HistoryQuery(symbol: btc, limit: 9_999), .oneHour)).contains(
                "limit=1000"))
        #expect { try dialect.candles(HistoryQuery(symbol: btc), .twoWeeks) } throws: {
            ($0 as? ExchangeFailure)?.kind == .notSupported
        }
        #expect(
            BinanceBench.fields(try dialect.trades(HistoryQuery(symbol: btc, since: 5))) == [
                "symbol=BTCUSDT", "startTime=5", "endTime=3600005",
            ])
        // No trap at the end of time.
        _ = try dialect.trades(HistoryQuery(symbol: btc, since: .max))
        _ = try dialect.deposits(HistoryQuery(since: .max))
    }

    @Test func `fiat money has histories of its own`() throws {
        let call = try dialect.withdrawals(HistoryQuery(asset: AssetID("EUR"), since: 7))
        #expect(call.request.endpoint == "GET fiat/orders")
        #expect(BinanceBench.fields(call) == ["transactionType=1", "beginTime=7"])
        let rows = try call.answer(
            in: BinanceBench.answer(
                #"{"code":"000000","message":"success","data":[{"orderNo":"7d76","fiatCurrency":"EUR","indicatedAmount":"10.00","amount":"9.00","totalFee":"1.00","method":"Bank","status":"Refund Failed","createTime":1626144956000,"updateTime":1626400907000},{"orderNo":"x","fiatCurrency":"GBP","amount":"1","status":"Successful"}],"total":2,"success":true}"#
            ), dialect)
        #expect(rows.map(\.id) == ["7d76"])
        #expect(rows.first?.status == .failed)
        #expect(rows.first?.fee == ExchangeFee(cost: "1", asset: AssetID("EUR")))
    }

    @Test func `withdrawals have their times as texts and their states as numbers`() throws {
        let call = try dialect.withdrawals(HistoryQuery(asset: AssetID("USDT"), since: 1_000, until: 2_000, limit: 3))
        #expect(BinanceBench.fields(call) == ["coin=USDT", "startTime=1000", "endTime=2000", "limit=3"])
        let rows = try call.answer(
            in: BinanceBench.answer(
                #"[{"id":"a7","amount":"51","transactionFee":"1","coin":"USDT","status":6,"address":"TY","txId":"16","applyTime":"2021-04-13 12:46:59","network":"TRX","transferType":0}]"#
            ), dialect)
        #expect(rows.first?.createdAt == 1_618_318_019_000)
        #expect(rows.first?.status == .ok)
        #expect(rows.first?.network == "TRC20")
        #expect(rows.first?.isInternal == false)
        #expect(throws: ExchangeFailure.self) {
            try call.answer(in: BinanceBench.answer(#"[{"id":"a7","applyTime":"2021-13-13 12:46:59"}]"#), dialect)
        }
    }

    @Test func `a key says what it may do`() throws {
        let answer = try dialect.permissions().answer(
            in: BinanceBench.answer(
                #"{"ipRestrict":false,"createTime":1623840271000,"enableReading":true,"enableWithdrawals":false,"enableInternalTransfer":true,"enableSpotAndMarginTrading":true}"#
            ), dialect)
        #expect(
            answer == KeyPermissions(canRead: true, canTrade: true, canWithdraw: false, isBoundToAddresses: false))
        #expect(throws: ExchangeFailure.self) {
            try dialect.permissions().answer(in: BinanceBench.answer("{}"), dialect)
        }
    }

    @Test func `calls cost what the exchange says, and its headers are read`() throws {
        func weight<Answer>(_ call: EndpointCall<Answer>) -> Int? {
            call.request.costs.first { $0.limit == "weight" }?.weight
        }
        #expect(weight(try dialect.book(btc, limit: nil, [])) == 5)
        #expect(weight(try dialect.book(btc, limit: 1_000, [])) == 50)
        #expect(weight(try dialect.book(btc, limit: 5_000, [])) == 250)
        #expect(weight(try dialect.openOrders(HistoryQuery())) == 80)
        #expect(weight(try dialect.openOrders(HistoryQuery(symbol: btc))) == 6)
        let order = OrderPlacement(symbol: btc, kind: .market, side: .buy, amount: "1")
        #expect(try dialect.place(order).request.costs.count == 3)
        #expect(try dialect.cancel(OrderReference(id: "1", symbol: btc)).request.costs == [RateCost("weight", 1)])
        // Each limit that is charged is one that is told.
        let names = Set(dialect.limits.map(\.name))
        #expect(names.isSuperset(of: try dialect.place(order).request.costs.map(\.limit)))
        #expect(names.isSuperset(of: try dialect.withdrawals(HistoryQuery()).request.costs.map(\.limit)))
        #expect(
            dialect.usage(
                in: BinanceBench.answer(
                    "{}", headers: [.init("x-mbx-used-weight-1m", "42"), .init("X-MBX-ORDER-COUNT-10S", "7")]))
                == [RateUsage("weight", used: 42), RateUsage("orders per 10 s", used: 7)])
    }

    @Test func `our order ids go there and back, and others' are not ours`() throws {
        for raw: UInt64 in [0, 1, 12_345, (1 << 45) - 1] {
            let id = try #require(ClientOrderID(rawValue: raw))
            let text = try #require(dialect.clientOrderID(id))
            #expect(text.utf8.count <= 36)
            #expect(dialect.clientOrderID(text) == id)
        }
        for text in ["", "mm-", "mm-01", "mm--1", "mm-+1", "x-1", "mm-35184372088832", "mm-1 ", "web_abc"] {
            #expect(dialect.clientOrderID(text) == nil)
        }
    }
}
