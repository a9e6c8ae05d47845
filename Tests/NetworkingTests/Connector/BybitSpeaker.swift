import Exchanges
import Networking
import TradingCore

/// Bybit spot, API v5.
struct BybitSpeaker: Speaker {
    static let exchange = NativeExchange.bybit
    let model: ModelExchange

    init(_ model: ModelExchange) { self.model = model }

    var slowDown: VenueAnswer { error(10006, "Too many visits. Exceeded the API Rate Limit.") }

    func isSigned(_ request: VenueRequest) -> Bool { !request.path.hasPrefix("/v5/market/") }
    func isPlacement(_ request: VenueRequest) -> Bool { request.path == "/v5/order/create" }
    func isCancel(_ request: VenueRequest) -> Bool { request.path == "/v5/order/cancel" }

    func fault(_ request: VenueRequest) -> VenueAnswer? {
        let headers = request.headers
        guard headers["x-bapi-api-key"] == "key", !model.read(\.refusesKey) else {
            return error(10003, "API key is invalid.")
        }
        let (time, window) = (headers["x-bapi-timestamp"] ?? "", headers["x-bapi-recv-window"] ?? "5000")
        let signed = time + "key" + window + (request.verb == "GET" ? request.query : request.body)
        guard headers["x-bapi-sign"] == Signature.sha256(signed, "secret").hex else {
            return error(10004, "Error sign, please check your signature generation algorithm.")
        }
        guard let sent = Int64(time), let wide = Int64(window), sent < model.now + 1_000, sent >= model.now - wide
        else {
            return error(10002, "invalid request, please check your server timestamp or recv_window param.")
        }
        return nil
    }

    private func answer(_ code: Int, _ message: String, _ result: String) -> VenueAnswer {
        VenueAnswer(
            body: "{\"retCode\":\(code),\"retMsg\":\"\(message)\",\"result\":\(result),\"retExtInfo\":{},"
                + "\"time\":\(model.now)}")
    }

    private func error(_ code: Int, _ message: String) -> VenueAnswer { answer(code, message, "{}") }
    private func said(_ result: String) -> VenueAnswer { answer(0, "OK", result) }

    private func said(_ rows: [String], cursor: String = "") -> VenueAnswer {
        said("{\"category\":\"spot\",\"nextPageCursor\":\"\(cursor)\",\"list\":\(list(rows))}")
    }

    // MARK: - Calls

