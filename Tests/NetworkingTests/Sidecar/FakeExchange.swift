import Synchronization
import TradingCore

@testable import Networking

/// As much of Binance Spot's REST as ccxt asks for, over a book of one order each side. No streams: whoever trades here is told
/// nothing that he does not ask for.
final class FakeExchange: Sendable {
    enum Fault: Sendable {
        /// Carried out, and answered after so many milliseconds.
        case answersAfter(Int64)
        /// Carried out, and answered with this status and body.
        case answers(String, String)
        /// Carried out, and the connection cut.
        case hangsUp
    }

    struct Order: Sendable {
        var id: Int
        var clientID: String
        var side: String
        var price: String
        var amount: String
        var filled = "0"
        var status = "NEW"
    }

    struct State: Sendable {
        var orders: [Order] = []
        /// `id, order, price, amount, commission, asset, time`.
        var trades: [[String]] = []
        var faults: [Fault] = []
        var requests: [String] = []
        var isDown = false
        /// Only of trades it tells nothing.
        var tradesAreDown = false
        var now: Int64
        var bid = "59999.00"
    }

    let state: Mutex<State>

    init(now: Int64) { state = Mutex(State(now: now)) }

    var placements: Int { state.withLock { $0.requests.count { $0.hasPrefix("POST /api/v3/order") } } }

    /// Trades an order, whole or in part.
    func fill(
        _ clientID: String, _ amount: String, isWhole: Bool, fee: (cost: String, asset: String) = ("0.00000100", "BTC")
    ) {
        state.withLock { Self.fill(clientID, amount, isWhole: isWhole, fee: fee, &$0) }
    }

    /// Trades these, and shows no order any more.
    func forget(filled: [(clientID: String, amount: String)]) {
        state.withLock { state in
            for (clientID, amount) in filled {
                Self.fill(clientID, amount, isWhole: false, fee: ("0.00000100", "BTC"), &state)
            }
            state.orders = []
        }
    }

    private static func fill(
        _ clientID: String, _ amount: String, isWhole: Bool, fee: (cost: String, asset: String), _ state: inout State
    ) {
        guard let index = state.orders.firstIndex(where: { $0.clientID == clientID }) else { return }
        state.orders[index].filled = amount
        state.orders[index].status = isWhole ? "FILLED" : "PARTIALLY_FILLED"
        let order = state.orders[index]
        state.trades.append([
            "\(900 + state.trades.count)", "\(order.id)", order.price, amount, fee.cost, fee.asset, "\(state.now)",
            order.side,
        ])
    }

    func answer(_ request: String) -> [ScriptedServer.Step] {
        let (steps, fault) = state.withLock { state -> ([ScriptedServer.Step], Fault?) in
            let line = request.prefix { $0 != "\r" }
            state.requests.append(String(line))
            if state.isDown { return ([.hangUp], nil) }
            let parts = line.split(separator: " ")
            let target = parts.count > 1 ? parts[1] : ""
            let path = String(target.prefix { $0 != "?" })
            let query = String(target.dropFirst(path.count + 1))
            let body = Self.body(request)
            let text = Self.respond(String(parts.first ?? ""), path, Self.fields(query + "&" + body), &state)
            let isPlacing = parts.first == "POST" && path == "/api/v3/order"
            let fault = isPlacing && !state.faults.isEmpty ? state.faults.removeFirst() : nil
            return (
                [.send(HTTPText.answer(text.body, status: text.status, headers: "Content-Type: application/json\r\n"))],
                fault
            )
        }
        switch fault {
        case .answersAfter(let milliseconds): return [.wait(milliseconds)] + steps
        case .answers(let status, let body): return [.send(HTTPText.answer(body, status: status))]
        case .hangsUp: return [.hangUp]
        case nil: return steps
        }
    }

    private static func body(_ request: String) -> String {
        guard let end = request.firstRange(of: "\r\n\r\n") else { return "" }
        return String(request[end.upperBound...])
    }

