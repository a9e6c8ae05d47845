import Exchanges
import Foundation
import Networking
import TradingCore

/// OKX spot, API v5.
struct OKXSpeaker: Speaker {
    static let exchange = NativeExchange.okx
    let model: ModelExchange

    init(_ model: ModelExchange) { self.model = model }

    private static let root = "/api/v5/"
    let slowDown = VenueAnswer(status: 429, body: #"{"msg":"Too Many Requests","code":"50011"}"#)

    func isSigned(_ request: VenueRequest) -> Bool {
        ["account", "trade"].contains { request.path.hasPrefix(Self.root + $0) }
    }
    func isPlacement(_ request: VenueRequest) -> Bool { request.path == Self.root + "trade/batch-orders" }
    func isCancel(_ request: VenueRequest) -> Bool { request.path == Self.root + "trade/cancel-order" }

    func fault(_ request: VenueRequest) -> VenueAnswer? {
        let headers = request.headers
        guard headers["ok-access-key"] == "key", !model.read(\.refusesKey) else {
            return error("50111", "Invalid OK-ACCESS-KEY", 401)
        }
        guard headers["ok-access-passphrase"] == "phrase" else {
            return error("50105", "Your OK-ACCESS-PASSPHRASE is incorrect", 401)
        }
        let time = headers["ok-access-timestamp"] ?? ""
        let path = request.path + (request.query.isEmpty ? "" : "?" + request.query)
        guard
            headers["ok-access-sign"] == Signature.sha256(time + request.verb + path + request.body, "secret").base64
        else { return error("50113", "Invalid Sign", 401) }
        guard let sent = Self.milliseconds(time), abs(sent - model.now) <= 30_000 else {
            return error("50102", "Timestamp request expired", 401)
        }
        if request.verb == "POST", headers["content-type"] != "application/json" {
            model.complain("\(request.path) without a content type")
        }
        return nil
    }

    private static func milliseconds(_ text: String) -> Int64? {
        guard text.utf8.count == 24, text.hasSuffix("Z"),
            let date = try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text)
        else { return nil }
        return Int64((date.timeIntervalSince1970 * 1_000).rounded())
    }

    private func error(_ code: String, _ message: String, _ status: Int = 200) -> VenueAnswer {
        VenueAnswer(status: status, body: "{\"code\":\"\(code)\",\"data\":[],\"msg\":\"\(message)\"}")
    }

    private func said(_ rows: [String]) -> VenueAnswer {
        VenueAnswer(body: "{\"code\":\"0\",\"data\":\(list(rows)),\"msg\":\"\"}")
    }

    // MARK: - Calls

    func answer(_ request: VenueRequest) -> VenueAnswer {
        let fields = request.fields
        switch (request.verb, request.path.dropFirst(Self.root.count)) {
        case ("GET", "public/time"): return said(["{\"ts\":\"\(model.now)\"}"])
        case ("GET", "public/instruments"):
            if fields["instType"] != "SPOT" { return error("51000", "Parameter instType error") }
            return said([instrument])
        case ("GET", "market/books"):
            return model.read { contents in
                said([
                    "{\"asks\":\(pairs(contents.asks, rest)),\"bids\":\(pairs(contents.bids, rest)),"
                        + "\"ts\":\"\(model.now)\",\"seqId\":\(contents.sequence)}"
                ])
            }
        case ("GET", "account/balance"): return said(["{\"uTime\":\"\(model.now)\",\"details\":\(Self.balances)}"])
        case ("GET", "trade/orders-pending"): return said(pending(fields).map { row($0, nil) })
        case ("GET", "trade/order"):
            guard fields["instId"] == "BTC-USDT" else { return error("51000", "Parameter instId error") }
            guard let found = model.order(where: { isMeant($0, fields["ordId"], fields["clOrdId"]) }) else {
                return error("51603", "Order does not exist")
            }
            return said([row(found, nil)])
        case ("GET", "trade/fills-history"): return said(fills(fields))
        case ("POST", "trade/cancel-all-after"):
            let seconds = (try? JSONValue(request.body))?.text("timeOut").flatMap { Int64($0) } ?? -1
            guard seconds == 0 || (10...120).contains(seconds) else { return error("51000", "Parameter timeOut error") }
            model.arm(seconds)
            let trigger = seconds == 0 ? 0 : model.now + seconds * 1_000
            return said(["{\"triggerTime\":\"\(trigger)\",\"tag\":\"\",\"ts\":\"\(model.now)\"}"])
        default: return error("50404", "no \(request.verb) \(request.path)", 404)
        }
    }

