import Crypto
import Exchanges
import Foundation
import TradingCore

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// The exchange's own word on an account, asked over Binance's protocol by nobody's code but this.
struct SpotAuditor {
    struct Order {
        var clientOrderID: String
        var status: String
        var executed: FixedDecimal
    }

    struct Trade: Hashable {
        var id: Int64
        var orderID: Int64
        var price: FixedDecimal
        var quantity: FixedDecimal
    }

    let port: Int
    let key: String
    let secret: String

    // MARK: - Faults

    func misbehave(_ faults: String) async throws { _ = try await send("PUT", "/paper/faults", body: faults) }

    func behave() async throws { _ = try await send("DELETE", "/paper/faults") }

    // MARK: - Limits

    /// What the exchange has counted and refused since its start.
    struct Limits {
        var orders: Int64
        var peakWeight: Int64
        var peakOrders: Int64
        var refusals: [JSONValue]
    }

    func limits() async throws -> Limits {
        let told = try await send("GET", "/paper/limits")
        guard case .array(let refusals)? = told["refusals"] else { throw Unreadable(what: "\(told)") }
        return Limits(
            orders: try integer(told["orders"]), peakWeight: try integer(told["peakWeight"]),
            peakOrders: try integer(told["peakOrders"]), refusals: refusals)
    }

    /// Places orders that expire at once until the account may place no more in this stretch of ten seconds.
    func useUpOrders() async throws {
        try await waitForStretch(0..<4_000)
        for _ in 0..<200 where try await !mayPlaceNone() {}
    }

    /// Waits until so many milliseconds of a stretch have passed by the exchange's clock: early, much of it is left.
    func waitForStretch(_ passed: Range<Int64>) async throws {
        let now = try integer(try await send("GET", "/api/v3/time")["serverTime"]) % 10_000
        // Asking again and again would use up the address's weight, too.
        let rest = now < passed.lowerBound ? passed.lowerBound - now : passed.lowerBound + 10_000 - now
        if !passed.contains(now) { try await Task.sleep(for: .milliseconds(rest)) }
    }

    /// Whether the exchange refuses one more order of the account now (−1015).
    func mayPlaceNone() async throws -> Bool {
        do {
            try await place(clientOrderID: UUID().uuidString, quantity: "0.001", timeInForce: "IOC")
            return false
        } catch let error as Unreadable where error.what.contains("-1015") { return true }
    }

    // MARK: - The account

    /// Every order that the account ever made, by the exchange's id.
    func orders() async throws -> [Int64: Order] {
        var all: [Int64: Order] = [:]
        var next: Int64 = 0
        while true {
            let page = try await list("/api/v3/allOrders", "symbol=BTCUSDT&orderId=\(next)&limit=1000")
            for row in page {
                let id = try integer(row["orderId"])
                all[id] = Order(
                    clientOrderID: try text(row["clientOrderId"]), status: try text(row["status"]),
                    executed: try decimal(row["executedQty"]))
                next = max(next, id + 1)
            }
            if page.count < 1_000 { return all }
        }
    }

    /// Of the last trade, without what stands behind its point.
    func price() async throws -> Int64 {
        let last = try decimal(try await send("GET", "/api/v3/ticker/price?symbol=BTCUSDT")["price"])
        return Int64(last.raw / FixedDecimal(1).raw)
    }

    /// Buys a tenth below the market, where it rests.
    func place(clientOrderID: String, quantity: String, timeInForce: String = "GTC") async throws {
        let price = try await price() * 9 / 10
        _ = try await signed(
            "/api/v3/order",
            "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=\(timeInForce)&price=\(price)&quantity=\(quantity)"
                + "&newClientOrderId=\(clientOrderID)",
            method: "POST")
    }

    /// Cancels an order and places a buy in its stead, under the same client order id.
    func replace(clientOrderID: String, quantity: String) async throws {
        let price = try await price() * 8 / 10
        _ = try await signed(
            "/api/v3/order/cancelReplace",
            "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&cancelReplaceMode=STOP_ON_FAILURE&price=\(price)"
                + "&quantity=\(quantity)&cancelOrigClientOrderId=\(clientOrderID)&newClientOrderId=\(clientOrderID)",
            method: "POST")
    }

