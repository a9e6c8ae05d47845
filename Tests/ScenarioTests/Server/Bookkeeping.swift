import Foundation
import Ledger
import Persistence
import TradingCore

/// What the server has stored beside what the exchange has, for the same account.
struct Bookkeeping {
    struct Fill: Hashable {
        var trade: Int64
        var order: Int64
        var lots: Int64
    }

    var serverFills: [Fill] = []
    var exchangeFills: [Fill] = []
    /// By client order id.
    var serverOrders: [Int64: (status: String, lots: Int64, filled: Int64)] = [:]
    /// By client order id; status 2 is open.
    var exchangeOrders: [Int64: (status: Int64, filled: Int64)] = [:]
    /// What our accounts in the ledger own, by asset.
    var funds: [String: (total: FixedDecimal, locked: FixedDecimal)] = [:]
    /// What a verification of the whole ledger found.
    var ledger: LedgerReport?

    /// Both processes' files, read as they lie there. Neither must be running.
    init(folder: String) async throws {
        let server = try await SQLiteDatabase.openReadOnly(path: folder + "/data/mr_market.db")
        let exchange = try await SQLiteDatabase.openReadOnly(path: folder + "/data/paper-exchange.db")
        let rows = try await server.read { transaction in
            (
                try transaction.rows("SELECT trade_id, client_order_id, lots FROM fills ORDER BY id"),
                try transaction.rows("SELECT client_order_id, status, lots, filled_lots FROM orders"),
                try LedgerStore(transaction: transaction).balances(of: .unallocated, "paper:default")
            )
        }
        serverFills = try rows.0.map {
            Fill(trade: try $0.get("trade_id"), order: try $0.get("client_order_id"), lots: try $0.get("lots"))
        }
        for row in rows.1 {
            serverOrders[try row.get("client_order_id")] = (
                try row.get("status"), try row.get("lots"), try row.get("filled_lots")
            )
        }
        for balance in rows.2 { funds[balance.account.asset.rawValue] = (balance.total, balance.locked) }
        ledger = try await LedgerVerifier.verify(server)
        try await read(exchange)
        await server.close()
        await exchange.close()
    }

    private mutating func read(_ exchange: SQLiteDatabase) async throws {
        let (fills, orders) = try await exchange.read { transaction in
            (
                try transaction.rows(
                    "SELECT trade_id, order_id, body FROM fills WHERE account = 'default' ORDER BY seq"),
                try transaction.rows("SELECT id, body FROM orders WHERE account = 'default'")
            )
        }
        exchangeFills = try fills.map { row in
            let body = try JSONValue(String(decoding: row.get("body", as: [UInt8].self), as: UTF8.self))
            return Fill(
                trade: try row.get("trade_id"), order: try row.get("order_id"),
                lots: Self.integer(body["fill"]?["quantity"]?["lots"]))
        }
        for row in orders {
            let body = try JSONValue(String(decoding: row.get("body", as: [UInt8].self), as: UTF8.self))
            exchangeOrders[try row.get("id")] = (Self.integer(body["status"]), Self.integer(body["filled"]))
        }
    }

    private static func integer(_ value: JSONValue?) -> Int64 {
        if case .number(let text)? = value { Int64(text) ?? .min } else { .min }
    }
}