    func answer(_ request: VenueRequest) -> VenueAnswer {
        let fields = request.fields
        if request.verb == "GET", request.path != "/v5/market/time", request.path != "/v5/account/wallet-balance",
            fields["category"] != "spot"
        {
            return error(10001, "params error: Category is invalid")
        }
        switch (request.verb, request.path) {
        case ("GET", "/v5/market/time"):
            return said("{\"timeSecond\":\"\(model.now / 1_000)\",\"timeNano\":\"\(model.now * 1_000_000)\"}")
        case ("GET", "/v5/market/instruments-info"): return said([instrument])
        case ("GET", "/v5/market/orderbook"):
            return model.read { contents in
                said(
                    "{\"s\":\"BTCUSDT\",\"b\":\(pairs(contents.bids)),\"a\":\(pairs(contents.asks)),\"ts\":\(model.now),"
                        + "\"u\":7961638724,\"seq\":\(contents.sequence)}")
            }
        case ("GET", "/v5/account/wallet-balance"):
            return said("{\"list\":[{\"accountType\":\"UNIFIED\",\"coin\":\(Self.balances)}]}")
        case ("GET", "/v5/order/realtime"): return realtime(fields)
        case ("GET", "/v5/order/history"):
            return said(
                model.read { $0.orders.filter { $0.state != .open && isMeant($0, fields) } }.suffix(50).map(row))
        case ("GET", "/v5/execution/list"): return executions(fields)
        case ("POST", "/v5/order/disconnected-cancel-all"):
            guard model.read({ $0.offersProtection }) else { return error(10005, "Permission denied") }
            let body = try? JSONValue(request.body)
            guard body?.text("product") == "SPOT", let seconds = body?.text("timeWindow").flatMap({ Int64($0) }),
                (3...300).contains(seconds)
            else { return error(10001, "params error") }
            model.change { $0.armed.append(seconds) }
            return VenueAnswer(body: #"{"retCode":0,"retMsg":"success"}"#)
        default: return error(10404, "no \(request.verb) \(request.path)")
        }
    }

    private func isMeant(_ order: ModelExchange.Order, _ fields: [String: String]) -> Bool {
        if let id = fields["orderId"] { return id == "u\(order.id)" }
        if let clientID = fields["orderLinkId"] { return clientID == order.clientID }
        return true
    }

    /// One that is named whatever its state; else what is open, the newest first, by pages.
    private func realtime(_ fields: [String: String]) -> VenueAnswer {
        // For spot without one all are meant: bybit-exchange.github.io/docs/v5/order/open-order
        guard fields["symbol"].map({ $0 == "BTCUSDT" }) ?? true else { return error(10001, "params error: symbol") }
        if fields["orderId"] != nil || fields["orderLinkId"] != nil {
            return said(model.order { isMeant($0, fields) }.map { [row($0)] } ?? [])
        }
        let limit = fields["limit"].flatMap { Int($0) } ?? 20
        guard (1...50).contains(limit) else { return error(10001, "params error: limit") }
        var rest = Array(model.openOrders.reversed())
        if let cursor = fields["cursor"] {
            guard cursor.hasPrefix("page_args%3D"), let id = Int(cursor.dropFirst(12)) else {
                return error(10001, "params error: cursor")
            }
            rest = rest.filter { $0.id < id }
        }
        let page = rest.prefix(limit)
        // Told even with the last page, as long as it is full.
        let cursor = page.count == limit ? page.last.map { "page_args%3D\($0.id)" } : nil
        return said(page.map(row), cursor: cursor ?? "")
    }

    private func executions(_ fields: [String: String]) -> VenueAnswer {
        let (since, until) = (
            fields["startTime"].flatMap { Int64($0) }, fields["endTime"].flatMap { Int64($0) }
        )
        if let since, let until, until - since > 7 * 86_400_000 { return error(10001, "params error: time range") }
        let limit = fields["limit"].flatMap { Int($0) } ?? 50
        guard (1...100).contains(limit) else { return error(10001, "params error: limit") }
        let trades = model.trades(since ?? model.now - 7 * 86_400_000, until) { isMeant($0, fields) }
        return said(trades.suffix(limit).reversed().map { execution($0, ",\"feeCurrency\":\"\($0.feeAsset)\"") })
    }

    /// The stream leaves out what a fee was paid in.
    private func execution(_ trade: ModelExchange.Trade, _ more: String = "") -> String {
        let value = (try? trade.price.multiplied(by: trade.amount, rounding: .down)) ?? .zero
        return """
            {"category":"spot","symbol":"BTCUSDT","execFee":"\(trade.fee)","execId":"\(trade.id)",\
            "execPrice":"\(trade.price)","execQty":"\(trade.amount)","execType":"Trade","execValue":"\(value)",\
            "isMaker":true,"feeRate":"0.001","orderId":"u\(trade.order.id)","orderLinkId":"\(trade.order.clientID)",\
            "orderPrice":"\(trade.order.price)","orderQty":"\(trade.order.amount)","orderType":"Limit",\
            "side":"\(side(trade.order))","execTime":"\(trade.time)"\(more)}
            """
    }

    private func side(_ order: ModelExchange.Order) -> String { order.side == .buy ? "Buy" : "Sell" }

    // MARK: - Orders

    func place(_ request: VenueRequest) -> VenueAnswer {
        guard let order = try? JSONValue(request.body), order.text("category") == "spot",
            order.text("symbol") == "BTCUSDT", let side = order.text("side"), ["Buy", "Sell"].contains(side),
            order.text("orderType") == "Limit", let price = decimal(order.text("price")),
            let amount = decimal(order.text("qty")), let clientID = order.text("orderLinkId"),
            clientID.utf8.count <= 36, ["GTC", "IOC", "FOK", "PostOnly", nil].contains(order.text("timeInForce"))
        else { return error(10001, "Request parameter error.") }
        do {
            let placed = try model.place(
                clientID, side == "Buy" ? .buy : .sell, price, amount, isPostOnly: false)
            let crosses = model.read { side == "Buy" ? price >= $0.asks[0].price : price <= $0.bids[0].price }
            // One that would take is accepted, and gone at once.
            if order.text("timeInForce") == "PostOnly", crosses { _ = try? model.cancel { $0.id == placed.id } }
            return said("{\"orderId\":\"u\(placed.id)\",\"orderLinkId\":\"\(clientID)\"}")
        } catch ModelExchange.Refusal.noFunds { return error(170131, "Insufficient balance.") } catch ModelExchange
            .Refusal.duplicate
        { return error(170141, "Duplicate clientOrderId") } catch {
            return self.error(170134, "Order price has too many decimals.")
        }
    }

    func cancel(_ request: VenueRequest) -> VenueAnswer {
        guard let order = try? JSONValue(request.body), order.text("category") == "spot",
            order.text("symbol") == "BTCUSDT"
        else { return error(10001, "Request parameter error.") }
        let fields = ["orderId": order.text("orderId"), "orderLinkId": order.text("orderLinkId")].compactMapValues {
            $0
        }
        guard !fields.isEmpty, let cancelled = try? model.cancel({ isMeant($0, fields) }) else {
            return error(170213, "Order does not exist.")
        }
        return said("{\"orderId\":\"u\(cancelled.id)\",\"orderLinkId\":\"\(cancelled.clientID)\"}")
    }

    private func row(_ order: ModelExchange.Order) -> String {
        let state =
            switch order.state {
            case .open: order.filled.isZero ? "New" : "PartiallyFilled"
            case .filled: "Filled"
            case .cancelled: order.filled.isZero ? "Cancelled" : "PartiallyFilledCanceled"
            }
        let value = (try? order.price.multiplied(by: order.filled, rounding: .down)) ?? .zero
        return """
            {"category":"spot","symbol":"BTCUSDT","orderId":"u\(order.id)","orderLinkId":"\(order.clientID)",\
            "side":"\(side(order))","orderStatus":"\(state)","cancelType":"UNKNOWN","rejectReason":"EC_NoError",\
            "timeInForce":"PostOnly","price":"\(order.price)","qty":"\(order.amount)",\
            "avgPrice":"\(order.filled.isZero ? "" : order.price.text)",\
            "leavesQty":"\(order.state == .cancelled ? "0" : order.remaining.text)","cumExecQty":"\(order.filled)",\
            "cumExecValue":"\(value)","cumExecFee":"0","orderType":"Limit","marketUnit":"","orderIv":"",\
            "triggerPrice":"0.00","feeCurrency":"","createdTime":"\(order.createdAt)","updatedTime":"\(model.now)"}
            """
    }

    private var instrument: String {
        let rules = model.read { $0.rules }
        return """
            {"symbol":"BTCUSDT","baseCoin":"BTC","quoteCoin":"USDT","innovation":"0","symbolId":1,"status":"Trading",\
            "lotSizeFilter":{"basePrecision":"\(rules.lot)","quotePrecision":"0.00000001","minOrderQty":"\(rules.lot)",\
            "maxOrderQty":"71.73956243","minOrderAmt":"\(rules.leastCost)","maxOrderAmt":"4000000",\
            "maxLimitOrderQty":"5000","maxMarketOrderQty":"41.7"},"priceFilter":{"tickSize":"\(rules.tick)"},\
            "riskParameters":{"priceLimitRatioX":"0.05","priceLimitRatioY":"0.05"}}
            """
    }

    private static let balances = """
        [{"coin":"BTC","equity":"11","walletBalance":"11","locked":"1","availableToWithdraw":"","totalOrderIM":"0",\
        "totalPositionIM":"0"},{"coin":"USDT","equity":"5000","walletBalance":"5000","locked":"0",\
        "availableToWithdraw":"","totalOrderIM":"0","totalPositionIM":"0"}]
        """

    // MARK: - Streams

    func opened(_ connection: Int, _ address: String) -> [String] {
        if !["/v5/public/spot?", "/v5/private?"].contains(address) { model.complain("a stream at \(address)") }
        if address.contains("private") { listen(connection, "private") }
        return []
    }

    private func told(_ operation: String, _ id: String?, isGood: Bool = true, _ message: String = "") -> String {
        """
        {"success":\(isGood),"ret_msg":"\(message)","conn_id":"c1","req_id":"\(id ?? "")","op":"\(operation)"}
        """
    }

    func received(_ connection: Int, _ text: String) -> [String] {
        guard let message = try? JSONValue(text), let operation = message.text("op") else {
            return [told("", nil, isGood: false, "Request is not a valid JSON")]
        }
        let (id, arguments) = (message.text("req_id"), message["args"]?.elements?.compactMap(\.text) ?? [])
        let topics = model.read { $0.listened[connection] } ?? []
        switch operation {
        case "ping":
            return topics.contains("private")
                ? [#"{"req_id":"","op":"pong","args":["\#(model.now)"],"conn_id":"c1"}"#]
                : [told("ping", id, "pong")]
        case "auth":
            guard arguments.count == 3, arguments[0] == "key", let expires = Int64(arguments[1]), expires > model.now,
                arguments[2] == Signature.sha256("GET/realtime" + arguments[1], "secret").hex
            else { return [told("auth", id, isGood: false, "Params Error")] }
            listen(connection, "auth")
            return [told("auth", id)]
        case "subscribe":
            if topics.contains("private"), !topics.contains("auth") {
                return [told("subscribe", id, isGood: false, "Not authorised")]
            }
            if arguments.count > 10 { return [told("subscribe", id, isGood: false, "args size >10")] }
            if arguments == ["dcp.spot"], !model.read({ $0.offersProtection }) {
                return [told("subscribe", id, isGood: false, "topic not allowed")]
            }
            return [told("subscribe", id, "subscribe")] + arguments.flatMap { subscribe(connection, $0) }
        case "unsubscribe": return [told("unsubscribe", id)]
        default: return [told(operation, id, isGood: false, "unknown op")]
        }
    }

    private func subscribe(_ connection: Int, _ topic: String) -> [String] {
        switch topic {
        case "orderbook.50.BTCUSDT":
            listen(connection, "market")
            return [model.read { book("snapshot", $0.sequence, $0.bids, $0.asks) }]
        case "order": listen(connection, "account")
        case "publicTrade.BTCUSDT", "execution", "wallet": break
        case "dcp.spot": model.change { _ = $0.guarded.insert(connection) }
        default: model.complain("a topic \(topic)")
        }
        return []
    }

    /// Unless there is another within the window.
    func guardedEnded() {
        let seconds = model.read { $0.armed.last } ?? 10
        let dueAt = model.time.now().advanced(byNanoseconds: seconds * 1_000_000_000)
        Task {
            try? await model.time.sleep(until: dueAt)
            if model.read({ $0.guarded.isEmpty }) { model.cancelAll() }
        }
    }

    func frames(_ event: ModelExchange.Event, _ topics: Set<String>) -> [String] {
        switch event {
        case .book(_, let last, let bids, let asks):
            return topics.contains("market") ? [book("delta", last, bids, asks)] : []
        case .order(let order, let trade):
            guard topics.contains("account") else { return [] }
            var frames = trade.map { [message("execution", execution($0))] } ?? []
            frames.append(message("order", row(order)))
            return frames
        }
    }

    private func message(_ topic: String, _ row: String) -> String {
        "{\"id\":\"5923240c6880ab-c59f\",\"topic\":\"\(topic)\",\"creationTime\":\(model.now),\"data\":[\(row)]}"
    }

    private func book(
        _ type: String, _ number: Int, _ bids: [ModelExchange.Level], _ asks: [ModelExchange.Level]
    ) -> String {
        """
        {"topic":"orderbook.50.BTCUSDT","ts":\(model.now),"type":"\(type)","data":{"s":"BTCUSDT","b":\(pairs(bids)),\
        "a":\(pairs(asks)),"u":\(number),"seq":\(number + 7)},"cts":\(model.now)}
        """
    }
}