    func openOrders() async throws -> [JSONValue] { try await list("/api/v3/openOrders", "symbol=BTCUSDT") }

    /// Price times what remains of everything that rests, in quote.
    func exposure() async throws -> FixedDecimal {
        try await openOrders().reduce(FixedDecimal.zero) { sum, row in
            let rest = try decimal(row["origQty"]).subtracting(try decimal(row["executedQty"]))
            return try sum.adding(try decimal(row["price"]).multiplied(by: rest, rounding: .up))
        }
    }

    func trades() async throws -> [Trade] {
        var all: [Trade] = []
        while true {
            let from = (all.last?.id ?? -1) + 1
            let page = try await list("/api/v3/myTrades", "symbol=BTCUSDT&fromId=\(from)&limit=1000")
            for row in page {
                all.append(
                    Trade(
                        id: try integer(row["id"]), orderID: try integer(row["orderId"]),
                        price: try decimal(row["price"]),
                        quantity: try decimal(row["qty"])))
            }
            if page.count < 1_000 { return all }
        }
    }

    /// What the account owns of each asset, and what of it is locked.
    func balances() async throws -> [String: (total: FixedDecimal, locked: FixedDecimal)] {
        let account = try await signed("/api/v3/account", "")
        guard case .array(let rows)? = account["balances"] else { throw Unreadable(what: "\(account)") }
        var balances: [String: (total: FixedDecimal, locked: FixedDecimal)] = [:]
        for row in rows {
            let (free, locked) = (try decimal(row["free"]), try decimal(row["locked"]))
            balances[try text(row["asset"])] = (FixedDecimal(raw: free.raw + locked.raw), locked)
        }
        return balances
    }

    // MARK: - Asking

    struct Unreadable: Error { let what: String }

    private func list(_ path: String, _ query: String) async throws -> [JSONValue] {
        guard case .array(let rows) = try await signed(path, query) else { throw Unreadable(what: path) }
        return rows
    }

    private func signed(_ path: String, _ query: String, method: String = "GET") async throws -> JSONValue {
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        let whole = (query.isEmpty ? "" : query + "&") + "recvWindow=60000&timestamp=\(now)"
        let signature = HMAC<SHA256>.authenticationCode(
            for: Data(whole.utf8), using: SymmetricKey(data: Data(secret.utf8)))
        let hex = signature.map { String(format: "%02x", $0) }.joined()
        return try await send(method, path + "?" + whole + "&signature=" + hex)
    }

    private func send(_ method: String, _ path: String, body: String? = nil) async throws -> JSONValue {
        guard let url = URL(string: "http://127.0.0.1:\(port)\(path)") else { throw URLError(.badURL) }
        var request = URLRequest(url: url, timeoutInterval: 20)
        request.httpMethod = method
        request.httpBody = body.map { Data($0.utf8) }
        request.setValue(key, forHTTPHeaderField: "X-MBX-APIKEY")
        let (data, response) = try await URLSession.shared.data(for: request)
        let text = String(decoding: data, as: UTF8.self)
        guard (response as? HTTPURLResponse)?.statusCode == 200 else { throw Unreadable(what: "\(path): \(text)") }
        return try JSONValue(text)
    }

    private func text(_ value: JSONValue?) throws -> String {
        guard case .string(let text)? = value else { throw Unreadable(what: "\(String(describing: value))") }
        return text
    }

    private func decimal(_ value: JSONValue?) throws -> FixedDecimal {
        guard let number = FixedDecimal(try text(value)) else { throw Unreadable(what: "\(String(describing: value))") }
        return number
    }

    private func integer(_ value: JSONValue?) throws -> Int64 {
        guard case .number(let text)? = value, let number = Int64(text) else {
            throw Unreadable(what: "\(String(describing: value))")
        }
        return number
    }
}
