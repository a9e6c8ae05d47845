import Exchanges
import Foundation
import Networking
import TestSupport
import TradingCore

/// MEXC spot, interface v3: REST like Binance's, streams in Protocol Buffers.
struct MEXCSpeaker: Speaker {
    static let exchange = NativeExchange.mexc
    let model: ModelExchange

    init(_ model: ModelExchange) { self.model = model }

    private static let root = "/api/v3/"
    let slowDown = VenueAnswer(
        status: 429, body: #"{"code":429,"msg":"Too Many Requests"}"#, headers: [("Retry-After", "2")])

    func isSigned(_ request: VenueRequest) -> Bool {
        !["time", "ping", "exchangeInfo", "depth", "ticker/24hr"].contains { request.path == Self.root + $0 }
    }
    func isPlacement(_ request: VenueRequest) -> Bool { request.verb == "POST" && request.path == Self.root + "order" }
    func isCancel(_ request: VenueRequest) -> Bool { request.verb == "DELETE" && request.path == Self.root + "order" }

    func fault(_ request: VenueRequest) -> VenueAnswer? {
        guard request.headers["x-mexc-apikey"] == "key" else { return error(10072, "Api key info invalid") }
        if request.verb != "GET", request.headers["content-type"] != "application/json" {
            return error(700013, "Invalid content Type.")
        }
        if !request.body.isEmpty { model.complain("a body in \(request.verb) \(request.path)") }
        guard let mark = request.query.range(of: "&signature="),
            request.query[mark.upperBound...]
                == Signature.sha256(
                    String(request.query[..<mark.lowerBound]), "secret"
                ).hex
        else { return error(700002, "Signature for this request is not valid.") }
        let fields = request.fields
        let window = fields["recvWindow"].flatMap { Int64($0) } ?? 5_000
        guard window <= 60_000 else { return error(700005, "recvWindow must less than 60000") }
        guard let sent = fields["timestamp"].flatMap({ Int64($0) }), sent < model.now + 1_000,
            model.now - sent <= window
        else { return error(700003, "Timestamp for this request is outside of the recvWindow.") }
        return nil
    }

    private func error(_ code: Int, _ message: String) -> VenueAnswer {
        VenueAnswer(status: 400, body: "{\"msg\":\"\(message)\",\"code\":\(code)}")
    }

    // MARK: - Calls

    func answer(_ request: VenueRequest) -> VenueAnswer {
        let fields = request.fields
        switch (request.verb, request.path.dropFirst(Self.root.count)) {
        case ("GET", "time"): return VenueAnswer(body: "{\"serverTime\":\(model.now)}")
        case ("GET", "exchangeInfo"): return VenueAnswer(body: "{\"timezone\":\"CST\",\"symbols\":[\(market)]}")
        case ("GET", "depth"):
            return model.read { contents in
                VenueAnswer(
                    body: "{\"lastUpdateId\":\(contents.sequence),\"bids\":\(pairs(contents.bids)),"
                        + "\"asks\":\(pairs(contents.asks)),\"timestamp\":\(model.now)}")
            }
        case ("GET", "account"):
            return VenueAnswer(
                body:
                    #"{"canTrade":true,"updateTime":null,"accountType":"SPOT","balances":[{"asset":"BTC","free":"10","#
                    + #""locked":"1"},{"asset":"USDT","free":"5000","locked":"0"}]}"#)
        case ("GET", "openOrders"): return VenueAnswer(body: list(model.openOrders.reversed().map(row)))
        case ("GET", "order"):
            guard let found = model.order(where: { isMeant($0, fields) }) else {
                return error(-2013, "Order does not exist.")
            }
            return VenueAnswer(body: row(found))
        case ("GET", "myTrades"): return VenueAnswer(body: list(trades(fields)))
        case ("POST", "userDataStream"):
            model.change { $0.tokens += 1 }
            return VenueAnswer(
                body: #"{"listenKey":"pqia91ma19a5s61cv6a81va65sd099v8a65a1a5s61cv6a81va65sdf19v8a65a1"}"#)
        case ("PUT", "userDataStream"): return VenueAnswer(body: "{\"listenKey\":\"\(fields["listenKey"] ?? "")\"}")
        default: return error(404, "no \(request.verb) \(request.path)")
        }
    }

    private func isMeant(_ order: ModelExchange.Order, _ fields: [String: String]) -> Bool {
        guard fields["symbol"] == "BTCUSDT" else { return false }
        if let id = fields["orderId"] { return id == name(order) }
        return fields["origClientOrderId"] == order.clientID
    }

    private func name(_ order: ModelExchange.Order) -> String { "C02__\(order.id)" }

    /// Ids of trades are no numbers here.
    private func name(_ trade: ModelExchange.Trade) -> String { "fad2af9e942049b6adbda\(trade.id)X1" }

    private func trades(_ fields: [String: String]) -> [String] {
        let (since, until) = (fields["startTime"].flatMap { Int64($0) }, fields["endTime"].flatMap { Int64($0) })
        if let since, let until, until - since > 30 * 86_400_000 { model.complain("a window of \(until - since) ms") }
        let limit = fields["limit"].flatMap { Int($0) } ?? 100
        if limit > 100 { model.complain("a page of \(limit) trades") }
        let trades = model.trades(since, until) { order in fields["orderId"].map { $0 == name(order) } ?? true }
        return trades.suffix(limit).reversed().map { trade in
            let value = (try? trade.price.multiplied(by: trade.amount, rounding: .down)) ?? .zero
            // Not every row says whose it was.
            let owner = trade.id % 2 == 0 ? "\"\(trade.order.clientID)\"" : "null"
            return """
                {"symbol":"BTCUSDT","id":"\(name(trade))","orderId":"\(name(trade.order))","orderListId":-1,\
                "price":"\(trade.price)","qty":"\(trade.amount)","quoteQty":"\(value)","commission":"\(trade.fee)",\
                "commissionAsset":"\(trade.feeAsset)","time":\(trade.time),"isBuyer":\(trade.order.side == .buy),\
                "isMaker":true,"isBestMatch":true,"isSelfTrade":false,"clientOrderId":\(owner)}
                """
        }
    }

    // MARK: - Orders

    func place(_ request: VenueRequest) -> VenueAnswer {
        let fields = request.fields
        guard fields["symbol"] == "BTCUSDT", let side = fields["side"], ["BUY", "SELL"].contains(side),
            let type = fields["type"],
            ["LIMIT", "LIMIT_MAKER", "IMMEDIATE_OR_CANCEL", "FILL_OR_KILL"].contains(type),
            fields["timeInForce"] == nil, let price = decimal(fields["price"]),
            let amount = decimal(fields["quantity"]), let clientID = fields["newClientOrderId"],
            clientID.utf8.count <= 32
        else { return error(700004, "Mandatory parameter was not sent, was empty/null, or malformed.") }
        do {
            let order = try model.place(
                clientID, side == "BUY" ? .buy : .sell, price, amount, isPostOnly: false)
            return VenueAnswer(
                body: """
                    {"symbol":"BTCUSDT","orderId":"\(name(order))","orderListId":-1,"price":"\(order.price)",\
                    "origQty":"\(order.amount)","type":"\(type)","side":"\(side)","transactTime":\(order.createdAt)}
                    """)
        } catch ModelExchange.Refusal.noFunds { return error(30004, "Insufficient position") } catch ModelExchange
            .Refusal.duplicate
        {
            model.complain("\(clientID) a second time")
            return error(30000, "duplicate")
        } catch {
            return self.error(30002, "The minimum transaction volume cannot be less than")
        }
    }

    func cancel(_ request: VenueRequest) -> VenueAnswer {
        do { return VenueAnswer(body: row(try model.cancel { isMeant($0, request.fields) })) } catch {
            return self.error(-2011, "Unknown order sent.")
        }
    }

    private func row(_ order: ModelExchange.Order) -> String {
        let state =
            switch order.state {
            case .open: order.filled.isZero ? "NEW" : "PARTIALLY_FILLED"
            case .filled: "FILLED"
            case .cancelled: order.filled.isZero ? "CANCELED" : "PARTIALLY_CANCELED"
            }
        let value = (try? order.price.multiplied(by: order.filled, rounding: .down)) ?? .zero
        return """
            {"symbol":"BTCUSDT","orderId":"\(name(order))","orderListId":-1,"clientOrderId":"\(order.clientID)",\
            "price":"\(order.price)","origQty":"\(order.amount)","executedQty":"\(order.filled)",\
            "cummulativeQuoteQty":"\(value)","status":"\(state)","timeInForce":null,"type":"LIMIT_MAKER",\
            "side":"\(order.side == .buy ? "BUY" : "SELL")","stopPrice":null,"time":\(order.createdAt),\
            "updateTime":\(model.now),"isWorking":true,"origQuoteOrderQty":"0"}
            """
    }

    private var market: String {
        let rules = model.read { $0.rules }
        func digits(_ step: FixedDecimal) -> Int { step.text.split(separator: ".").dropFirst().first?.count ?? 0 }
        return """
            {"symbol":"BTCUSDT","status":"1","baseAsset":"BTC","baseAssetPrecision":\(digits(rules.lot)),\
            "quoteAsset":"USDT","quotePrecision":\(digits(rules.tick)),"quoteAssetPrecision":\(digits(rules.tick)),\
            "orderTypes":["LIMIT","MARKET","LIMIT_MAKER"],"isSpotTradingAllowed":true,"permissions":["SPOT"],\
            "filters":[],"quoteAmountPrecision":"\(rules.leastCost)","baseSizePrecision":"\(rules.lot)",\
            "maxQuoteAmount":"4000000","makerCommission":"0","takerCommission":"0.0005"}
            """
    }

    // MARK: - Streams

    func opened(_ connection: Int, _ address: String) -> [String] {
        guard address.hasPrefix("/ws?") else {
            model.complain("a stream at \(address)")
            return []
        }
        if address.contains("listenKey=pqia91ma19a5s61cv6a81va65sd099v8a65a1a5s61cv6a81va65sdf19v8a65a1") {
            listen(connection, "key")
        }
        return []
    }

    func received(_ connection: Int, _ text: String) -> [String] {
        func told(_ message: String) -> [String] { ["{\"id\":0,\"code\":0,\"msg\":\"\(message)\"}"] }
        guard let message = try? JSONValue(text) else { return told("Invalid request") }
        switch message.text("method") {
        case "PING": return told("PONG")
        case "SUBSCRIPTION":
            return (message["params"]?.elements ?? []).compactMap(\.text).flatMap { channel in
                switch channel {
                case "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT": listen(connection, "market")
                case "spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT": break
                case "spot@private.orders.v3.api.pb", "spot@private.deals.v3.api.pb",
                    "spot@private.account.v3.api.pb":
                    guard model.read({ $0.listened[connection]?.contains("key") == true }) else {
                        return told("Not Subscribed successfully! [\(channel)].  Reason： Blocked! ")
                    }
                    if channel.contains("orders") { listen(connection, "account") }
                    if channel.contains("deals") { listen(connection, "deals") }
                default: return told("Not Subscribed successfully! [\(channel)].  Reason： Msg Format invalid! ")
                }
                return told(channel)
            }
        default: return told("Msg Format invalid!")
        }
    }

    func frames(_ event: ModelExchange.Event, _ topics: Set<String>) -> [String] { [] }

    func packets(_ event: ModelExchange.Event, _ topics: Set<String>) -> [VenueFrame] {
        switch event {
        case .book(let first, let last, let bids, let asks):
            guard topics.contains("market") else { return [] }
            var message = ProtobufBytes()
            for level in asks { message = message.field(1, Self.level(level)) }
            for level in bids { message = message.field(2, Self.level(level)) }
            message = message.field(3, "spot@public.aggre.depth.v3.api.pb@100ms")
                .field(4, "\(first)").field(5, "\(last)")
            return [packet("spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT", 313, message)]
        case .order(let order, let trade):
            guard topics.contains("account") else { return [] }
            var packets = [packet("spot@private.orders.v3.api.pb", 304, message(order))]
            if let trade, topics.contains("deals") {
                packets.append(packet("spot@private.deals.v3.api.pb", 306, message(trade)))
            }
            return packets
        }
    }

    private func packet(_ channel: String, _ number: UInt64, _ message: ProtobufBytes) -> VenueFrame {
        .binary(ProtobufBytes().field(1, channel).field(3, "BTCUSDT").field(6, model.now).field(number, message).bytes)
    }

    private static func level(_ level: ModelExchange.Level) -> ProtobufBytes {
        ProtobufBytes().field(1, level.price.text).field(2, level.amount.text)
    }

    private func message(_ order: ModelExchange.Order) -> ProtobufBytes {
        let state: Int64 =
            switch order.state {
            case .open: order.filled.isZero ? 1 : 3
            case .filled: 2
            case .cancelled: order.filled.isZero ? 4 : 5
            }
        let value = (try? order.price.multiplied(by: order.filled, rounding: .down)) ?? .zero
        return ProtobufBytes().field(1, name(order)).field(2, order.clientID).field(3, order.price.text)
            .field(4, order.amount.text).field(6, order.filled.isZero ? "0" : order.price.text)
            .field(7, 2).field(8, order.side == .buy ? 1 : 2).field(9, 1).field(11, order.remaining.text)
            .field(13, order.filled.text).field(14, value.text).field(15, state).field(16, order.createdAt)
    }

    private func message(_ trade: ModelExchange.Trade) -> ProtobufBytes {
        let value = (try? trade.price.multiplied(by: trade.amount, rounding: .down)) ?? .zero
        return ProtobufBytes().field(1, trade.price.text).field(2, trade.amount.text).field(3, value.text)
            .field(4, trade.order.side == .buy ? 1 : 2).field(5, 1).field(7, name(trade))
            .field(8, trade.order.clientID).field(9, name(trade.order)).field(10, trade.fee.text)
            .field(11, trade.feeAsset).field(12, trade.time)
    }
}
