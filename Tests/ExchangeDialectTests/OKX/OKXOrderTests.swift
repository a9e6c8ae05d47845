import Testing
import TradingCore

@testable import Exchanges

@Suite("OKX: orders")
struct OKXOrderTests {
    let dialect = OKXScene.dialect

    func body(_ order: OrderPlacement) throws -> String {
        let call: EndpointCall<ExchangeOrder> = try dialect.place(order)
        return try dialect.sign(call.request, OKXScene.context).body ?? ""
    }

    @Test(
        arguments: [
            (
                OrderPlacement(
                    symbol: OKXScene.btc, kind: .limit, side: .buy, amount: "0.123456789", price: "29900.16"),
                #""ordType":"limit","sz":"0.12345678","tdMode":"cash","tgtCcy":"base_ccy","px":"29900.2""#
            ),
            (
                OrderPlacement(
                    symbol: OKXScene.btc, kind: .limit, side: .sell, amount: "1", price: "2", isPostOnly: true,
                    clientOrderID: "mrm1"),
                #""ordType":"post_only","sz":"1","tdMode":"cash","tgtCcy":"base_ccy","px":"2","clOrdId":"mrm1""#
            ),
            (
                OrderPlacement(
                    symbol: OKXScene.btc, kind: .limit, side: .buy, amount: "1", price: "2", timeInForce: .fillOrKill),
                #""ordType":"fok","sz":"1""#
            ),
            (
                OrderPlacement(symbol: OKXScene.btc, kind: .market, side: .buy, cost: "10.16"),
                #""ordType":"market","sz":"10.1","tdMode":"cash","tgtCcy":"quote_ccy"}"#
            ),
            (
                OrderPlacement(
                    symbol: OKXScene.btc, kind: .limit, side: .buy, amount: "1", price: "2",
                    selfTradePrevention: .expireTaker),
                #""stpMode":"cancel_taker"}"#
            ),
        ] as [(OrderPlacement, String)])
    func `an order in OKX's words`(order: OrderPlacement, part: String) throws {
        let text = try body(order)
        #expect(text.hasPrefix("[{") && text.hasSuffix("}]"))
        #expect(text.contains(part), "\(text)")
    }

    @Test func `what cannot be said is refused before it leaves`() {
        let unknown = Symbol(base: AssetID("NO"), quote: AssetID("USDT"))
        let limit = OrderPlacement(symbol: OKXScene.btc, kind: .limit, side: .buy, amount: "1", price: "2")
        var trigger = limit
        trigger.triggerPrice = "3"
        var tiny = limit
        tiny.amount = "0.000000001"
        var bare = limit
        bare.price = nil
        var decrement = limit
        decrement.selfTradePrevention = .decrement
        let market = OrderPlacement(symbol: OKXScene.btc, kind: .market, side: .buy, amount: "1", isPostOnly: true)
        #expect(OKXScene.kind { try body(OrderPlacement(symbol: unknown, kind: .market, side: .buy)) } == .badSymbol)
        #expect(OKXScene.kind { try body(trigger) } == .notSupported)
        #expect(OKXScene.kind { try body(tiny) } == .invalidOrder)
        #expect(OKXScene.kind { try body(bare) } == .argumentsRequired)
        #expect(OKXScene.kind { try body(decrement) } == .notSupported)
        #expect(OKXScene.kind { try body(market) } == .invalidOrder)
        #expect(OKXScene.kind { try dialect.cancel(OrderReference(symbol: OKXScene.btc)) } == .argumentsRequired)
        #expect(OKXScene.kind { try dialect.cancel(OrderReference(id: "1")) } == .argumentsRequired)
        #expect(OKXScene.kind { try dialect.cancelAll(OKXScene.btc, []) } == .notSupported)
    }