    /// How many orders make a level up, and a number that was given up.
    private let rest = #","0","1""#

    private func isMeant(_ order: ModelExchange.Order, _ id: String?, _ clientID: String?) -> Bool {
        if let id { return id == String(order.id) }
        return clientID == order.clientID
    }

    /// The newest first, at most 100, older than the one that `after` names.
    private func pending(_ fields: [String: String]) -> [ModelExchange.Order] {
        let limit = fields["limit"].flatMap { Int($0) } ?? 100
        if limit > 100 { model.complain("a page of \(limit) open orders") }
        let after = fields["after"].flatMap { Int($0) } ?? .max
        return Array(model.openOrders.filter { $0.id < after }.reversed().prefix(limit))
    }

    private func fills(_ fields: [String: String]) -> [String] {
        if fields["instType"] != "SPOT" { model.complain("fills without instType") }
        let limit = fields["limit"].flatMap { Int($0) } ?? 100
        if limit > 100 { model.complain("a page of \(limit) fills") }
        let trades = model.trades(fields["begin"].flatMap { Int64($0) }, fields["end"].flatMap { Int64($0) }) { order in
            fields["ordId"].map { $0 == String(order.id) } ?? true
        }
        return trades.suffix(limit).reversed().map { trade in
            """
            {"instType":"SPOT","instId":"BTC-USDT","tradeId":"\(trade.id)","ordId":"\(trade.order.id)",\
            "clOrdId":"\(trade.order.clientID)","billId":"\(trade.id)","tag":"","fillPx":"\(trade.price)",\
            "fillSz":"\(trade.amount)","side":"\(trade.order.side)","execType":"M","feeCcy":"\(trade.feeAsset)",\
            "fee":"\(trade.fee.negated)","ts":"\(trade.time)"}
            """
        }
    }

    // MARK: - Orders

