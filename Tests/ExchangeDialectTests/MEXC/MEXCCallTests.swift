import Testing
import TradingCore

@testable import Exchanges

@Suite("MEXC calls")
struct MEXCCallTests {
    private func query(_ order: OrderPlacement) throws -> String {
        FormEncoding.encoded(try MEXCSamples.dialect().place(order).request.fields)
    }

    private func order(
        _ kind: OrderPlacement.Kind = .limit, _ side: Side = .buy, amount: FixedDecimal? = "0.123456789",
        price: FixedDecimal? = "29999.515", cost: FixedDecimal? = nil, timeInForce: TimeInForce? = nil,
        isPostOnly: Bool = false
    ) -> OrderPlacement {
        OrderPlacement(
            symbol: MEXCSamples.bitcoin, kind: kind, side: side, amount: amount, price: price, cost: cost,
            timeInForce: timeInForce, isPostOnly: isPostOnly, clientOrderID: "mm1")
    }

    @Test func `the worked vectors`() throws {
        let fields = [
            ("symbol", "BTCUSDT"), ("side", "BUY"), ("type", "LIMIT_MAKER"), ("quantity", "0.5"), ("price", "29900"),
            ("newClientOrderId", "mmabc1"),
        ].map { JSONValue.Member(key: $0.0, value: .string($0.1)) }
        let dialect = try MEXCSamples.dialect()
        let signed = try dialect.sign(
            EndpointRequest(.post, ["spot", "private"], "order", fields), MEXCSamples.context)
        #expect(
            signed.url
                == "https://api.mexc.com/api/v3/order?symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.5&price=29900"
                + "&newClientOrderId=mmabc1&timestamp=1700000000000&recvWindow=5000"
                + "&signature=93516923c89c4f80f56f71d31dbe6dff63302e969affc0f1ac1370bbb929faf6")
        #expect(signed.body == nil)
        let account = try dialect.sign(try dialect.balances([]).request, MEXCSamples.context)
        #expect(
            account.url.hasSuffix("&signature=2c26ea9ebdcc872883e56e8103bd95571a15e410f70f05200a0b1694af442c9c"))
    }

    @Test func `how an order lives is its type`() throws {
        let tail = "&quantity=0.12345678&price=29999.52&newClientOrderId=mm1"
        #expect(try query(order()) == "symbol=BTCUSDT&side=BUY&type=LIMIT" + tail)
        #expect(try query(order(isPostOnly: true)) == "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER" + tail)
        #expect(
            try query(order(timeInForce: .immediateOrCancel))
                == "symbol=BTCUSDT&side=BUY&type=IMMEDIATE_OR_CANCEL" + tail)
        #expect(try query(order(timeInForce: .fillOrKill)) == "symbol=BTCUSDT&side=BUY&type=FILL_OR_KILL" + tail)
    }

    @Test func `market orders go by amount or by cost`() throws {
        let head = "symbol=BTCUSDT&side="
        #expect(
            try query(order(.market, .sell, price: nil)) == head
                + "SELL&type=MARKET&quantity=0.12345678&newClientOrderId=mm1")
        #expect(
            try query(order(.market, amount: nil, price: nil, cost: "8.009"))
                == head + "BUY&type=MARKET&quoteOrderQty=8&newClientOrderId=mm1")
        #expect(
            try query(order(.market, amount: "2", price: "3"))
                == head + "BUY&type=MARKET&quoteOrderQty=6&price=3&newClientOrderId=mm1")
        #expect(throws: ExchangeFailure.self) { try query(order(.market, amount: nil, price: nil)) }
    }

    @Test func `client order ids come back, foreign ones do not`() throws {
        let dialect = try MEXCSamples.dialect()
        for number: UInt64 in [0, 1, 35, 36, (1 << 45) - 1] {
            let id = try #require(ClientOrderID(rawValue: number))
            let text = try #require(dialect.clientOrderID(id))
            #expect(text.count <= 32)
            #expect(dialect.clientOrderID(text) == id)
        }
        for text in ["", "mm", "mm01", "mmA", "web_1", "mm+1", "mm-1", "mmzzzzzzzzzzzzzz", "x1"] {
            #expect(dialect.clientOrderID(text) == nil, "\(text)")
        }
    }

    @Test func `a market's rules`() throws {
        let market = try #require(try MEXCSamples.dialect().catalog.markets.first)
        #expect(market.rounding.amount == .step("0.00000001"))
        #expect(market.rounding.price == .tick("0.01"))
        #expect(market.limits.minimumCost == "1")
        #expect(market.priceBand?.bidUp == "1.2")
        #expect(market.priceBand?.askDown == "0.8")
        #expect(market.takesMarketOrders == true)
    }

    @Test(arguments: [
        "{\"symbol\":\"A\",\"baseAsset\":\"A\"}",
        "{\"symbol\":\"AB\",\"baseAsset\":\"A\",\"quoteAsset\":\"B\",\"baseAssetPrecision\":99}",
        "{\"symbol\":\"AB\",\"baseAsset\":\"A\",\"quoteAsset\":\"B\",\"baseAssetPrecision\":-1}", "[]", "7",
    ])
    func `a market that makes no sense is an error`(_ text: String) throws {
        let value = try JSONValue(text)
        #expect(throws: UnreadableAnswer.self) { try MEXCDialect.market(value) }
    }

    @Test(arguments: [
        (400, -2011, "DELETE", "order", ExchangeFailure.Kind.orderNotFound),
        (400, -2011, "GET", "order", .orderNotFound),
        (400, -2011, "GET", "openOrders", .badRequest), (400, 500, "POST", "order", .operationFailed),
        (400, 500, "DELETE", "order", .operationFailed), (400, 500, "GET", "order", .exchangeError),
        (400, 30018, "POST", "order", .accountSuspended), (400, 700007, "GET", "account", .authenticationError),
        (400, 123456, "GET", "account", .exchangeError), (429, 429, "GET", "account", .rateLimitExceeded),
    ])
    func `what an error says`(
        _ status: Int, _ code: Int, _ verb: String, _ path: String, _ kind: ExchangeFailure.Kind
    ) throws {
        let costs = verb == "POST" ? [RateCost("orders")] : []
        let request = EndpointRequest(
            try #require(EndpointRequest.Verb(rawValue: verb)), ["spot", "private"], path, costs: costs)
        let body = "{\"code\":\(code),\"msg\":\"text\"}"
        let failure = try MEXCSamples.dialect().failure(in: MEXCSamples.answer(body, status: status), to: request)
        #expect(failure?.kind == kind)
    }

    @Test func `words tell where the code does not, and success is none`() throws {
        let dialect = try MEXCSamples.dialect()
        let request = EndpointRequest(.post, ["spot", "private"], "order", costs: [RateCost("orders")])
        func kind(_ body: String, _ status: Int) -> ExchangeFailure.Kind? {
            dialect.failure(in: MEXCSamples.answer(body, status: status), to: request)?.kind
        }
        #expect(kind("{\"code\":99999,\"msg\":\"Oversold\"}", 400) == .insufficientFunds)
        #expect(kind("{\"code\":200,\"msg\":\"success\"}", 200) == nil)
        #expect(kind("{\"orderId\":\"1\"}", 200) == nil)
        #expect(kind("<html>", 502) == .exchangeNotAvailable)
        #expect(kind("", 504) == .requestTimeout)
        let limited = dialect.failure(
            in: EndpointAnswer(status: 429, headers: [.init("retry-after", "7")], body: []), to: request)
        #expect(limited?.retryAfter == 7_000)
        #expect(kind("{\"code\":-2011,\"msg\":\"Unknown order sent.\"}", 400) == .badRequest)
    }

    @Test func `several orders, each with its own outcome`() throws {
        let dialect = try MEXCSamples.dialect()
        let call = try dialect.place([order(), order(.market, .sell, price: nil)])
        #expect(call.request.fields.first?.key == "batchOrders")
        #expect(throws: ExchangeFailure.self) { try dialect.place([]) }
        #expect(throws: ExchangeFailure.self) { try dialect.place(Array(repeating: order(), count: 21)) }
        for request in [call.request, try dialect.place(Array(repeating: order(), count: 20)).request] {
            for cost in request.costs {
                let limit = try #require(dialect.limits.first { $0.name == cost.limit })
                #expect(cost.weight <= limit.capacity)
            }
        }
        let text = """
            [{"symbol":"BTCUSDT","orderId":"C02__1","newClientOrderId":"mm1","orderListId":-1},\
            {"newClientOrderId":"mm2","msg":"The minimum transaction volume cannot be less than:0.5USDT","code":30002}]
            """
        let answers = try call.answer(in: MEXCSamples.answer(text), dialect)
        guard case .order(let first) = answers.first, case .refused(let failure) = answers.last else {
            Issue.record("\(answers)")
            return
        }
        #expect(first.clientOrderID == "mm1")
        #expect(first.status == nil)
        #expect(failure.kind == .invalidOrder)
    }

    @Test func `a partly filled cancel keeps its fill`() throws {
        let dialect = try MEXCSamples.dialect()
        let text = """
            {"symbol":"BTCUSDT","orderId":"C02__1","clientOrderId":"mm1","price":"10","origQty":"3","executedQty":"1",\
            "cummulativeQuoteQty":"9","status":"PARTIALLY_CANCELED","type":"LIMIT_MAKER","side":"SELL","time":5}
            """
        let found = try dialect.order(OrderReference(clientOrderID: "mm1", symbol: MEXCSamples.bitcoin))
            .answer(in: MEXCSamples.answer(text), dialect)
        #expect(found.status == .cancelled)
        #expect(found.filled == "1")
        #expect(found.remaining == "2")
        #expect(found.average == "9")
        #expect(found.isPostOnly == true)
    }

    @Test func `a listen key is asked for, renewed, and used`() throws {
        let dialect = try MEXCSamples.dialect()
        let call = try #require(dialect.streamToken(isPrivate: true))
        #expect(call.request.endpoint == "POST userDataStream")
        let token = try call.answer(in: MEXCSamples.answer("{\"listenKey\":\"a b\"}"), dialect)
        #expect(token.lifetime == 3_600_000)
        #expect("\(token)".contains("a b") == false)
        #expect(dialect.renew(token)?.request.endpoint == "PUT userDataStream")
        #expect(
            try dialect.privateStream(token: token).url == "wss://wbs-api.mexc.com/ws?listenKey=a%20b")
        #expect(throws: ExchangeFailure.self) { try dialect.privateStream(token: nil) }
        #expect(dialect.streamToken(isPrivate: false) == nil)
    }

    @Test(arguments: ["", "[]", "null", "{}", "{\"orderId\":5", "<html>", "{\"orderId\":\"1\",\"price\":{}}"])
    func `half an answer is an error, not an order`(_ text: String) throws {
        let dialect = try MEXCSamples.dialect()
        #expect(throws: ExchangeFailure.self) {
            try dialect.place(order()).answer(in: MEXCSamples.answer(text), dialect)
        }
    }

    @Test func `a window ends where it was told, and starts where the exchange wants a start`() throws {
        let query = HistoryQuery(symbol: MEXCSamples.bitcoin, until: 600_000, limit: 5)
        let fields = FormEncoding.encoded(try MEXCSamples.dialect().candles(query, .oneMinute).request.fields)
        #expect(fields == "symbol=BTCUSDT&interval=1m&startTime=300000&limit=5&endTime=600001")
    }
}