    @Test func `a batch answers for each order in its place`() throws {
        let order = OrderPlacement(symbol: OKXScene.btc, kind: .limit, side: .buy, amount: "1", price: "2")
        let call: EndpointCall<[PlacementAnswer]> = try dialect.place([order, order])
        #expect(call.request.costs == [RateCost("trade/batch-orders", 2), RateCost("orders", 2)])
        for code in ["2", "1"] {
            let first = code == "2" ? #""sCode":"0","sMsg":"""# : #""sCode":"51000","sMsg":"bad""#
            let body = """
                {"code":"\(code)","msg":"","data":[{"ordId":"7","clOrdId":"a",\(first)},\
                {"ordId":"","clOrdId":"b","sCode":"51008","sMsg":"no money"}]}
                """
            let answers = try call.answer(in: OKXScene.answer(body), dialect)
            if code == "2" { #expect(answers[0] == .order(ExchangeOrder(id: "7", clientOrderID: "a"))) }
            #expect(
                answers[1] == .refused(ExchangeFailure(.insufficientFunds, code: "51008", message: "no money")))
        }
        let short = OKXScene.answer(#"{"code":"0","msg":"","data":[{"ordId":"7","sCode":"0"}]}"#)
        #expect(OKXScene.kind { try call.answer(in: short, dialect) } == .badResponse)
    }

    @Test func `one refused order throws what it was refused for`() throws {
        let order = OrderPlacement(symbol: OKXScene.btc, kind: .limit, side: .buy, amount: "1", price: "2")
        let call: EndpointCall<ExchangeOrder> = try dialect.place(order)
        for code in ["0", "1", "2"] {
            let body = #"{"code":"\#(code)","msg":"","data":[{"ordId":"","sCode":"51016","sMsg":"exists"}]}"#
            #expect(OKXScene.kind { try call.answer(in: OKXScene.answer(body), dialect) } == .invalidOrder)
        }
    }

    @Test func `a batch has at most twenty orders, and at least one`() {
        let order = OrderReference(id: "1", symbol: OKXScene.btc)
        #expect(OKXScene.kind { try dialect.cancel(Array(repeating: order, count: 21), nil) } == .badRequest)
        #expect(OKXScene.kind { try dialect.cancel([OrderReference](), nil) } == .badRequest)
        #expect(OKXScene.kind { try dialect.cancel(Array(repeating: order, count: 20), nil) } == nil)
    }

    @Test func `cancels of a batch tell which were refused`() throws {
        let orders = ["1", "2"].map { OrderReference(id: $0, symbol: OKXScene.btc) }
        let call = try dialect.cancel(orders, nil)
        let body = """
            {"code":"2","msg":"","data":[{"ordId":"1","sCode":"0","sMsg":""},\
            {"ordId":"2","sCode":"51400","sMsg":"filled"}]}
            """
        let answered = try call.answer(in: OKXScene.answer(body), dialect)
        #expect(answered.map(\.reason) == [nil, "51400 filled"])
        #expect(answered.map(\.symbol) == [OKXScene.btc, OKXScene.btc])
    }

    @Test(arguments: [(Int64(0), "0"), (10_000, "10"), (60_500, "60"), (120_000, "120")])
    func `the dead man's switch takes 10 to 120 seconds, and 0 disarms it`(time: Int64, text: String) throws {
        let call = try dialect.cancelAllAfter(time, [])
        #expect(try dialect.sign(call.request, OKXScene.context).body == #"{"timeOut":\#(text)}"#)
        let answer = OKXScene.answer(#"{"code":"0","msg":"","data":[{"triggerTime":"1587971460","ts":"1587971400"}]}"#)
        #expect(try call.answer(in: answer, dialect) == 1_587_971_460)
    }

    @Test(arguments: [Int64(1), 9_999, 121_000, -10_000, .max, .min])
    func `other times for the dead man's switch are refused`(time: Int64) {
        #expect(OKXScene.kind { try dialect.cancelAllAfter(time, []) } == .badRequest)
    }

    @Test func `an order is found by either id`() throws {
        let byOurs = try dialect.order(OrderReference(clientOrderID: "mrm1", symbol: OKXScene.btc))
        #expect(try dialect.sign(byOurs.request, OKXScene.context).url.hasSuffix("?instId=BTC-USDT&clOrdId=mrm1"))
        let nothing = OKXScene.answer(#"{"code":"0","msg":"","data":[]}"#)
        #expect(OKXScene.kind { try byOurs.answer(in: nothing, dialect) } == .orderNotFound)
    }

    @Test(arguments: [0, 1, 35, 36, 17_592_186_044_416, 35_184_372_088_831] as [UInt64])
    func `our order ids come back from their texts`(number: UInt64) throws {
        let id = try #require(ClientOrderID(rawValue: number))
        let text = try #require(dialect.clientOrderID(id))
        #expect(text.utf8.count == 12)
        #expect(text.utf8.allSatisfy { (48...57).contains($0) || (97...122).contains($0) })
        #expect(dialect.clientOrderID(text) == id)
    }

    @Test(arguments: [
        "", "mrm", "mrm00000000", "mrm0000000001", "MRM000000001", "mrmzzzzzzzzz", "mrm00000000A", "mrm+00000001",
        "abc000000001", "6b9ad766b55dBCDE", "mrm0000000ü",
    ])
    func `foreign order ids are nobody's`(text: String) {
        #expect(dialect.clientOrderID(text) == nil)
    }
}
