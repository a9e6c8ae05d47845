import Foundation
import Persistence
import TradingCore

/// The exchange's own memory, in its own file: what it was begun with, where it stood last, what it was told since, and
/// what became of orders. Every command is in here before anybody hears of its effect.
struct PaperJournal: Sendable {
    let database: any SQLDatabase
    /// Where cancels go that the database takes not; nil where there is no such room.
    var reserve: OwedCancels<PaperCommand>?

    static let migrations = [
        Migration("paper-exchange-001") { transaction in
            try transaction.execute(
                "CREATE TABLE genesis (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, fingerprint TEXT NOT NULL) STRICT"
            )
            try transaction.execute(
                "CREATE TABLE checkpoint (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, state BLOB NOT NULL) STRICT")
            try transaction.execute(
                "CREATE TABLE commands (seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, body BLOB NOT NULL) STRICT")
            try transaction.execute(
                """
                CREATE TABLE orders (account TEXT NOT NULL, id INTEGER NOT NULL, ended INTEGER NOT NULL, body BLOB NOT NULL,
                    PRIMARY KEY (account, id)) STRICT
                """)
            try transaction.execute(
                """
                CREATE TABLE fills (seq INTEGER PRIMARY KEY, account TEXT NOT NULL, symbol TEXT NOT NULL,
                    trade_id INTEGER NOT NULL, order_id INTEGER NOT NULL, body BLOB NOT NULL,
                    UNIQUE (account, symbol, trade_id, order_id)) STRICT
                """)
        },
        Migration("paper-exchange-002-first-trade") { transaction in
            try transaction.execute("ALTER TABLE genesis ADD COLUMN first_trade INTEGER NOT NULL DEFAULT 1")
        },
    ]

    struct Recovered: Sendable {
        var genesis: Timestamp
        /// The number of each market's first trade.
        var firstTrade: UInt64
        var state: PaperExchangeState?
        var commands: [Entry]
        var orders: [PaperHistory.Order]
        var fills: [PaperHistory.AccountFill]
        /// How many of the commands are in no database yet: the last ones.
        var owedCount = 0
    }

    /// - Throws: ``PaperJournalError`` when the journal was begun with another configuration.
    func recover(_ fingerprint: String, now: Timestamp) async throws -> Recovered {
        try await database.write { transaction in
            let (genesis, firstTrade): (Timestamp, Int64)
            if let row = try transaction.row("SELECT time, fingerprint, first_trade FROM genesis") {
                let begun: String = try row.get("fingerprint")
                guard begun == fingerprint else {
                    throw PaperJournalError.otherConfiguration(begun: begun, now: fingerprint)
                }
                (genesis, firstTrade) = (try row.get("time"), try row.get("first_trade"))
            } else {
                // Above whatever an exchange in a file of before has numbered: who knows its trades asks for those after the last.
                (genesis, firstTrade) = (now, max(1, now.nanoseconds / Nanoseconds.perMillisecond))
                try transaction.execute(
                    """
                    INSERT INTO genesis (id, time, fingerprint, first_trade)
                    VALUES (1, \(now), \(fingerprint), \(firstTrade))
                    """)
            }
            let state = try transaction.row("SELECT state FROM checkpoint").map {
                try Self.decode(PaperExchangeState.self, $0.get("state"))
            }
            let commands = try transaction.rows("SELECT time, body FROM commands ORDER BY seq").map {
                (
                    time: try $0.get("time", as: Timestamp.self),
                    command: try Self.decode(PaperCommand.self, $0.get("body"))
                )
            }
            let owed = reserve?.left(after: state?.now, beside: commands) ?? []
            let orders = try transaction.rows("SELECT body FROM orders").map {
                try Self.decode(PaperHistory.Order.self, $0.get("body"))
            }
            let fills = try transaction.rows("SELECT body FROM fills ORDER BY seq").map {
                try Self.decode(PaperHistory.AccountFill.self, $0.get("body"))
            }
            return Recovered(
                genesis: genesis, firstTrade: UInt64(firstTrade), state: state, commands: commands + owed,
                orders: orders, fills: fills,
                owedCount: owed.count)
        }
    }

    typealias Entry = OwedCancels<PaperCommand>.Timed

    func append(_ entries: [Entry]) async throws {
        let bodies = try entries.map { (time: $0.time, body: try Self.encode($0.command)) }
        try await database.write { transaction in
            for (time, body) in bodies {
                try transaction.execute("INSERT INTO commands (time, body) VALUES (\(time), \(body))")
            }
        }
    }

    /// From here on the commands before it are not needed any more.
    func checkpoint(
        _ state: PaperExchangeState, orders: [PaperHistory.Order], fills: [PaperHistory.AccountFill]
    ) async throws {
        let body = try Self.encode(state)
        let orderBodies = try orders.map { ($0, try Self.encode($0)) }
        let fillBodies = try fills.map { ($0, try Self.encode($0)) }
        try await database.write { transaction in
            try transaction.execute(
                "INSERT OR REPLACE INTO checkpoint (id, time, state) VALUES (1, \(state.now), \(body))")
            try transaction.execute("DELETE FROM commands WHERE time <= \(state.now)")
            for (order, body) in orderBodies {
                try transaction.execute(
                    """
                    INSERT OR REPLACE INTO orders (account, id, ended, body)
                    VALUES (\(order.account), \(Int64(order.request.id.rawValue)), \(order.status.isFinal), \(body))
                    """)
            }
            for (fill, body) in fillBodies {
                try transaction.execute(
                    """
                    INSERT OR IGNORE INTO fills (account, symbol, trade_id, order_id, body)
                    VALUES (\(fill.account), \(fill.symbol.description), \(Int64(fill.fill.tradeID)),
                        \(Int64(fill.fill.orderID.rawValue)), \(body))
                    """)
            }
            // What the exchange no longer remembers, its file need not.
            try transaction.execute(
                """
                DELETE FROM orders WHERE ended = 1
                    AND rowid < (SELECT MAX(rowid) FROM orders) - \(Int64(2 * PaperHistory.limit))
                """)
            try transaction.execute(
                "DELETE FROM fills WHERE seq < (SELECT MAX(seq) FROM fills) - \(Int64(2 * PaperHistory.limit))")
        }
    }

    private static func encode(_ value: some Encodable) throws -> [UInt8] { Array(try JSONEncoder().encode(value)) }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw PaperJournalError.damaged("\(type): \(error)")
        }
    }
}

enum PaperJournalError: Error, CustomStringConvertible {
    case otherConfiguration(begun: String, now: String)
    case damaged(String)
    case emptyRecording(String)

    var description: String {
        switch self {
        case .otherConfiguration(let begun, let now):
            "the paper exchange was begun with [\(begun)], not with [\(now)]; use another data folder for that"
        case .emptyRecording(let name): "--feed \(name): must hold at least one record of the market"
        case .damaged(let what): "the paper exchange's journal is damaged: \(what)"
        }
    }
}
