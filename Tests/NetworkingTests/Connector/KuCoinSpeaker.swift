import Exchanges
import Networking
import TradingCore

struct KuCoinSpeaker: Speaker {
    static let exchange = NativeExchange.kucoin
    let model: ModelExchange

    init(_ model: ModelExchange) { self.model = model }

    let slowDown = VenueAnswer(
        status: 429, body: #"{"code":"429000","msg":"Too many requests"}"#, headers: [("gw-ratelimit-reset", "2000")])

    func isSigned(_ request: VenueRequest) -> Bool { request.headers["kc-api-key"] != nil || isPlacement(request) }
    func isPlacement(_ request: VenueRequest) -> Bool { request.verb == "POST" && request.path == "/api/v1/hf/orders" }
    func isCancel(_ request: VenueRequest) -> Bool {
        request.verb == "DELETE" && request.path.hasPrefix("/api/v1/hf/orders/")
    }

    func fault(_ request: VenueRequest) -> VenueAnswer? {
        let time = request.headers["kc-api-timestamp"] ?? ""
        let path = request.path + (request.query.isEmpty ? "" : "?" + request.query)
        let expected = Signature.sha256(time + request.verb + path + request.body, "secret").base64
        guard request.headers["kc-api-sign"] == expected,
            request.headers["kc-api-passphrase"] == Signature.sha256("phrase", "secret").base64
        else { return error("400005", "Invalid KC-API-SIGN") }
        guard let sent = Int64(time), abs(sent - model.now) < 5_000 else {
            return error("400002", "KC-API-TIMESTAMP Invalid")
        }
        return nil
    }

    private func error(_ code: String, _ message: String, _ status: Int = 200) -> VenueAnswer {
        VenueAnswer(status: status, body: "{\"code\":\"\(code)\",\"msg\":\"\(message)\"}")
    }

    private func said(_ data: String) -> VenueAnswer { VenueAnswer(body: "{\"code\":\"200000\",\"data\":\(data)}") }

    // MARK: - Calls

    func answer(_ request: VenueRequest) -> VenueAnswer {
        let fields = request.fields
        switch (request.verb, request.path) {
        case ("GET", "/api/v1/timestamp"): return said("\(model.now)")
        case ("GET", "/api/v2/symbols"): return said(symbols)
        case ("POST", "/api/v1/bullet-public"), ("POST", "/api/v1/bullet-private"):
            let host = request.headers["host"] ?? ""
            model.change { $0.tokens += 1 }
            return said(
                """
                {"token":"t","instanceServers":[{"endpoint":"ws://\(host)\
                /\(request.path.hasSuffix("private") ? "private" : "public")",\
                "pingInterval":18000,"pingTimeout":10000}]}
                """)
        case ("GET", "/api/v1/market/orderbook/level2_100"):
            return model.read { contents in
                said(
                    "{\"sequence\":\"\(contents.sequence)\",\"time\":\(model.now),\"bids\":\(pairs(contents.bids)),"
                        + "\"asks\":\(pairs(contents.asks))}")
            }
        case ("GET", "/api/v1/accounts"):
            return said(
                #"[{"id":"1","currency":"BTC","type":"trade_hf","balance":"11","available":"10","holds":"1"},{"id":"2","currency":"USDT","type":"trade_hf","balance":"5000","available":"5000","holds":"0"}]"#
            )
        case ("GET", "/api/v1/hf/orders/active"):
            return said(
                "[" + model.read { $0.orders.filter { $0.state == .open } }.map(row).joined(separator: ",") + "]")
        case ("GET", "/api/v1/hf/fills"): return said("{\"items\":\(fills(fields)),\"lastId\":1}")
        case ("POST", "/api/v1/hf/orders/dead-cancel-all"):
            let seconds = Int64(BitfinexSpeaker.value("timeout", request.body) ?? "") ?? 0
            // -1 disarms.
            guard seconds == -1 || (5...86_400).contains(seconds) else { return error("400100", "timeout") }
            model.arm(max(0, seconds))
            return said("{\"currentTime\":\(model.now / 1_000),\"triggerTime\":\(model.now / 1_000 + seconds)}")
        case ("GET", let path) where path.hasPrefix("/api/v1/hf/orders/"):
            guard let found = model.read({ $0.orders.last { isMeant($0, path) } }) else {
                return error("100001", "order not exist.")
            }
            return said(row(found))
        default: return error("404", "no \(request.verb) \(request.path)", 404)
        }
    }

    private func isMeant(_ order: ModelExchange.Order, _ path: String) -> Bool {
        let name = path.split(separator: "/").last.map(String.init)
        return path.contains("client-order") ? name == order.clientID : name == "o\(order.id)"
    }

    private func fills(_ fields: [String: String]) -> String {
        let since = fields["startAt"].flatMap { Int64($0) } ?? 0
        let until = fields["endAt"].flatMap { Int64($0) } ?? .max
        if until != .max, until - since > 7 * 86_400_000 { model.complain("a window of \(until - since) ms") }
        let limit = fields["limit"].flatMap { Int($0) } ?? 20
        if limit > 100 { model.complain("a page of \(limit)") }
        let rows = model.read { contents in
            contents.trades.filter { trade in
                (since...until).contains(trade.time)
                    && (fields["orderId"].map { $0 == "o\(trade.order.id)" } ?? true)
            }.suffix(limit)
        }
        return "["
            + rows.reversed().map { trade in
                """
                {"id":\(trade.id),"symbol":"BTC-USDT","tradeId":\(trade.id),"orderId":"o\(trade.order.id)",\
                "side":"\(side(trade.order))","liquidity":"maker","type":"limit","price":"\(trade.price)",\
                "size":"\(trade.amount)","fee":"\(trade.fee)","feeCurrency":"\(trade.feeAsset)",\
                "createdAt":\(trade.time)}
                """
            }.joined(separator: ",") + "]"
    }

    func place(_ request: VenueRequest) -> VenueAnswer {
        let body = request.body
        guard BitfinexSpeaker.value("symbol", body) == "BTC-USDT",
            let clientID = BitfinexSpeaker.value("clientOid", body),
            let price = BitfinexSpeaker.value("price", body).flatMap({ try? FixedDecimal(Substring($0)) }),
            let amount = BitfinexSpeaker.value("size", body).flatMap({ try? FixedDecimal(Substring($0)) })
        else { return error("400100", "Parameter error") }
        do {
            let order = try model.place(
                clientID, BitfinexSpeaker.value("side", body) == "buy" ? .buy : .sell, price, amount,
                isPostOnly: false)
            return said("{\"orderId\":\"o\(order.id)\",\"clientOid\":\"\(clientID)\"}")
        } catch ModelExchange.Refusal.noFunds { return error("200004", "Balance insufficient!") } catch ModelExchange
            .Refusal.rules
        { return error("400100", "Price increment invalid.") } catch {
            return self.error("102429", "Duplicate clientOid")
        }
    }

    func cancel(_ request: VenueRequest) -> VenueAnswer {
        do {
            let order = try model.cancel { isMeant($0, request.path) }
            return said("{\"orderId\":\"o\(order.id)\"}")
        } catch { return self.error("400100", "order_not_exist_or_not_allow_to_cancel") }
    }

    private func side(_ order: ModelExchange.Order) -> String { order.side == .buy ? "buy" : "sell" }

    private func row(_ order: ModelExchange.Order) -> String {
        """
        {"id":"o\(order.id)","clientOid":"\(order.clientID)","symbol":"BTC-USDT","opType":"DEAL","type":"limit",\
        "side":"\(side(order))","price":"\(order.price)","size":"\(order.amount)","dealSize":"\(order.filled)",\
        "cancelledSize":"0","timeInForce":"GTC","postOnly":true,"active":\(order.state == .open),\
        "cancelExist":\(order.state == .cancelled),"createdAt":\(order.createdAt),"lastUpdatedAt":\(order.createdAt)}
        """
    }

    private var symbols: String {
        let rules = model.read { $0.rules }
        return """
            [{"symbol":"BTC-USDT","baseCurrency":"BTC","quoteCurrency":"USDT","baseMinSize":"0.0001",\
            "quoteMinSize":"0.1","baseMaxSize":"10000","quoteMaxSize":"99999999","baseIncrement":"\(rules.lot)",\
            "quoteIncrement":"0.01","priceIncrement":"\(rules.tick)","minFunds":"\(rules.leastCost)",\
            "enableTrading":true,"feeCategory":1,"makerFeeCoefficient":"1.00","takerFeeCoefficient":"1.00"}]
            """
    }

    // MARK: - Streams

    func opened(_ connection: Int, _ address: String) -> [String] { [#"{"id":"x","type":"welcome"}"#] }

    func received(_ connection: Int, _ text: String) -> [String] {
        let id = BitfinexSpeaker.value("id", text) ?? ""
        if text.contains(#""type":"ping""#) { return ["{\"id\":\"\(id)\",\"type\":\"pong\"}"] }
        guard text.contains(#""type":"subscribe""#) else { return [] }
        let ack = "{\"id\":\"\(id)\",\"type\":\"ack\"}"
        if text.contains("/spotMarket/tradeOrdersV2") {
            model.change { $0.listened[connection, default: []].insert("account") }
        }
        guard text.contains("/market/level2:") else { return [ack] }
        model.change { $0.listened[connection, default: []].insert("market") }
        // A quiet market: nothing follows on it.
        return [ack]
    }

    func frames(_ event: ModelExchange.Event, _ topics: Set<String>) -> [String] {
        switch event {
        case .book(let first, _, let bids, let asks):
            return topics.contains("market") ? [depth(first, bids, asks)] : []
        case .order(let order, let trade):
            guard topics.contains("account") else { return [] }
            var frames: [String] = []
            if trade != nil { frames.append(change(order, "match", trade)) }
            switch order.state {
            case .open: if trade == nil { frames.append(change(order, "open", nil)) }
            case .filled: frames.append(change(order, "filled", nil))
            case .cancelled: frames.append(change(order, "canceled", nil))
            }
            return frames
        }
    }

    private func depth(_ number: Int, _ bids: [ModelExchange.Level], _ asks: [ModelExchange.Level]) -> String {
        func rows(_ levels: [ModelExchange.Level]) -> String {
            "[" + levels.map { "[\"\($0.price)\",\"\($0.amount)\",\"\(number)\"]" }.joined(separator: ",") + "]"
        }
        return """
            {"type":"message","topic":"/market/level2:BTC-USDT","subject":"trade.l2update","data":{"changes":{\
            "asks":\(rows(asks)),"bids":\(rows(bids))},"sequenceStart":\(number),"sequenceEnd":\(number),\
            "symbol":"BTC-USDT","time":\(model.now)}}
            """
    }

    private func change(_ order: ModelExchange.Order, _ type: String, _ trade: ModelExchange.Trade?) -> String {
        let match =
            trade.map {
                ",\"matchPrice\":\"\($0.price)\",\"matchSize\":\"\($0.amount)\",\"tradeId\":\"\($0.id)\",\"liquidity\":\"maker\""
            } ?? ""
        return """
            {"type":"message","topic":"/spotMarket/tradeOrdersV2","subject":"orderChange","channelType":"private",\
            "data":{"symbol":"BTC-USDT","orderType":"limit","side":"\(side(order))","orderId":"o\(order.id)",\
            "type":"\(type)","orderTime":\(order.createdAt),"originSize":"\(order.amount)","size":"\(order.amount)",\
            "filledSize":"\(order.filled)","price":"\(order.price)","clientOid":"\(order.clientID)",\
            "remainSize":"\(order.state == .cancelled ? "0" : order.remaining.text)","status":"\(type)",\
            "ts":\(model.now * 1_000_000)\(match)}}
            """
    }
}
