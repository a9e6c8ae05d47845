import Crypto
import Exchanges
import Foundation
import Ledger
import Persistence
import TestSupport
import Testing
import TradingCore

/// A server with a key of the paper exchange that speaks Binance, each a process of its own.
final class Stage {
    private(set) var exchange: BinanceServerProcess
    private(set) var server: ServerProcess
    let auditor: SpotAuditor
    private let folder: TemporaryFolder
    private let port: Int
    private let environment: [String: String]

    var settings: [String: String] {
        environment.merging([
            "DATABASE_PATH": folder.path + "/data/mr_market.db", "PORT": "\(port)", "PATH": "/usr/bin:/bin",
        ]) { $1 }
    }

    init() async throws {
        folder = try TemporaryFolder()
        exchange = try await BinanceServerProcess(folder: folder.path)
        port = try FreePort.next()
        let alice = BinanceServerProcess.alice
        environment = [
            "BINANCE_API_KEY": alice.key, "BINANCE_SECRET": alice.secret,
            "BINANCE_REST_URL": "http://127.0.0.1:\(exchange.port)",
            "BINANCE_STREAM_URL": "ws://127.0.0.1:\(exchange.port)", "BINANCE_RECEIVE_WINDOW": "2000",
        ]
        auditor = SpotAuditor(port: exchange.port, key: alice.key, secret: alice.secret)
        server = try await ServerProcess(
            folder: folder.path, port: port, environment: environment, patience: Self.patience)
    }

    /// The faults go on while a server starts: several of its questions may have to run into their deadlines first.
    private static let patience = 120.0

    func startStrategies(_ count: Int, _ body: (Int) -> String) async throws {
        try await server.logIn()
        // The exchange accepts the key first.
        try await server.wait("the key is accepted") {
            try await self.server.get("/health/exchange/binance").status == 200
        }
        for client in 1...count {
            let answer = try await server.post("/strategy/execute-pure-market-making", body(client))
            #expect(answer.status == 200, "\(answer.text)")
        }
        try await server.wait("something rests") { try await self.auditor.openOrders().count > 0 }
    }

    func stopStrategies(_ count: Int) async throws {
        try await server.logIn()
        for client in 1...count {
            // Orders in doubt are asked for until the exchange has answered: a stop may take its time.
            try await server.wait("c\(client) is stopped", seconds: 120) {
                let answer = try await self.server.get("/strategy/stop-marketmaking?userId=hour&clientId=c\(client)")
                let running = try await self.server.get("/health/trading").text
                return answer.status == 200 && running.contains("\"sessions\":\(count - client)")
                    && running.contains("\"unknownOrders\":0")
            }
        }
    }

    /// What the server states as resting unattended were it to end now, in USDT.
    func statedExposure() async throws -> FixedDecimal {
        let health = try JSONValue(try await server.get("/health/trading").text)
        let accounts = health["accounts"]?.elements ?? []
        let account = try #require(accounts.first { $0.text("account") == "binance/default" }, "\(health)")
        #expect(account.text("ordersWhenUnattended") == "rests until cancelled")
        return try #require(account["unattended"].flatMap { try? $0.decimal("USDT") } ?? nil, "\(account)")
    }

    // MARK: - What goes wrong

    func misbehave(_ faults: [String]) async throws {
        // An address that is banned hears so here, too.
        try? await auditor.misbehave("[" + faults.joined(separator: ",") + "]")
    }

    func killServer() async throws {
        server.kill()
        server = try await ServerProcess(
            folder: folder.path, port: port, environment: environment, patience: Self.patience)
    }

    func killExchange() async throws {
        exchange.kill()
        exchange = try await BinanceServerProcess(folder: folder.path, port: auditor.port)
    }

    /// Starts it again, whether or not it can reach the exchange.
    func startServerAlone() async throws {
        server = try await ServerProcess(
            folder: folder.path, port: port, environment: environment, patience: Self.patience, standsBy: true)
    }

    func killBoth() async throws {
        server.kill()
        try await killExchange()
        server = try await ServerProcess(
            folder: folder.path, port: port, environment: environment, patience: Self.patience)
    }

    /// An order that somebody else made on the same account, far from the market.
    func foreignOrder() async throws -> String {
        let id = "somebody-elses-order"
        try await auditor.place(clientOrderID: id, quantity: "0.001")
        return id
    }

    // MARK: - The end

    /// The server's stored books beside what the exchange answers.
    func compare() async throws {
        let (orders, fills) = try await ServerBooks(folder: folder.path).expectSame(as: auditor)
        print("fault hour: \(orders) orders, \(fills) fills, all equal")
    }
}

