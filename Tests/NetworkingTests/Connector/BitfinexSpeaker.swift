import Exchanges
import Foundation
import Networking
import TradingCore

struct BitfinexSpeaker: Speaker {
    static let exchange = NativeExchange.bitfinex
    let model: ModelExchange

    init(_ model: ModelExchange) { self.model = model }

    let slowDown = VenueAnswer(status: 429, body: #"["error",11010,"ratelimit: error"]"#)

    var staleNonce: VenueAnswer? { error(10114, "nonce: small") }

    func isSigned(_ request: VenueRequest) -> Bool { request.path.hasPrefix("/v2/auth") }
    func isPlacement(_ request: VenueRequest) -> Bool { request.path == "/v2/auth/w/order/submit" }
    func isCancel(_ request: VenueRequest) -> Bool { request.path == "/v2/auth/w/order/cancel" }

    /// Nonces have to rise, and their signatures to fit.
    func fault(_ request: VenueRequest) -> VenueAnswer? {
        guard let text = request.headers["bfx-nonce"], let nonce = Int64(text) else {
            return error(10100, "apikey: invalid")
        }
        let signed = "/api" + request.path + text + request.body
        guard request.headers["bfx-signature"] == Signature.sha384(signed, "secret").hex else {
            return error(10100, "apikey: invalid")
        }
        let isHigher = model.change { contents in
            defer { contents.nonce = max(contents.nonce, nonce) }
            return nonce > contents.nonce
        }
        if isHigher { return nil }
        model.change { $0.staleNonces += 1 }
        return staleNonce
    }

    private func error(_ code: Int, _ message: String, _ status: Int = 500) -> VenueAnswer {
        VenueAnswer(status: status, body: "[\"error\",\(code),\"\(message)\"]", headers: [("Date", date)])
    }

    private func said(_ body: String) -> VenueAnswer { VenueAnswer(body: body, headers: [("Date", date)]) }

    /// In whole seconds, as servers do.
    var date: String {
        let seconds = model.now / 1_000
        let (days, rest) = (seconds / 86_400, seconds % 86_400)
        var (year, left) = (1970, Int(days))
        func length(_ year: Int) -> Int { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365 }
        while left >= length(year) {
            left -= length(year)
            year += 1
        }
        let months = [31, length(year) - 337, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        var month = 0
        while left >= months[month] {
            left -= months[month]
            month += 1
        }
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "Thu, \(two(Int64(left + 1))) \(names[month]) \(year) \(two(rest / 3_600)):\(two(rest / 60 % 60)):"
            + "\(two(rest % 60)) GMT"
    }

    // MARK: - Calls

    func answer(_ request: VenueRequest) -> VenueAnswer {
        let path = request.path
        if path == "/v2/platform/status" { return said("[1]") }
        if path.hasPrefix("/v2/conf/") {
            return said(#"[[["BTCUST",[null,null,null,"0.0001","2000",null,null,null]]],[],[],[]]"#)
        }
        if path == "/v2/tickers" { return said(#"[["tBTCUST",99.99,2,100.01,2,0,0,100,10,101,99]]"#) }
        if path == "/v2/auth/r/wallets" {
            return said(#"[["exchange","BTC",11,0,10],["exchange","UST",5000,0,5000]]"#)
        }
        // Without a market all are meant: docs.bitfinex.com/reference/rest-auth-retrieve-orders
        if path == "/v2/auth/r/orders/tBTCUST" || path == "/v2/auth/r/orders" {
            return said(
                list(model.read { $0.orders.filter { $0.state == .open && isAsked($0, request.body) } }.map(row)))
        }
        if path == "/v2/auth/r/orders/tBTCUST/hist" {
            return said(
                list(model.read { $0.orders.filter { $0.state != .open && isAsked($0, request.body) } }.map(row)))
        }
        if path == "/v2/auth/r/trades/tBTCUST/hist" { return said(trades(request.body)) }
        if path.hasPrefix("/v2/auth/r/order/tBTCUST:") {
            let id = path.split(separator: ":").last?.split(separator: "/").first.map(String.init) ?? ""
            return said(list(model.read { $0.trades.filter { String($0.order.id) == id } }.map(trade)))
        }
        return error(10020, "no \(path)", 404)
    }

    private func isAsked(_ order: ModelExchange.Order, _ body: String) -> Bool {
        if let ids = Self.value("id", body) { return ids.contains(String(order.id)) }
        if let cid = Self.value("cid", body) { return cid == order.clientID }
        return true
    }

    private func trades(_ body: String) -> String {
        let since = Self.value("start", body).flatMap { Int64($0) } ?? 0
        let until = Self.value("end", body).flatMap { Int64($0) } ?? .max
        let limit = Self.value("limit", body).flatMap { Int($0) } ?? 125
        let rows = model.read { $0.trades.filter { (since...until).contains($0.time) }.suffix(limit) }
        // The newest first.
        return list(rows.reversed().map(trade))
    }

    /// A member of a small JSON object, without its quotes.
    static func value(_ key: String, _ body: String) -> String? {
        guard let start = body.range(of: "\"\(key)\":") else { return nil }
        let rest = body[start.upperBound...]
        let isList = rest.hasPrefix("[")
        let text = isList ? rest.prefix { $0 != "]" } : rest.prefix { $0 != "," && $0 != "}" }
        return String(text.filter { $0 != "\"" && $0 != "[" })
    }

    func place(_ request: VenueRequest) -> VenueAnswer {
        let body = request.body
        guard Self.value("symbol", body) == "tBTCUST", let clientID = Self.value("cid", body),
            let amount = Self.value("amount", body), let price = Self.value("price", body),
            let size = try? FixedDecimal(Substring(amount.filter { $0 != "-" })),
            let limit = try? FixedDecimal(Substring(price))
        else { return error(10020, "params") }
        do {
            let order = try model.place(
                clientID, amount.hasPrefix("-") ? .sell : .buy, limit, size, isPostOnly: false,
                group: Self.value("gid", body))
            return said("[1,\"on-req\",null,null,[\(row(order))],null,\"SUCCESS\",\"Submitting 1 orders.\"]")
        } catch ModelExchange.Refusal.noFunds {
            return error(10001, "Invalid order: not enough exchange balance for 1001.0 BTCUST at 100.0")
        } catch { return self.error(10001, "Invalid order") }
    }

    func cancel(_ request: VenueRequest) -> VenueAnswer {
        do {
            var order = try model.cancel { isAsked($0, request.body) }
            // The answer shows it as it was.
            order.state = .open
            return said("[1,\"oc-req\",null,null,\(row(order)),null,\"SUCCESS\",\"Submitted for cancellation\"]")
        } catch { return self.error(10001, "Order not found.") }
    }

    private func row(_ order: ModelExchange.Order) -> String {
        let sign = order.side == .buy ? "" : "-"
        let remaining = order.remaining.isZero ? "0" : sign + order.remaining.text
        let status =
            switch order.state {
            case .open: order.filled.isZero ? "ACTIVE" : "PARTIALLY FILLED @ \(order.price)(\(order.filled))"
            case .filled: "EXECUTED @ \(order.price)(\(order.amount))"
            case .cancelled:
                order.filled.isZero ? "CANCELED" : "CANCELED was: PARTIALLY FILLED @ \(order.price)(\(order.filled))"
            }
        return """
            [\(order.id),\(order.group ?? "null"),\(order.clientID),"tBTCUST",\(order.createdAt),\(model.now),\(remaining),\
            \(sign)\(order.amount),"EXCHANGE LIMIT",null,null,null,4096,"\(status)",null,null,\(order.price),0,0,0]
            """
    }

    private func trade(_ trade: ModelExchange.Trade) -> String {
        let sign = trade.order.side == .buy ? "" : "-"
        return """
            [\(trade.id),"tBTCUST",\(trade.time),\(trade.order.id),\(sign)\(trade.amount),\(trade.price),\
            "EXCHANGE LIMIT",\(trade.price),1,-\(trade.fee),"\(trade.feeAsset == "USDT" ? "UST" : trade.feeAsset)",\
            \(trade.order.clientID)]
            """
    }

    // MARK: - Streams

    func opened(_ connection: Int, _ address: String) -> [String] {
        [#"{"event":"info","version":2,"serverId":"x","platform":{"status":1}}"#]
    }

    func received(_ connection: Int, _ text: String) -> [String] {
        if text.contains(#""event":"auth""#) {
            let payload = Self.value("authPayload", text) ?? ""
            guard Self.value("authSig", text) == Signature.sha384(payload, "secret").hex else {
                return [#"{"event":"auth","status":"FAILED","chanId":0,"code":10100,"msg":"apikey: invalid"}"#]
            }
            let nonce = Int64(Self.value("authNonce", text) ?? "") ?? 0
            model.change { contents in
                contents.nonce = max(contents.nonce, nonce)
                contents.listened[connection, default: []].insert("account")
                if Self.value("dms", text) == "4" { contents.guarded.insert(connection) }
            }
            return [#"{"event":"auth","status":"OK","chanId":0}"#, "[0,\"os\",[]]"]
        }
        if text.contains(#""event":"conf""#) { return [#"{"event":"conf","status":"OK"}"#] }
        if text.contains(#""event":"ping""#) { return [#"{"event":"pong"}"#] }
        guard text.contains("subscribe") else { return [] }
        if text.contains(#""channel":"book""#) {
            model.change { contents in
                contents.listened[connection, default: []].insert("market")
                // Messages are numbered on each connection; only the book's are sent here.
                contents.sequence = 100
            }
            return [
                #"{"event":"subscribed","channel":"book","chanId":7,"symbol":"tBTCUST","prec":"P0","freq":"F0","len":"100","pair":"BTCUST"}"#,
                model.read { contents in
                    let rows =
                        contents.bids.map { "[\($0.price),1,\($0.amount)]" }
                        + contents.asks.map { "[\($0.price),1,-\($0.amount)]" }
                    return "[7,\(list(rows)),100,\(model.now)]"
                },
            ]
        }
        return [#"{"event":"subscribed","channel":"trades","chanId":8,"symbol":"tBTCUST","pair":"BTCUST"}"#]
    }

    func frames(_ event: ModelExchange.Event, _ topics: Set<String>) -> [String] {
        switch event {
        case .book(let first, _, let bids, let asks):
            guard topics.contains("market") else { return [] }
            let rows = bids.map { ($0, "") } + asks.map { ($0, "-") }
            return rows.map { level, sign in
                let count = level.amount.isZero ? 0 : 1
                let amount = level.amount.isZero ? sign + "1" : sign + level.amount.text
                return "[7,[\(level.price),\(count),\(amount)],\(first),\(model.now)]"
            }
        case .order(let order, let trade):
            guard topics.contains("account") else { return [] }
            let kind = order.state == .open ? (trade == nil ? "on" : "ou") : "oc"
            let state = "[0,\"\(kind)\",\(row(order))]"
            return trade.map { ["[0,\"tu\",\(self.trade($0))]", state] } ?? [state]
        }
    }
}
