import Exchanges
import Foundation
import Networking
import TradingCore

struct BinanceSpeaker: Speaker {
    static let exchange = NativeExchange.binance
    let model: ModelExchange

    init(_ model: ModelExchange) { self.model = model }

    let slowDown = VenueAnswer(
        status: 429, body: #"{"code":-1003,"msg":"Too much request weight used"}"#, headers: [("Retry-After", "2")])

    func isSigned(_ request: VenueRequest) -> Bool { request.fields["signature"] != nil || isPlacement(request) }
    func isPlacement(_ request: VenueRequest) -> Bool { request.verb == "POST" && request.path == "/api/v3/order" }
    func isCancel(_ request: VenueRequest) -> Bool { request.verb == "DELETE" && request.path == "/api/v3/order" }

    func fault(_ request: VenueRequest) -> VenueAnswer? {
        let text = request.query.isEmpty ? request.body : request.query
        guard let mark = text.range(of: "&signature=") else {
            return error(-1102, "Mandatory parameter 'signature' was not sent", 400)
        }
        let expected = Signature.sha256(String(text[..<mark.lowerBound]), "secret").hex
        guard text[mark.upperBound...] == expected, request.headers["x-mbx-apikey"] == "key" else {
            return error(-1022, "Signature for this request is not valid.", 400)
        }
        let (sent, window) = (Int64(request.fields["timestamp"] ?? ""), Int64(request.fields["recvWindow"] ?? ""))
        guard let sent, let window, sent < model.now + 1_000, model.now - sent <= window else {
            return error(-1021, "Timestamp for this request is outside of the recvWindow.", 400)
        }
        return nil
    }

    private func error(_ code: Int, _ message: String, _ status: Int) -> VenueAnswer {
        VenueAnswer(status: status, body: "{\"code\":\(code),\"msg\":\"\(message)\"}")
    }

    // MARK: - Calls

    func answer(_ request: VenueRequest) -> VenueAnswer {
        let fields = request.fields
        switch (request.verb, request.path) {
        case ("GET", "/api/v3/time"): return VenueAnswer(body: "{\"serverTime\":\(model.now)}")
        case ("GET", "/api/v3/exchangeInfo"): return VenueAnswer(body: info)
        case ("GET", "/api/v3/depth"):
            return model.read { contents in
                VenueAnswer(
                    body: "{\"lastUpdateId\":\(contents.sequence),\"bids\":\(pairs(contents.bids)),"
                        + "\"asks\":\(pairs(contents.asks))}")
            }
        case ("GET", "/api/v3/account"):
            return VenueAnswer(
                body:
                    #"{"balances":[{"asset":"BTC","free":"10","locked":"1"},{"asset":"USDT","free":"5000","locked":"0"}]}"#
            )
        case ("GET", "/api/v3/openOrders"):
            let open = model.read { $0.orders.filter { $0.state == .open } }
            return VenueAnswer(body: "[" + open.map(order).joined(separator: ",") + "]")
        case ("GET", "/api/v3/order"):
            guard let found = model.read({ $0.orders.last { isMeant($0, fields) } }) else {
                return error(-2013, "Order does not exist.", 400)
            }
            return VenueAnswer(body: order(found))
        case ("GET", "/api/v3/myTrades"): return VenueAnswer(body: trades(fields))
        default: return error(-1, "no \(request.verb) \(request.path)", 404)
        }
    }

    private func trades(_ fields: [String: String]) -> String {
        let since = fields["startTime"].flatMap { Int64($0) } ?? 0
        let until = fields["endTime"].flatMap { Int64($0) } ?? .max
        if until != .max, until - since > 86_400_000 { model.complain("a window of \(until - since) ms") }
        let limit = fields["limit"].flatMap { Int($0) } ?? 500
        let rows = model.read { contents in
            contents.trades.filter { trade in
                (since...until).contains(trade.time)
                    && (fields["orderId"].map { $0 == String(trade.order.id) } ?? true)
            }.prefix(limit)
        }
        return "["
            + rows.map { trade in
                """
                {"symbol":"BTCUSDT","id":\(trade.id),"orderId":\(trade.order.id),"price":"\(trade.price)",\
                "qty":"\(trade.amount)","commission":"\(trade.fee)","commissionAsset":"\(trade.feeAsset)",\
                "time":\(trade.time),"isBuyer":\(trade.order.side == .buy),"isMaker":true}
                """
            }.joined(separator: ",") + "]"
    }

    private func isMeant(_ order: ModelExchange.Order, _ fields: [String: String]) -> Bool {
        if let id = fields["orderId"] { return id == String(order.id) }
        return fields["origClientOrderId"] == order.clientID
    }

    func place(_ request: VenueRequest) -> VenueAnswer {
        let fields = request.fields
        guard fields["symbol"] == "BTCUSDT", let clientID = fields["newClientOrderId"], let side = fields["side"],
            let price = fields["price"].flatMap({ try? FixedDecimal(Substring($0)) }),
            let amount = fields["quantity"].flatMap({ try? FixedDecimal(Substring($0)) })
        else { return error(-1102, "a parameter is missing", 400) }
        do {
            return VenueAnswer(
                body: order(
                    try model.place(
                        clientID, side == "BUY" ? .buy : .sell, price, amount,
                        isPostOnly: fields["type"] == "LIMIT_MAKER")))
        } catch ModelExchange.Refusal.wouldTake {
            return error(-2010, "Order would immediately match and take.", 400)
        } catch ModelExchange.Refusal.noFunds {
            return error(-2010, "Account has insufficient balance for requested action.", 400)
        } catch ModelExchange.Refusal.rules {
            return error(-1013, "Filter failure: PRICE_FILTER", 400)
        } catch { return self.error(-2010, "Duplicate order sent.", 400) }
    }

    func cancel(_ request: VenueRequest) -> VenueAnswer {
        do { return VenueAnswer(body: order(try model.cancel { isMeant($0, request.fields) })) } catch {
            return self.error(-2011, "Unknown order sent.", 400)
        }
    }

    private func order(_ order: ModelExchange.Order) -> String {
        """
        {"symbol":"BTCUSDT","orderId":\(order.id),"clientOrderId":"\(order.clientID)","price":"\(order.price)",\
        "origQty":"\(order.amount)","executedQty":"\(order.filled)","status":"\(state(order))",\
        "timeInForce":"GTC","type":"LIMIT_MAKER","side":"\(order.side == .buy ? "BUY" : "SELL")",\
        "time":\(order.createdAt),"updateTime":\(order.createdAt)}
        """
    }

    private func state(_ order: ModelExchange.Order) -> String {
        switch order.state {
        case .open: order.filled.isZero ? "NEW" : "PARTIALLY_FILLED"
        case .filled: "FILLED"
        case .cancelled: "CANCELED"
        }
    }

    private var info: String {
        let rules = model.read { $0.rules }
        return """
            {"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT",\
            "baseAssetPrecision":8,"quoteAssetPrecision":8,"orderTypes":["LIMIT","LIMIT_MAKER","MARKET"],"filters":[\
            {"filterType":"PRICE_FILTER","minPrice":"0.01","maxPrice":"1000000","tickSize":"\(rules.tick)"},\
            {"filterType":"LOT_SIZE","minQty":"0.0001","maxQty":"9000","stepSize":"\(rules.lot)"},\
            {"filterType":"NOTIONAL","minNotional":"\(rules.leastCost)","maxNotional":"9000000"}]}]}
            """
    }

    // MARK: - Streams

    func opened(_ connection: Int, _ address: String) -> [String] { [] }

    func received(_ connection: Int, _ text: String) -> [String] {
        if text.contains("userDataStream.subscribe.signature") {
            guard text.contains(#""apiKey":"key""#) else {
                return [#"{"id":"1","status":401,"error":{"code":-2015,"msg":"no"}}"#]
            }
            model.change { $0.listened[connection, default: []].insert("account") }
            return [#"{"id":"1","status":200,"result":{"subscriptionId":0}}"#]
        }
        if text.contains("SUBSCRIBE") {
            model.change { $0.listened[connection, default: []].insert("market") }
            let confirmation = #"{"result":null,"id":1}"#
            // A quiet market: nothing follows on it.
            return model.read { $0.isDeadFromTheStart } ? [] : [confirmation]
        }
        return []
    }

    func frames(_ event: ModelExchange.Event, _ topics: Set<String>) -> [String] {
        switch event {
        case .book(let first, _, let bids, let asks):
            return topics.contains("market") ? [depth(first: first, bids, asks)] : []
        case .order(let order, let trade): return topics.contains("account") ? [report(order, trade)] : []
        }
    }

    private func depth(first: Int, _ bids: [ModelExchange.Level], _ asks: [ModelExchange.Level]) -> String {
        """
        {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":\(model.now),"s":"BTCUSDT","U":\(first),"u":\(first),\
        "b":\(pairs(bids)),"a":\(pairs(asks))}}
        """
    }

    private func report(_ order: ModelExchange.Order, _ trade: ModelExchange.Trade?) -> String {
        let kind = trade != nil ? "TRADE" : order.state == .cancelled ? "CANCELED" : "NEW"
        return """
            {"subscriptionId":0,"event":{"e":"executionReport","E":\(model.now),"s":"BTCUSDT","c":"\(order.clientID)",\
            "S":"\(order.side == .buy ? "BUY" : "SELL")","o":"LIMIT_MAKER","f":"GTC","q":"\(order.amount)",\
            "p":"\(order.price)","x":"\(kind)","X":"\(state(order))","r":"NONE","i":\(order.id),\
            "l":"\(trade?.amount ?? "0")","z":"\(order.filled)","L":"\(trade?.price ?? "0")","n":"\(trade?.fee ?? "0")",\
            "N":\(trade.map { "\"\($0.feeAsset)\"" } ?? "null"),"T":\(trade?.time ?? model.now),"t":\(trade?.id ?? -1),\
            "m":true,"O":\(order.createdAt)}}
            """
    }
}