extension ServerBooks {
    /// Orders, fills and funds are the exchange's own, and nothing rests there.
    /// - Parameter ownsFunds: false where the account's funds are others' too.
    /// - Returns: how many orders and fills there are.
    func expectSame(
        as auditor: SpotAuditor, ownsFunds: Bool = true
    ) async throws -> (orders: Int, fills: Int) {
        let books = self
        let orders = try await auditor.orders()
        var dialect = BinanceDialect()
        dialect.orderMark = books.mark
        #expect(try await auditor.openOrders().isEmpty)
        #expect(!books.fills.isEmpty, "nothing traded, so nothing was tested")
        // Never sent twice: every id is at the exchange once, and every one of them is stored here.
        let ids = orders.values.map(\.clientOrderID)
        #expect(Set(ids).count == ids.count)
        var here = books.orders
        for (_, order) in orders {
            let id = try #require(dialect.clientOrderID(order.clientOrderID), "\(order.clientOrderID) is not ours")
            let removed = here.removeValue(forKey: Int64(id.rawValue))
            let stored = try #require(removed, "\(order.clientOrderID) is not stored")
            #expect(stored.filled == order.executed, "order \(order.clientOrderID): \(stored), there \(order)")
            #expect(
                ServerBooks.isSame(stored.status, order.status), "\(order.clientOrderID): \(stored), there \(order)")
        }
        for (id, order) in here { #expect(order.status == "rejected", "order \(id) is \(order) here, unknown there") }
        let trades = try await auditor.trades()
        #expect(books.fills.count == Set(books.fills).count)
        #expect(Set(books.fills.map(\.trade)) == Set(trades.map(\.id)))
        let balances = ownsFunds ? try await auditor.balances() : [:]
        for (asset, balance) in balances where books.funds[asset] != nil || !balance.total.isZero {
            #expect(books.funds[asset] == balance.total, "\(asset)")
            #expect(balance.locked.isZero)
        }
        #expect(books.ledger.isSound, "\(books.ledger.findings)")
        return (orders.count, trades.count)
    }
}

/// What the server has stored of its accounts on Binance. It must not run.
struct ServerBooks {
    struct Fill: Hashable {
        var trade: Int64
        var order: Int64
    }

    var orders: [Int64: (status: String, filled: FixedDecimal)] = [:]
    var fills: [Fill] = []
    var funds: [String: FixedDecimal] = [:]
    var ledger: LedgerReport
    /// By what the exchange knows its orders.
    var mark: OrderMark?

    /// - Parameter labels: of the accounts; the first one's funds.
    init(folder: String, labels: [String] = ["default"]) async throws {
        let database = try await SQLiteDatabase.openReadOnly(path: folder + "/data/mr_market.db")
        let (orderRows, fillRows, balances) = try await database.read { transaction in
            (
                try transaction.rows("SELECT * FROM orders"), try transaction.rows("SELECT * FROM fills"),
                try LedgerStore(transaction: transaction).balances(of: .unallocated, "binance:\(labels.first ?? "")")
            )
        }
        let markRow = try await database.read { try $0.row("SELECT installation, tag FROM order_mark") }
        if let markRow, let number = InstallationID(UInt8(try markRow.get("installation") as Int64)) {
            mark = OrderMark(installation: number, tag: OrderTag(UInt32(try markRow.get("tag") as Int64)))
        }
        for row in orderRows where labels.contains(try row.get("account_label")) {
            let quantity: FixedDecimal = try row.get("quantity")
            let (lots, filled): (Int64, Int64) = (try row.get("lots"), try row.get("filled_lots"))
            orders[try row.get("client_order_id")] = (
                try row.get("status"), FixedDecimal(raw: quantity.raw / Int128(lots) * Int128(filled))
            )
        }
        fills = try fillRows.filter { labels.contains(try $0.get("account_label")) }.map {
            Fill(trade: try $0.get("trade_id"), order: try $0.get("client_order_id"))
        }
        for balance in balances { funds[balance.account.asset.rawValue] = balance.total }
        ledger = try await LedgerVerifier.verify(database)
        await database.close()
    }

    static func isSame(_ here: String, _ there: String) -> Bool {
        switch there {
        case "FILLED": here == "filled"
        case "CANCELED": here == "cancelled"
        case "EXPIRED", "EXPIRED_IN_MATCH": here == "expired" || here == "cancelled"
        case "REJECTED": here == "rejected"
        default: false
        }
    }
}
