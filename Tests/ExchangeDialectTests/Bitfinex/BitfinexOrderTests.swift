import Testing
import TradingCore

@testable import Exchanges

@Suite("Bitfinex orders")
struct BitfinexOrderTests {
    private func body(_ order: OrderPlacement) throws -> String {
        JSONValue.object(try BitfinexSamples.dialect().place(order).request.fields).compactText
    }

    private func order(
        _ kind: OrderPlacement.Kind = .limit, _ side: Side = .buy, timeInForce: TimeInForce? = nil,
        isPostOnly: Bool = false
    ) -> OrderPlacement {
        OrderPlacement(
            symbol: BitfinexSamples.bitcoin, kind: kind, side: side, amount: "0.123456789",
            price: kind == .limit ? "29999.51" : nil, timeInForce: timeInForce, isPostOnly: isPostOnly,
            clientOrderID: "17")
    }

    @Test func `types, signs and flags`() throws {
        let head = "{\"symbol\":\"tBTCUST\",\"amount\":\"0.12345678\",\"price\":\"30000\",\"type\":"
        #expect(try body(order()) == head + "\"EXCHANGE LIMIT\",\"cid\":17}")
        #expect(try body(order(isPostOnly: true)) == head + "\"EXCHANGE LIMIT\",\"flags\":4096,\"cid\":17}")
        #expect(try body(order(timeInForce: .immediateOrCancel)) == head + "\"EXCHANGE IOC\",\"cid\":17}")
        #expect(try body(order(timeInForce: .fillOrKill)) == head + "\"EXCHANGE FOK\",\"cid\":17}")
        #expect(
            try body(order(.market, .sell))
                == "{\"symbol\":\"tBTCUST\",\"amount\":\"-0.12345678\",\"type\":\"EXCHANGE MARKET\",\"cid\":17}")
    }

    @Test func `what cannot be sent is refused before it is`() throws {
        let dialect = try BitfinexSamples.dialect()
        var byCost = order(.market)
        byCost.cost = "5"
        var named = order()
        named.clientOrderID = "mm1"
        var tiny = order()
        tiny.amount = "0.000000001"
        var priceless = order()
        priceless.price = nil
        var foreign = order()
        foreign.symbol = Symbol(base: AssetID("X"), quote: AssetID("Y"))
        let cases: [(OrderPlacement, ExchangeFailure.Kind)] = [
            (byCost, .notSupported), (named, .badRequest), (tiny, .invalidOrder), (priceless, .argumentsRequired),
            (foreign, .badSymbol),
        ]
        for (order, kind) in cases {
            let failure = #expect(throws: ExchangeFailure.self) { try dialect.place(order) }
            #expect(failure?.kind == kind)
        }
    }

    @Test func `cancelling by our id needs the day it was placed on`() throws {
        let dialect = try BitfinexSamples.dialect()
        let placed = OrderReference(clientOrderID: "17", placedAt: 1_700_000_000_000)
        #expect(
            JSONValue.object(try dialect.cancel(placed).request.fields).compactText
                == "{\"cid\":17,\"cid_date\":\"2023-11-14\"}")
        #expect(throws: ExchangeFailure.self) { try dialect.cancel(OrderReference(clientOrderID: "17")) }
        let both = try dialect.cancel([OrderReference(id: "5"), placed], nil)
        #expect(
            JSONValue.object(both.request.fields).compactText == "{\"id\":[5],\"cid\":[[17,\"2023-11-14\"]]}")
    }

    private static let row =
        "[1,null,17,\"tBTCUST\",1,2,0.3,0.5,\"EXCHANGE LIMIT\",null,null,null,0,\"ACTIVE\",null,null,29900,29900]"

    @Test func `a refusal with status 200 is one`() throws {
        let dialect = try BitfinexSamples.dialect()
        let text =
            "[1,\"on-req\",null,null,[\(Self.row)],null,\"ERROR\",\"Invalid order: not enough exchange balance for 1\"]"
        let failure = #expect(throws: ExchangeFailure.self) {
            try dialect.place(order()).answer(in: BitfinexSamples.answer(text), dialect)
        }
        #expect(failure?.kind == .insufficientFunds)
        #expect(failure?.isOutcomeUnknown == false)
        #expect(failure?.endpoint == "POST auth/w/order/submit")
    }

    @Test func `several orders, each with its own outcome`() throws {
        let dialect = try BitfinexSamples.dialect()
        let good = "[1,\"on-req\",null,null,[\(Self.row)],null,\"SUCCESS\",\"\"]"
        let plain = "[1,\"on-req\",null,null,\(Self.row),null,\"SUCCESS\",\"\"]"
        let bad = "[1,\"on-req\",null,null,null,null,\"ERROR\",\"Order not found.\"]"
        let text = "[1,\"ox_multi-req\",null,null,[\(good),\(bad),\(plain)],null,\"SUCCESS\",\"\"]"
        let answers = try dialect.place([order(), order(), order()]).answer(in: BitfinexSamples.answer(text), dialect)
        #expect(answers.count == 3)
        guard case .order(let first) = answers[0], case .refused(let failure) = answers[1],
            case .order(let third) = answers[2]
        else {
            Issue.record("\(answers)")
            return
        }
        #expect(first == third)
        #expect(first.filled == "0.2")
        #expect(first.cost == "5980")
        #expect(failure.kind == .orderNotFound)
    }

    @Test(arguments: [
        ("ACTIVE", OrderState.open), ("PARTIALLY FILLED @ 107.6(-0.2)", .open),
        ("EXECUTED @ 107.6(-0.2)", .closed),
        ("EXECUTED @ 29900.0(0.3): was PARTIALLY FILLED @ 29900.0(0.2)", .closed), ("CANCELED", .cancelled),
        ("CANCELED was: PARTIALLY FILLED @ 1.0(2.0)", .cancelled), ("IOC CANCELED", .cancelled),
        ("FILLORKILL CANCELED", .cancelled), ("POSTONLY CANCELED", .cancelled),
        ("INSUFFICIENT BALANCE (U1) was: PARTIALLY FILLED @ 1(1)", .cancelled),
        ("RSN_DUST (amount is less than 0.00000001)", .rejected), ("RSN_PAUSE (trading is paused)", .rejected),
        ("SOMETHING NEW", .other("SOMETHING NEW")),
    ])
    func `what a status says`(_ text: String, _ state: OrderState) {
        #expect(BitfinexMapping.state(text) == state)
    }

    @Test func `a look at open orders finds no finished one`() throws {
        let dialect = try BitfinexSamples.dialect()
        let call = try dialect.order(OrderReference(id: "2", symbol: BitfinexSamples.bitcoin))
        #expect(call.request.path == "auth/r/orders/tBTCUST")
        let failure = #expect(throws: ExchangeFailure.self) {
            try call.answer(in: BitfinexSamples.answer("[\(Self.row)]"), dialect)
        }
        #expect(failure?.kind == .orderNotFound)
        let reference = OrderReference(clientOrderID: "17", placedAt: 1_700_000_000_000)
        let late = try #require(try dialect.doneOrder(reference))
        #expect(late.request.path == "auth/r/orders/hist")
        #expect(try late.answer(in: BitfinexSamples.answer("[\(Self.row)]"), dialect).id == "1")
    }

    @Test(arguments: [
        "", "[]", "{}", "[1,2]", "null", "<html>", "[[1]]", "[1,\"on-req\",null,null,[],null,\"SUCCESS\",\"\"]",
    ])
    func `half an answer is an error, not an order`(_ text: String) throws {
        let dialect = try BitfinexSamples.dialect()
        #expect(throws: ExchangeFailure.self) {
            try dialect.place(order()).answer(in: BitfinexSamples.answer(text), dialect)
        }
    }

    @Test(arguments: [
        (500, "[\"error\",10001,\"Order not found.\"]", ExchangeFailure.Kind.orderNotFound),
        (500, "[\"error\",10114,\"nonce: small\"]", .invalidNonce),
        (500, "[\"error\",10020,\"price: invalid\"]", .badRequest),
        (200, "[\"error\",20060,\"\"]", .onMaintenance), (429, "{\"error\":\"ERR_RATE_LIMIT\"}", .rateLimitExceeded),
        (500, "{\"error\":\"temporarily_unavailable\",\"error_description\":\"x\"}", .exchangeNotAvailable),
        (503, "<html></html>", .exchangeNotAvailable), (504, "", .requestTimeout),
    ])
    func `what an error says`(_ status: Int, _ text: String, _ kind: ExchangeFailure.Kind) throws {
        let request = EndpointRequest(.get, ["public"], "x")
        let failure = try BitfinexSamples.dialect().failure(
            in: BitfinexSamples.answer(text, status: status), to: request)
        #expect(failure?.kind == kind)
        #expect((failure?.retryAfter == 60_000) == (kind == .rateLimitExceeded))
    }

    @Test func `a deposit address with a pool is a tag`() throws {
        let dialect = try BitfinexSamples.dialect()
        let call = try dialect.depositAddress(AssetID("USDT"), network: "ERC20", [])
        #expect(
            JSONValue.object(call.request.fields).compactText
                == "{\"method\":\"tetheruse\",\"wallet\":\"exchange\",\"op_renew\":0}")
        let plain = "[1,\"acc_dep\",null,null,[null,\"X\",\"UST\",null,\"0xabc\",null],null,\"SUCCESS\",\"success\"]"
        #expect(try call.answer(in: BitfinexSamples.answer(plain), dialect).address == "0xabc")
        let pooled = "[1,\"acc_dep\",null,null,[null,\"X\",\"UST\",null,\"tag\",\"pool\"],null,\"SUCCESS\",\"success\"]"
        let address = try call.answer(in: BitfinexSamples.answer(pooled), dialect)
        #expect(address.address == "pool")
        #expect(address.tag == "tag")
    }
}
