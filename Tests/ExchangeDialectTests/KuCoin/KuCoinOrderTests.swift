import Exchanges
import Testing
import TradingCore

@Suite struct KuCoinOrderTests {
    let classic = KuCoinDialect(catalog: Rigged.catalog(separator: "-"))
    let fast = KuCoinDialect(catalog: Rigged.catalog(separator: "-"), trading: .highFrequency(isSynchronous: false))
    let prompt = KuCoinDialect(catalog: Rigged.catalog(separator: "-"), trading: .highFrequency(isSynchronous: true))

    private func order(_ kind: OrderPlacement.Kind = .limit) -> OrderPlacement {
        OrderPlacement(
            symbol: Rigged.bitcoin, kind: kind, side: .sell, amount: "0.50009", price: "29900.06", clientOrderID: "mm1")
    }

    @Test(arguments: [0, 1, 0x1234_5678_9ABC, (1 << 45) - 1] as [UInt64])
    func `a client id is read back, and is within KuCoin's rules`(number: UInt64) throws {
        let id = try #require(ClientOrderID(rawValue: number))
        let text = try #require(classic.clientOrderID(id))
        #expect(text.utf8.count <= 40 && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
        #expect(classic.clientOrderID(text) == id)
    }

    @Test(arguments: ["", "mm", "mm-abc-1", "6d92a4dc-7c44-40e9-afd8-a25cfb86384a", "mmFFFFFFFFFFFF", "mm+00000000001"])
    func `a foreign id is nobody's`(text: String) { #expect(classic.clientOrderID(text) == nil) }

    @Test func `the interfaces have paths of their own`() throws {
        #expect(try classic.place(order()).request.endpoint == "POST orders")
        #expect(try fast.place(order()).request.endpoint == "POST hf/orders")
        #expect(try prompt.place(order()).request.endpoint == "POST hf/orders/sync")
        let reference = OrderReference(id: "a/b", symbol: Rigged.bitcoin)
        #expect(try classic.cancel(reference).request.endpoint == "DELETE orders/a%2Fb")
        #expect(try fast.cancel(reference).request.endpoint == "DELETE hf/orders/a%2Fb")
        #expect(try prompt.cancel(reference).request.endpoint == "DELETE hf/orders/sync/a%2Fb")
        #expect(try prompt.order(reference).request.endpoint == "GET hf/orders/a%2Fb")
        let own = OrderReference(clientOrderID: "mm1", symbol: Rigged.bitcoin)
        #expect(try classic.cancel(own).request.endpoint == "DELETE order/client-order/mm1")
        #expect(try fast.cancel(own).request.endpoint == "DELETE hf/orders/client-order/mm1")
        #expect(Rigged.text(try fast.cancel(own).request) == #"{"symbol":"BTC-USDT"}"#)
    }

    @Test(arguments: [
        (TimeInForce.goodTillCancelled, "GTC"), (.immediateOrCancel, "IOC"), (.fillOrKill, "FOK"),
    ])
    func `a limit order says how long it stays, a market order does not`(time: TimeInForce, word: String) throws {
        var limit = order()
        limit.timeInForce = time
        #expect(Rigged.text(try classic.place(limit).request).contains("\"timeInForce\":\"\(word)\""))
        var market = order(.market)
        market.timeInForce = time
        #expect(
            Rigged.text(try classic.place(market).request)
                == #"{"clientOid":"mm1","side":"sell","symbol":"BTC-USDT","type":"market","size":"0.5"}"#)
    }

    @Test func `a cost is cut to the market's step of funds, else to the asset's`() throws {
        var order = order(.market)
        order.amount = nil
        order.cost = "0.8993321164324234"
        #expect(Rigged.text(try classic.place(order).request).contains(#""funds":"0.89""#))
        var bare = classic
        bare.catalog = MarketCatalog(
            markets: classic.catalog.markets.map { market in
                var copy = market
                copy.rounding.cost = nil
                return copy
            }, currencies: [ExchangeCurrency(id: "USDT", asset: AssetID("USDT"), precision: "0.000001")])
        #expect(Rigged.text(try bare.place(order).request).contains(#""funds":"0.899332""#))
        order.cost = "0.001"
        #expect(throws: ExchangeFailure.self) { try classic.place(order) }
    }

    @Test func `a batch of one market, each order told in its place`() throws {
        let call = try classic.place([order(), order()])
        #expect(Rigged.text(call.request).hasPrefix(#"{"symbol":"BTC-USDT","orderList":[{"clientOid":"mm1""#))
        let answers = try Rigged.read(
            call,
            #"{"code":"200000","data":{"data":[{"symbol":"BTC-USDT","id":"7","clientOid":"mm1","status":"success"},{"symbol":"BTC-USDT","status":"fail","failMsg":"Order size increment invalid."}]}}"#,
            classic)
        guard case .order(let placed) = answers[0], case .refused(let failure) = answers[1] else {
            Issue.record("\(answers)")
            return
        }
        #expect(placed.id == "7" && placed.status == nil && failure.kind == .invalidOrder)
        var other = order()
        other.symbol = Rigged.ether
        #expect(throws: ExchangeFailure.self) { try classic.place([order(), other]) }
        #expect(try fast.place([order(), other]).request.endpoint == "POST hf/orders/multi")
        #expect(throws: ExchangeFailure.self) { try fast.place([]) }
        #expect(throws: ExchangeFailure.self) { try fast.place(Array(repeating: order(), count: 6)) }
    }

    @Test func `a cancel's answer says nothing of the order`() throws {
        let reference = OrderReference(id: "9", symbol: Rigged.bitcoin)
        let taken = try Rigged.read(
            classic.cancel(reference), #"{"code":"200000","data":{"cancelledOrderIds":["9"]}}"#, classic)
        #expect(taken.id == "9" && taken.status == nil)
        #expect(throws: ExchangeFailure.self) {
            try Rigged.read(
                classic.cancel(reference), #"{"code":"200000","data":{"cancelledOrderIds":[]}}"#, classic)
        }
        let byName = try Rigged.read(
            fast.cancel(OrderReference(clientOrderID: "mm1", symbol: Rigged.bitcoin)),
            #"{"code":"200000","data":{"clientOid":"mm1"}}"#, fast)
        #expect(byName.clientOrderID == "mm1")
    }

    @Test(arguments: [
        (true, false, OrderState.open), (true, true, .cancelling), (false, true, .cancelled), (false, false, .closed),
    ])
    func `the state is told by flags`(isActive: Bool, cancelExist: Bool, state: OrderState) throws {
        let order = try Rigged.read(
            classic.order(OrderReference(id: "1")),
            #"{"code":"200000","data":{"id":"1","symbol":"BTC-USDT","type":"limit","side":"buy","price":"10","size":"3","dealSize":"1","dealFunds":"9","fee":"0.1","feeCurrency":"USDT","isActive":\#(isActive),"cancelExist":\#(cancelExist),"createdAt":1700000000000}}"#,
            classic)
        #expect(order.status == state && order.remaining == "2" && order.average == "9" && order.cost == "9")
    }

    @Test func `an order that KuCoin does not know`() throws {
        do {
            _ = try Rigged.read(classic.order(OrderReference(id: "1")), #"{"code":"200000","data":null}"#, classic)
            Issue.record("found")
        } catch {
            #expect(error.kind == .orderNotFound && error.endpoint == "GET orders/1" && error.exchange == "kucoin")
        }
    }

    @Test func `only the high-frequency interface edits, under another id`() throws {
        let reference = OrderReference(id: "1", symbol: Rigged.bitcoin)
        #expect(throws: ExchangeFailure.self) { try classic.edit(reference, to: order()) }
        let call = try fast.edit(reference, to: order())
        #expect(
            Rigged.text(call.request)
                == #"{"symbol":"BTC-USDT","orderId":"1","newPrice":"29900.1","newSize":"0.5"}"#)
        #expect(
            try Rigged.read(call, #"{"code":"200000","data":{"newOrderId":"2","clientOid":"mm1"}}"#, fast).id == "2")
        #expect(classic.abilities.editKeepsID == nil && fast.abilities.editKeepsID == false)
    }

    @Test func `only the high-frequency interface has a dead man's switch`() throws {
        #expect(throws: ExchangeFailure.self) { try classic.cancelAllAfter(5_000, []) }
        #expect(Rigged.text(try fast.cancelAllAfter(5_999, []).request) == #"{"timeout":5}"#)
        #expect(Rigged.text(try fast.cancelAllAfter(0, []).request) == #"{"timeout":-1}"#)
        #expect(throws: ExchangeFailure.self) { try fast.cancelAllAfter(1, []) }
        #expect(
            try Rigged.read(
                fast.cancelAllAfter(5_000, []),
                #"{"code":"200000","data":{"currentTime":1700000000,"triggerTime":1700000005}}"#, fast)
                == 1_700_000_005_000)
    }
}
