import Exchanges
import Testing
import TradingCore

@Suite struct GateOrderTests {
    let dialect = GateDialect(catalog: Rigged.catalog(separator: "_"))

    private func placed(_ order: OrderPlacement) throws -> String { Rigged.text(try dialect.place(order).request) }

    private func order(_ kind: OrderPlacement.Kind = .limit, _ side: Side = .buy) -> OrderPlacement {
        OrderPlacement(symbol: Rigged.bitcoin, kind: kind, side: side, amount: "0.50009", price: "29900.06")
    }

    @Test func `amounts are cut down and prices rounded, and a post-only order is poc`() throws {
        var order = order()
        order.isPostOnly = true
        order.clientOrderID = "mine"
        #expect(
            try placed(order)
                == #"{"currency_pair":"BTC_USDT","type":"limit","account":"spot","side":"buy","amount":"0.5","price":"29900.1","text":"t-mine","time_in_force":"poc"}"#
        )
    }

    @Test func `a history's window leaves out no part of its seconds`() throws {
        func asked(_ since: Int64, _ until: Int64) throws -> [String] {
            let query = HistoryQuery(symbol: Rigged.bitcoin, since: since, until: until)
            return try dialect.ownTrades(query).request.fields.filter { ["from", "to"].contains($0.key) }.map {
                $0.value.compactText
            }
        }
        #expect(try asked(1_700_000_000_500, 1_700_000_001_500) == ["1700000000", "1700000002"])
        #expect(try asked(1_700_000_000_000, 1_700_000_001_000) == ["1700000000", "1700000001"])
    }

    @Test(arguments: [
        (TimeInForce.goodTillCancelled, "gtc"), (.immediateOrCancel, "ioc"), (.fillOrKill, "fok"),
    ])
    func `a limit order says how long it stays`(time: TimeInForce, word: String) throws {
        var order = order()
        order.timeInForce = time
        #expect(try placed(order).contains("\"time_in_force\":\"\(word)\""))
    }

    @Test func `a market buy says what it spends`() throws {
        var byCost = OrderPlacement(symbol: Rigged.bitcoin, kind: .market, side: .buy, cost: "5.019")
        #expect(try placed(byCost).contains(#""amount":"5.01","time_in_force":"ioc"}"#))
        byCost.cost = nil
        byCost.amount = "2"
        #expect(throws: ExchangeFailure.self) { try dialect.place(byCost) }
        byCost.price = "10"
        #expect(try placed(byCost).contains(#""amount":"20""#))
        // Their product is out of range.
        byCost.amount = "100000000000000000000"
        byCost.price = "100000000000000000000"
        #expect(throws: ExchangeFailure.self) { try dialect.place(byCost) }
    }

    @Test func `a market sell says what it sells`() throws {
        #expect(try placed(order(.market, .sell)).contains(#""amount":"0.5","time_in_force":"ioc"}"#))
        var byCost = order(.market, .sell)
        byCost.cost = "5"
        #expect(throws: ExchangeFailure.self) { try dialect.place(byCost) }
    }

    @Test func `what Gate cannot do is refused before it is sent`() {
        var resting = order(.market, .sell)
        resting.timeInForce = .goodTillCancelled
        var conditional = order()
        conditional.triggerPrice = "1"
        var contradiction = order()
        contradiction.isPostOnly = true
        contradiction.timeInForce = .immediateOrCancel
        var nothing = order()
        nothing.amount = "0.00001"
        for order in [resting, conditional, contradiction, nothing] {
            #expect(throws: ExchangeFailure.self) { try dialect.place(order) }
        }
    }

    @Test func `a market buy's answer is read in base`() throws {
        let call = try dialect.place(OrderPlacement(symbol: Rigged.bitcoin, kind: .market, side: .buy, cost: "60"))
        let order = try Rigged.read(
            call,
            #"{"id":"1","text":"apiv4","create_time_ms":1700000000001,"update_time_ms":1700000000002,"status":"closed","currency_pair":"BTC_USDT","type":"market","account":"spot","side":"buy","amount":"60","price":"0","time_in_force":"ioc","left":"0","filled_total":"60","avg_deal_price":"30000","fee":"0.000002","fee_currency":"BTC","finish_as":"filled"}"#,
            dialect)
        #expect(order.amount == "0.002" && order.filled == "0.002" && order.remaining == .zero)
        #expect(order.cost == "60" && order.average == "30000" && order.status == .closed)
        #expect(order.createdAt == 1_700_000_000_001 && order.updatedAt == 1_700_000_000_002)
    }

    @Test func `a market buy that found nothing has nothing filled`() throws {
        let call = try dialect.order(OrderReference(id: "1", symbol: Rigged.bitcoin))
        let order = try Rigged.read(
            call,
            #"{"id":"1","text":"t-x","status":"cancelled","currency_pair":"BTC_USDT","type":"market","side":"buy","amount":"60","price":"0","time_in_force":"ioc","left":"60","filled_total":"0","avg_deal_price":"0","finish_as":"ioc"}"#,
            dialect)
        #expect(order.status == .cancelled && order.filled == .zero && order.average == nil && order.amount == nil)
    }

    @Test(
        arguments: [
            ("open", nil, OrderState.open), ("filled", "closed", .closed), ("cancelled", "cancelled", .cancelled),
            ("ioc", nil, .cancelled), ("poc", nil, .cancelled), ("stp", nil, .cancelled), ("small", nil, .cancelled),
            ("depth_not_enough", nil, .cancelled), ("tomorrow", "cancelled", .cancelled),
            ("tomorrow", nil, .other("tomorrow")), ("tomorrow", "open", .other("tomorrow")),
        ] as [(String, String?, OrderState)])
    func `how an order ended is read`(finish: String, status: String?, state: OrderState) throws {
        let told = status.map { ",\"status\":\"\($0)\"" } ?? ""
        let order = try Rigged.read(
            try dialect.order(OrderReference(id: "1", symbol: Rigged.bitcoin)),
            #"{"id":"1","currency_pair":"BTC_USDT","type":"limit","side":"sell","amount":"1","price":"2","left":"1","finish_as":""#
                + finish + "\"\(told)}", dialect)
        #expect(order.status == state)
    }

    @Test func `of a batch each order is told in its place`() throws {
        var first = order()
        #expect(throws: ExchangeFailure.self) { try dialect.place([first]) }
        first.clientOrderID = "t-1"
        let call = try dialect.place([first, first])
        #expect(Rigged.text(call.request).hasPrefix("[{"))
        let answers = try Rigged.read(
            call,
            #"[{"succeeded":true,"id":"7","text":"t-1","currency_pair":"BTC_USDT","type":"limit","side":"buy","amount":"1","price":"2","left":"1","status":"open","label":"","message":""},{"succeeded":false,"text":"t-1","label":"BALANCE_NOT_ENOUGH","message":"no"}]"#,
            dialect)
        guard case .order(let order) = answers[0], case .refused(let failure) = answers[1] else {
            Issue.record("\(answers)")
            return
        }
        #expect(order.id == "7" && order.status == .open)
        #expect(failure.kind == .insufficientFunds && !failure.isOutcomeUnknown)
        #expect(throws: ExchangeFailure.self) { try dialect.place(Array(repeating: first, count: 11)) }
    }

    @Test func `a cancel that failed frees nothing`() throws {
        let orders = [OrderReference(id: "1"), OrderReference(clientOrderID: "x")]
        let call = try dialect.cancel(orders, Rigged.bitcoin)
        #expect(
            Rigged.text(call.request)
                == #"[{"id":"1","currency_pair":"BTC_USDT"},{"id":"t-x","currency_pair":"BTC_USDT"}]"#)
        let answers = try Rigged.read(
            call,
            #"[{"currency_pair":"BTC_USDT","id":"1","succeeded":true,"label":"","message":""},{"currency_pair":"BTC_USDT","id":"2","text":"t-x","succeeded":false,"label":"ORDER_NOT_FOUND","message":"gone"}]"#,
            dialect)
        #expect(answers.map(\.status) == [.cancelled, nil])
        #expect(answers[1].reason == "ORDER_NOT_FOUND")
    }

    @Test func `the dead man's switch counts seconds`() throws {
        #expect(Rigged.text(try dialect.cancelAllAfter(30_999, []).request) == #"{"timeout":30}"#)
        #expect(Rigged.text(try dialect.cancelAllAfter(0, []).request) == #"{"timeout":0}"#)
        #expect(throws: ExchangeFailure.self) { try dialect.cancelAllAfter(4_999, []) }
        #expect(
            try Rigged.read(dialect.cancelAllAfter(5_000, []), #"{"triggerTime":"1660039145000"}"#, dialect)
                == 1_660_039_145_000)
    }

    @Test func `an order is found by our name where theirs is not known`() throws {
        let call = try dialect.order(OrderReference(clientOrderID: "t-mm/1", symbol: Rigged.bitcoin))
        #expect(call.request.path == "orders/t-mm%2F1")
        #expect(throws: ExchangeFailure.self) { try dialect.order(OrderReference(symbol: Rigged.bitcoin)) }
    }
}