    private static func fields(_ text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1)
            if halves.count == 2 { fields[String(halves[0])] = String(halves[1]) }
        }
        return fields
    }

    private static func respond(
        _ verb: String, _ path: String, _ fields: [String: String], _ state: inout State
    ) -> (status: String, body: String) {
        switch (verb, path) {
        case ("GET", "/api/v3/time"): return ("200 OK", "{\"serverTime\":\(state.now)}")
        case ("GET", "/api/v3/exchangeInfo"): return ("200 OK", exchangeInfo)
        case ("GET", "/api/v3/depth"):
            return (
                "200 OK",
                "{\"lastUpdateId\":1,\"bids\":[[\"\(state.bid)\",\"2.00000001\"],[\"9999.00\",\"1\"]],\"asks\":[[\"60001.00\",\"1.5\"]]}"
            )
        case ("GET", "/api/v3/aggTrades"): return ("200 OK", "[]")
        case ("GET", "/api/v3/account"):
            return (
                "200 OK",
                "{\"balances\":[{\"asset\":\"BTC\",\"free\":\"1.23456789\",\"locked\":\"0.10000000\"},{\"asset\":\"USDT\",\"free\":\"100000.00000001\",\"locked\":\"0.00000000\"},{\"asset\":\"ETH\",\"free\":\"0.0\",\"locked\":\"0.0\"}]}"
            )
        case ("POST", "/api/v3/order"): return place(fields, &state)
        case ("GET", "/api/v3/openOrders"):
            let open = state.orders.filter { $0.status == "NEW" || $0.status == "PARTIALLY_FILLED" }
            return ("200 OK", "[\(open.map { json($0, state.now) }.joined(separator: ","))]")
        case ("GET", "/api/v3/allOrders"):
            return ("200 OK", "[\(state.orders.map { json($0, state.now) }.joined(separator: ","))]")
        case ("GET", "/api/v3/order"):
            guard let index = find(fields, state) else { return unknownOrder }
            return ("200 OK", json(state.orders[index], state.now))
        case ("DELETE", "/api/v3/order"):
            guard let index = find(fields, state), ["NEW", "PARTIALLY_FILLED"].contains(state.orders[index].status)
            else { return ("400 Bad Request", "{\"code\":-2011,\"msg\":\"Unknown order sent.\"}") }
            state.orders[index].status = "CANCELED"
            return ("200 OK", json(state.orders[index], state.now))
        case ("GET", "/api/v3/myTrades") where state.tradesAreDown:
            return ("503 Service Unavailable", "{\"code\":-1001,\"msg\":\"Internal error.\"}")
        case ("GET", "/api/v3/myTrades"): return ("200 OK", trades(fields, state))
        default: return ("404 Not Found", "{\"code\":-1,\"msg\":\"no such path\"}")
        }
    }

    private static let unknownOrder = ("400 Bad Request", "{\"code\":-2013,\"msg\":\"Order does not exist.\"}")

    private static func find(_ fields: [String: String], _ state: State) -> Int? {
        state.orders.firstIndex {
            fields["origClientOrderId"].map { [clientID = $0.clientID] in $0 == clientID }
                ?? (fields["orderId"] == "\($0.id)")
        }
    }

    private static func place(_ fields: [String: String], _ state: inout State) -> (String, String) {
        let clientID = fields["newClientOrderId"] ?? ""
        if fields["price"] == "1" {
            return (
                "400 Bad Request", "{\"code\":-2010,\"msg\":\"Account has insufficient balance for requested action.\"}"
            )
        }
        let order = Order(
            id: 1_000 + state.orders.count, clientID: clientID, side: fields["side"] ?? "",
            price: fields["price"] ?? "", amount: fields["quantity"] ?? "")
        state.orders.append(order)
        return ("200 OK", json(order, state.now))
    }

    private static func json(_ order: Order, _ now: Int64) -> String {
        """
        {"symbol":"BTCUSDT","orderId":\(order.id),"clientOrderId":"\(order.clientID)","price":"\(order.price)",\
        "origQty":"\(order.amount)","executedQty":"\(order.filled)","cummulativeQuoteQty":"0","status":"\(order.status)",\
        "timeInForce":"GTC","type":"LIMIT","side":"\(order.side)","time":\(now),"updateTime":\(now),"transactTime":\(now)}
        """
    }

    private static func trades(_ fields: [String: String], _ state: State) -> String {
        let since = fields["startTime"].flatMap { Int64($0) } ?? 0
        let end = fields["endTime"].flatMap { Int64($0) } ?? .max
        let limit = fields["limit"].flatMap { Int($0) } ?? 500
        let asked = state.trades.filter { (since...end).contains(Int64($0[6]) ?? 0) }.prefix(limit)
        let rows = asked.map { row in
            """
            {"symbol":"BTCUSDT","id":\(row[0]),"orderId":\(row[1]),"price":"\(row[2])","qty":"\(row[3])","quoteQty":"0",\
            "commission":"\(row[4])","commissionAsset":"\(row[5])","time":\(row[6]),"isBuyer":\(row[7] == "BUY"),"isMaker":true}
            """
        }
        return "[\(rows.joined(separator: ","))]"
    }

    private static let exchangeInfo = """
        {"timezone":"UTC","serverTime":1,"rateLimits":[],"symbols":[{"symbol":"BTCUSDT","status":"TRADING",\
        "baseAsset":"BTC","baseAssetPrecision":8,"quoteAsset":"USDT","quotePrecision":8,"quoteAssetPrecision":8,\
        "orderTypes":["LIMIT","LIMIT_MAKER","MARKET"],"isSpotTradingAllowed":true,"isMarginTradingAllowed":false,\
        "permissions":["SPOT"],"permissionSets":[["SPOT"]],"filters":[\
        {"filterType":"PRICE_FILTER","minPrice":"0.01000000","maxPrice":"1000000.00000000","tickSize":"0.01000000"},\
        {"filterType":"LOT_SIZE","minQty":"0.00001000","maxQty":"9000.00000000","stepSize":"0.00001000"},\
        {"filterType":"NOTIONAL","minNotional":"5.00000000","maxNotional":"9000000.00000000"}]}]}
        """

    /// What brings ccxt here.
    static func settings(port: Int) -> JSONValue {
        let root = "http://127.0.0.1:\(port)"
        let names =
            ["public", "private", "v1"].map { JSONValue.Member.text($0, root + "/api/v3") }
            + ["sapi", "sapiV2", "sapiV3", "sapiV4"].map { .text($0, root + "/sapi/v1") }
        return .object([
            .init(key: "urls", value: .object(names)), .flag("poll", true), .whole("timeout", 2_000),
            .init(
                key: "options",
                value: .object([.flag("fetchCurrencies", false), .flag("fetchMargins", false)])),
        ])
    }
}
