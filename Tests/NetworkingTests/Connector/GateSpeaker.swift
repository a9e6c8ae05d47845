import Crypto
import Exchanges
import Foundation
import Networking
import TradingCore

/// Gate spot, API v4.
struct GateSpeaker: Speaker {
    static let exchange = NativeExchange.gate
    let model: ModelExchange

    init(_ model: ModelExchange) { self.model = model }

    private static let root = "/api/v4/spot/"
    let slowDown = VenueAnswer(
        status: 429, body: #"{"label":"TOO_MANY_REQUESTS","message":"Request Rate limit Exceeded (100)"}"#)

    func isSigned(_ request: VenueRequest) -> Bool {
        !["time", "currency_pairs", "order_book", "tickers"].contains { request.path == Self.root + $0 }
    }
    func isPlacement(_ request: VenueRequest) -> Bool { request.verb == "POST" && request.path == Self.root + "orders" }
    func isCancel(_ request: VenueRequest) -> Bool {
        request.verb == "DELETE" && request.path.hasPrefix(Self.root + "orders/")
    }

    func fault(_ request: VenueRequest) -> VenueAnswer? {
        let headers = request.headers
        guard headers["key"] == "key", !model.read(\.refusesKey) else {
            return error("INVALID_KEY", "Invalid key provided", 401)
        }
        let time = headers["timestamp"] ?? ""
        let body = Array(SHA512.hash(data: Data(request.body.utf8))).hex
        let signed = [request.verb, request.path, request.query.removingPercentEncoding ?? "", body, time]
        guard headers["sign"] == Signature.sha512(signed.joined(separator: "\n"), "secret").hex else {
            return error("INVALID_SIGNATURE", "Signature mismatch", 401)
        }
        guard let sent = Int64(time), abs(sent * 1_000 - model.now) <= 61_000 else {
            return error("REQUEST_EXPIRED", "gap between request Timestamp and server time exceeds 60", 403)
        }
        return nil
    }

    private func error(_ label: String, _ message: String, _ status: Int = 400) -> VenueAnswer {
        VenueAnswer(status: status, body: "{\"label\":\"\(label)\",\"message\":\"\(message)\"}")
    }

    // MARK: - Calls

    func answer(_ request: VenueRequest) -> VenueAnswer {
        let fields = request.fields
        switch (request.verb, request.path.dropFirst(Self.root.count)) {
        case ("GET", "time"): return VenueAnswer(body: "{\"server_time\":\(model.now)}")
        case ("GET", "currency_pairs"): return VenueAnswer(body: list([pair]))
        case ("GET", "order_book"):
            return model.read { contents in
                VenueAnswer(
                    body: "{\"id\":\(contents.sequence),\"current\":\(model.now),\"update\":\(model.now),"
                        + "\"asks\":\(pairs(contents.asks)),\"bids\":\(pairs(contents.bids))}")
            }
        case ("GET", "accounts"):
            return VenueAnswer(
                body:
                    #"[{"currency":"BTC","available":"10","locked":"1"},{"currency":"USDT","available":"5000","locked":"0"}]"#
            )
        case ("GET", "open_orders"): return open(fields)
        case ("GET", "orders"):
            guard fields["status"] == "finished", fields["currency_pair"] == "BTC_USDT" else {
                return error("INVALID_PARAM_VALUE", "Invalid status or currency_pair")
            }
            let since = fields["from"].flatMap { Int64($0) } ?? 0
            let done = model.read { $0.orders.filter { $0.state != .open && $0.createdAt >= since * 1_000 } }
            return VenueAnswer(body: list(done.reversed().prefix(fields["limit"].flatMap { Int($0) } ?? 100).map(row)))
        case ("GET", "my_trades"): return VenueAnswer(body: list(trades(fields)))
        case ("POST", "countdown_cancel_all"):
            let seconds = (try? JSONValue(request.body))?.text("timeout").flatMap { Int64($0) } ?? -1
            guard seconds == 0 || seconds >= 5 else { return error("INVALID_PARAM_VALUE", "Invalid timeout") }
            model.arm(seconds)
            return VenueAnswer(body: "{\"triggerTime\":\"\(seconds == 0 ? 0 : model.now + seconds * 1_000)\"}")
        case ("GET", let path) where path.hasPrefix("orders/"):
            guard fields["currency_pair"] == "BTC_USDT" else {
                return error("MISSING_REQUIRED_PARAM", "Missing required parameter: currency_pair")
            }
            guard let found = model.order(where: { isMeant($0, request.path) }) else {
                return error("ORDER_NOT_FOUND", "Order not found", 404)
            }
            return VenueAnswer(body: row(found))
        default: return error("NOT_FOUND", "no \(request.verb) \(request.path)", 404)
        }
    }

    /// Our own name finds an order while it is open and for an hour after.
    private func isMeant(_ order: ModelExchange.Order, _ path: String) -> Bool {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        if name == String(order.id) { return true }
        return name == order.clientID && (order.state == .open || model.now - order.createdAt < 3_600_000)
    }

    /// Grouped by market, a page of each.
    private func open(_ fields: [String: String]) -> VenueAnswer {
        let limit = fields["limit"].flatMap { Int($0) } ?? 100
        guard (1...100).contains(limit) else { return error("INVALID_PARAM_VALUE", "Invalid limit") }
        let page = fields["page"].flatMap { Int($0) } ?? 1
        let orders = Array(model.openOrders.reversed())
        let rows = orders.dropFirst((page - 1) * limit).prefix(limit)
        if page == 1,
            model.change({ contents in
                defer { contents.goneBetweenPages = max(0, contents.goneBetweenPages - 1) }
                return contents.goneBetweenPages > 0
            })
        {
            _ = try? model.cancel { _ in true }
        }
        if rows.isEmpty { return VenueAnswer(body: "[]") }
        return VenueAnswer(
            body: "[{\"currency_pair\":\"BTC_USDT\",\"total\":\(orders.count),\"orders\":\(list(rows.map(row)))}]")
    }

    private func trades(_ fields: [String: String]) -> [String] {
        let since = fields["from"].flatMap { Int64($0) }.map { $0 * 1_000 }
        let until = fields["to"].flatMap { Int64($0) }.map { $0 * 1_000 }
        if let since, let until, until - since > 30 * 86_400_000 + 1_000 {
            model.complain("a window of \(until - since) ms")
        }
        let limit = fields["limit"].flatMap { Int($0) } ?? 100
        if limit > 1_000 { model.complain("a page of \(limit) trades") }
        let trades = model.trades(since, until) { order in
            fields["order_id"].map { $0 == String(order.id) } ?? true
        }
        return trades.suffix(limit).reversed().map { trade($0, isStreamed: false) }
    }

    /// The stream does not say what a fee was paid in.
    private func trade(_ trade: ModelExchange.Trade, isStreamed: Bool) -> String {
        let isInGT = trade.feeAsset == "GT"
        let currency = isStreamed ? "" : "\"fee_currency\":\"\(isInGT ? "BTC" : trade.feeAsset)\","
        return """
            {"id":\(isStreamed ? "\(trade.id)" : "\"\(trade.id)\""),"order_id":"\(trade.order.id)",\
            "currency_pair":"BTC_USDT","create_time":"\(trade.time / 1_000)","create_time_ms":"\(trade.time).123",\
            "side":"\(trade.order.side)","amount":"\(trade.amount)","role":"maker","price":"\(trade.price)",\
            "fee":"\(isInGT ? "0" : trade.fee.text)",\(currency)"point_fee":"0","gt_fee":"\(isInGT ? trade.fee.text : "0")",\
            "text":"\(trade.order.clientID)"}
            """
    }

    // MARK: - Orders

    func place(_ request: VenueRequest) -> VenueAnswer {
        if let text = request.headers["x-gate-exptime"], Int64(text) ?? 0 < model.now {
            return error("REQUEST_EXPIRED", "Request expired")
        }
        guard let order = try? JSONValue(request.body), order.text("currency_pair") == "BTC_USDT",
            order.text("type") == "limit", order.text("account") == "spot", let side = order.text("side"),
            ["buy", "sell"].contains(side), let price = decimal(order.text("price")),
            let amount = decimal(order.text("amount")), let clientID = order.text("text"),
            ["gtc", "ioc", "poc", "fok", nil].contains(order.text("time_in_force"))
        else { return error("INVALID_PARAM_VALUE", "Invalid order") }
        guard clientID.hasPrefix("t-"), clientID.utf8.count <= 30,
            clientID.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) })
        else { return error("INVALID_CLIENT_ORDER_ID", "Invalid text") }
        do {
            let placed = try model.place(
                clientID, side == "buy" ? .buy : .sell, price, amount,
                isPostOnly: order.text("time_in_force") == "poc")
            return VenueAnswer(status: 201, body: row(placed))
        } catch ModelExchange.Refusal.noFunds {
            return error("BALANCE_NOT_ENOUGH", "Not enough balance")
        } catch ModelExchange.Refusal.wouldTake {
            return error("POC_FILL_IMMEDIATELY", "POC order would be filled immediately")
        } catch ModelExchange.Refusal.duplicate { return error("REPEATED_CREATION", "Duplicate text") } catch {
            return self.error("INVALID_PRECISION", "Invalid precision")
        }
    }

    func cancel(_ request: VenueRequest) -> VenueAnswer {
        do { return VenueAnswer(body: row(try model.cancel { isMeant($0, request.path) })) } catch {
            guard let ended = model.order(where: { isMeant($0, request.path) }) else {
                return self.error("ORDER_NOT_FOUND", "Order not found", 404)
            }
            return ended.state == .filled
                ? self.error("ORDER_CLOSED", "Order closed") : self.error("ORDER_CANCELLED", "Order cancelled")
        }
    }

    private func row(_ order: ModelExchange.Order) -> String { row(order, "") }

    private func row(_ order: ModelExchange.Order, _ more: String) -> String {
        let (status, finish) =
            switch order.state {
            case .open: ("open", "open")
            case .filled: ("closed", "filled")
            case .cancelled: ("cancelled", "cancelled")
            }
        let cost = (try? order.price.multiplied(by: order.filled, rounding: .down)) ?? .zero
        return """
            {"id":"\(order.id)","text":"\(order.clientID)","create_time":"\(order.createdAt / 1_000)",\
            "update_time":"\(model.now / 1_000)","create_time_ms":\(order.createdAt),"update_time_ms":\(model.now),\
            "status":"\(status)","currency_pair":"BTC_USDT","type":"limit","account":"spot","side":"\(order.side)",\
            "amount":"\(order.amount)","price":"\(order.price)","time_in_force":"poc","iceberg":"0",\
            "left":"\(order.remaining)","filled_amount":"\(order.filled)","fill_price":"\(cost)","filled_total":"\(cost)",\
            "avg_deal_price":"\(order.filled.isZero ? "0" : order.price.text)","fee":"0","fee_currency":"BTC",\
            "point_fee":"0","gt_fee":"0","rebated_fee":"0","rebated_fee_currency":"USDT","finish_as":"\(finish)"\(more)}
            """
    }

    private var pair: String {
        let rules = model.read { $0.rules }
        func digits(_ step: FixedDecimal) -> Int { step.text.split(separator: ".").dropFirst().first?.count ?? 0 }
        return """
            {"id":"BTC_USDT","base":"BTC","base_name":"Bitcoin","quote":"USDT","quote_name":"Tether","fee":"0.2",\
            "min_base_amount":"\(rules.lot)","min_quote_amount":"\(rules.leastCost)","amount_precision":\(digits(rules.lot)),\
            "precision":\(digits(rules.tick)),"trade_status":"tradable","sell_start":0,"buy_start":0}
            """
    }

    // MARK: - Streams

    func opened(_ connection: Int, _ address: String) -> [String] {
        if address != "/ws/v4/?" { model.complain("a stream at \(address)") }
        return []
    }

    private func frame(_ channel: String, _ event: String, _ result: String, _ more: String = "") -> String {
        """
        {"time":\(model.now / 1_000),"time_ms":\(model.now),\(more)"channel":"\(channel)","event":"\(event)",\
        "result":\(result)}
        """
    }

    func received(_ connection: Int, _ text: String) -> [String] {
        guard let message = try? JSONValue(text), let channel = message.text("channel"),
            let time = message.text("time").flatMap({ Int64($0) })
        else { return [frame("", "", "null", #""error":{"code":1,"message":"invalid request body"},"#)] }
        if channel == "spot.ping" { return [frame("spot.pong", "", "null")] }
        let (id, event) = (message.text("id") ?? "0", message.text("event") ?? "")
        func refused(_ code: Int, _ why: String) -> [String] {
            [frame(channel, event, "null", "\"id\":\(id),\"error\":{\"code\":\(code),\"message\":\"\(why)\"},")]
        }
        let confirmation = frame(channel, event, #"{"status":"success"}"#, "\"id\":\(id),")
        let payload = message["payload"]?.elements?.compactMap(\.text) ?? []
        guard event == "subscribe" else { return event == "unsubscribe" ? [confirmation] : refused(2, "unknown event") }
        switch channel {
        case "spot.obu":
            guard payload == ["ob.BTC_USDT.50"] else { return refused(2, "unknown book \(payload)") }
            listen(connection, "market")
            return [confirmation, model.read { depth(isFull: true, $0.sequence, $0.sequence, $0.bids, $0.asks) }]
        case "spot.trades":
            return payload == ["BTC_USDT"] ? [confirmation] : refused(2, "unknown currency pair")
        case "spot.orders", "spot.usertrades", "spot.balances":
            let expected = Signature.sha512("channel=\(channel)&event=\(event)&time=\(time)", "secret").hex
            guard message["auth"]?.text("KEY") == "key", message["auth"]?.text("SIGN") == expected,
                message["auth"]?.text("method") == "api_key"
            else { return refused(4, "authentication failed") }
            if abs(time * 1_000 - model.now) > 61_000 { return refused(4, "request expired") }
            if channel != "spot.balances" {
                guard payload == ["!all"] else { return refused(2, "unknown currency pair") }
                listen(connection, channel)
            }
            if channel == "spot.orders" { listen(connection, "account") }
            return [confirmation]
        default: return refused(2, "unknown channel")
        }
    }

    func frames(_ event: ModelExchange.Event, _ topics: Set<String>) -> [String] {
        switch event {
        case .book(let first, let last, let bids, let asks):
            return topics.contains("market") ? [depth(isFull: false, first, last, bids, asks)] : []
        case .order(let order, let trade):
            guard topics.contains("account") else { return [] }
            let kind = order.state != .open ? "finish" : trade == nil ? "put" : "update"
            var frames = [frame("spot.orders", "update", list([row(order, ",\"event\":\"\(kind)\",\"user\":7")]))]
            if let trade, topics.contains("spot.usertrades") {
                frames.append(frame("spot.usertrades", "update", list([self.trade(trade, isStreamed: true)])))
            }
            return frames
        }
    }

    private func depth(
        isFull: Bool, _ first: Int, _ last: Int, _ bids: [ModelExchange.Level], _ asks: [ModelExchange.Level]
    ) -> String {
        let start = isFull ? #""full":true,"# : "\"U\":\(first),"
        return frame(
            "spot.obu", "update",
            "{\"t\":\(model.now),\(start)\"s\":\"ob.BTC_USDT.50\",\"u\":\(last),\"b\":\(pairs(bids)),\"a\":\(pairs(asks))}"
        )
    }
}