    func place(_ request: VenueRequest) -> VenueAnswer {
        guard let order = (try? JSONValue(request.body))?[0] else {
            return error("50002", "Incorrect json data format")
        }
        let clientID = order.text("clOrdId") ?? ""
        func refused(_ code: String, _ message: String) -> VenueAnswer {
            VenueAnswer(
                body: "{\"code\":\"1\",\"data\":[{\"clOrdId\":\"\(clientID)\",\"ordId\":\"\",\"sCode\":\"\(code)\","
                    + "\"sMsg\":\"\(message)\",\"tag\":\"\",\"ts\":\"\(model.now)\"}],\"msg\":\"All operations failed\"}"
            )
        }
        guard order.text("instId") == "BTC-USDT", order.text("tdMode") == "cash", let side = order.text("side"),
            ["buy", "sell"].contains(side), let type = order.text("ordType"),
            ["limit", "post_only", "ioc", "fok"].contains(type), let price = decimal(order.text("px")),
            let amount = decimal(order.text("sz")), !clientID.isEmpty, clientID.utf8.count <= 32,
            clientID.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) })
        else { return refused("51000", "Parameter error") }
        do {
            let placed = try model.place(
                clientID, side == "buy" ? .buy : .sell, price, amount, isPostOnly: false)
            let crosses = model.read { side == "buy" ? price >= $0.asks[0].price : price <= $0.bids[0].price }
            // One that would take is accepted, and gone at once.
            if type == "post_only", crosses { _ = try? model.cancel { $0.id == placed.id } }
            return said([
                "{\"clOrdId\":\"\(clientID)\",\"ordId\":\"\(placed.id)\",\"sCode\":\"0\",\"sMsg\":\"Order placed\","
                    + "\"tag\":\"\",\"ts\":\"\(model.now)\"}"
            ])
        } catch ModelExchange.Refusal.noFunds {
            return refused("51008", "Order failed. Insufficient USDT balance in account")
        } catch ModelExchange.Refusal.duplicate { return refused("51016", "Client order ID already exists.") } catch {
            return refused("51121", "Order quantity must be a multiple of the lot size.")
        }
    }

    func cancel(_ request: VenueRequest) -> VenueAnswer {
        let order = try? JSONValue(request.body)
        guard let order, order.text("instId") == "BTC-USDT" else { return error("51000", "Parameter instId error") }
        do {
            let cancelled = try model.cancel { isMeant($0, order.text("ordId"), order.text("clOrdId")) }
            return said([
                "{\"clOrdId\":\"\(cancelled.clientID)\",\"ordId\":\"\(cancelled.id)\",\"sCode\":\"0\",\"sMsg\":\"\"}"
            ])
        } catch {
            return VenueAnswer(
                body: #"{"code":"1","data":[{"clOrdId":"","ordId":"","sCode":"51400","sMsg":"Cancellation failed"}],"#
                    + #""msg":"All operations failed"}"#)
        }
    }

    /// As calls and the stream write it; on the stream with the fill that changed it.
    private func row(_ order: ModelExchange.Order, _ trade: ModelExchange.Trade?) -> String {
        let state =
            switch order.state {
            case .open: order.filled.isZero ? "live" : "partially_filled"
            case .filled: "filled"
            case .cancelled: "canceled"
            }
        let fill = trade.map { trade in
            """
            "fillPx":"\(trade.price)","fillSz":"\(trade.amount)","fillTime":"\(trade.time)","tradeId":"\(trade.id)",\
            "fillFee":"\(trade.fee.negated)","fillFeeCcy":"\(trade.feeAsset)","execType":"M"
            """
        }
        let none = #""fillPx":"","fillSz":"0","fillTime":"","tradeId":"","fillFee":"0","fillFeeCcy":"","execType":"""#
        return """
            {"instType":"SPOT","instId":"BTC-USDT","ccy":"","ordId":"\(order.id)","clOrdId":"\(order.clientID)","tag":"",\
            "px":"\(order.price)","sz":"\(order.amount)","ordType":"post_only","side":"\(order.side)","tdMode":"cash",\
            "tgtCcy":"","accFillSz":"\(order.filled)","avgPx":"\(order.filled.isZero ? "0" : order.price.text)",\
            "state":"\(state)","feeCcy":"USDT","fee":"0","rebateCcy":"","rebate":"0","category":"normal",\
            "cancelSource":"","cTime":"\(order.createdAt)","uTime":"\(model.now)","code":"0","msg":"",\(fill ?? none)}
            """
    }

    private var instrument: String {
        let rules = model.read { $0.rules }
        return """
            {"instType":"SPOT","instId":"BTC-USDT","baseCcy":"BTC","quoteCcy":"USDT","tickSz":"\(rules.tick)",\
            "lotSz":"\(rules.lot)","minSz":"\(rules.lot)","maxMktSz":"1000000","maxLmtSz":"9999999999","state":"live",\
            "instIdCode":10000,"ruleType":"normal","listTime":"1606468572000"}
            """
    }

    private static let balances = """
        [{"ccy":"BTC","eq":"11","cashBal":"11","availBal":"10","frozenBal":"1","availEq":""},{"ccy":"USDT","eq":"5000",\
        "cashBal":"5000","availBal":"5000","frozenBal":"0","availEq":""}]
        """

    // MARK: - Streams

    func opened(_ connection: Int, _ address: String) -> [String] {
        if !["/ws/v5/public?", "/ws/v5/private?"].contains(address) { model.complain("a stream at \(address)") }
        return []
    }

    func received(_ connection: Int, _ text: String) -> [String] {
        if text == "ping" { return ["pong"] }
        guard let message = try? JSONValue(text), let arguments = message["args"]?.elements else {
            return [failure("60012", "Invalid request: \(text.prefix(20).filter { $0 != "\"" })")]
        }
        switch message.text("op") {
        case "login": return [login(connection, arguments.first)]
        case "subscribe": return arguments.flatMap { subscribe(connection, $0) }
        case "unsubscribe": return arguments.map { "{\"event\":\"unsubscribe\",\"arg\":\($0.compactText)}" }
        default: return [failure("60012", "Invalid request")]
        }
    }

    private func failure(_ code: String, _ message: String) -> String {
        "{\"event\":\"error\",\"code\":\"\(code)\",\"msg\":\"\(message)\",\"connId\":\"a4d3ae55\"}"
    }

    private func login(_ connection: Int, _ argument: JSONValue?) -> String {
        let time = argument?.text("timestamp") ?? ""
        guard argument?.text("apiKey") == "key", argument?.text("passphrase") == "phrase",
            argument?.text("sign") == Signature.sha256(time + "GET/users/self/verify", "secret").base64
        else { return failure("60009", "Login failed.") }
        guard let seconds = Int64(time), abs(seconds * 1_000 - model.now) <= 31_000 else {
            return failure("60006", "Timestamp request expired")
        }
        listen(connection, "login")
        return #"{"event":"login","code":"0","msg":"","connId":"a4d3ae55"}"#
    }

    private func subscribe(_ connection: Int, _ argument: JSONValue) -> [String] {
        let confirmation = "{\"event\":\"subscribe\",\"arg\":\(argument.compactText),\"connId\":\"a4d3ae55\"}"
        switch argument.text("channel") {
        case "books":
            listen(connection, "market")
            return [confirmation, model.read { books("snapshot", -1, $0.sequence, $0.bids, $0.asks) }]
        case "trades": return [confirmation]
        case "orders", "account":
            guard model.read({ $0.listened[connection]?.contains("login") == true }) else {
                return [failure("60011", "Please log in")]
            }
            guard argument.text("channel") == "account" else {
                listen(connection, "account")
                return [confirmation]
            }
            return [
                confirmation,
                "{\"arg\":{\"channel\":\"account\",\"uid\":\"7\"},\"eventType\":\"snapshot\",\"curPage\":1,\"lastPage\":true,"
                    + "\"data\":[{\"uTime\":\"\(model.now)\",\"details\":\(Self.balances)}]}",
            ]
        default: return [failure("60018", "Wrong URL or channel:\(argument.text("channel") ?? "") doesn't exist.")]
        }
    }

    func frames(_ event: ModelExchange.Event, _ topics: Set<String>) -> [String] {
        switch event {
        case .book(let first, let last, let bids, let asks):
            return topics.contains("market") ? [books("update", first - 1, last, bids, asks)] : []
        case .order(let order, let trade):
            guard topics.contains("account") else { return [] }
            return [
                "{\"arg\":{\"channel\":\"orders\",\"instType\":\"SPOT\",\"uid\":\"7\"},\"data\":[\(row(order, trade))]}"
            ]
        }
    }

    private func books(
        _ action: String, _ previous: Int, _ number: Int, _ bids: [ModelExchange.Level], _ asks: [ModelExchange.Level]
    ) -> String {
        """
        {"arg":{"channel":"books","instId":"BTC-USDT"},"action":"\(action)","data":[{"asks":\(pairs(asks, rest)),\
        "bids":\(pairs(bids, rest)),"ts":"\(model.now)","checksum":0,"prevSeqId":\(previous),"seqId":\(number)}]}
        """
    }
}
