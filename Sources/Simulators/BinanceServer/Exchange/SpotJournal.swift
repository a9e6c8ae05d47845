import Foundation
import Persistence
import TradingCore

/// The exchange's own memory, in its own file: what it was begun with, where it stood last, what it was told since, and what
/// became of orders. Every command is in here before anybody hears of its effect.
struct SpotJournal: Sendable {
    let database: any SQLDatabase
    /// Where cancels go that the database takes not; nil where there is no such room.
    var reserve: OwedCancels<SpotCommand>?

    static let migrations = [
        Migration("spot-exchange-001") { transaction in
            try transaction.execute(
                "CREATE TABLE spot_genesis (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, fingerprint TEXT NOT NULL) STRICT"
            )
            try transaction.execute(
                "CREATE TABLE spot_checkpoint (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, state BLOB NOT NULL) STRICT"
            )
            try transaction.execute(
                "CREATE TABLE spot_commands (seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, body BLOB NOT NULL) STRICT"
            )
            try transaction.execute("CREATE TABLE spot_orders (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT")
            try transaction.execute(
                """
                CREATE TABLE spot_fills (seq INTEGER PRIMARY KEY, symbol TEXT NOT NULL, trade_id INTEGER NOT NULL,
                    order_id INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE (symbol, trade_id, order_id)) STRICT
                """)
            try transaction.execute(
                """
                CREATE TABLE spot_candles (symbol TEXT NOT NULL, start INTEGER NOT NULL, body BLOB NOT NULL,
                    PRIMARY KEY (symbol, start)) STRICT
                """)
        }
    ]

    struct Recovered: Sendable {
        var genesis: Timestamp
        var state: SpotState?
        var commands: [(time: Timestamp, command: SpotCommand)]
        var orders: [SpotOrder]
        var fills: [SpotFill]
        /// Minutes by symbol, oldest first.
        var candles: [String: [SpotCandle]]
        /// How many of the commands are in no database yet: the last ones.
        var owedCount = 0
    }

    /// What a checkpoint stores.
    struct Checkpoint: Sendable {
        var state: SpotState
        var orders: [SpotOrder]
        var fills: [SpotFill]
        var candles: [(symbol: String, candle: SpotCandle)]
    }

    /// Rows of ended orders and of fills that a start reads.
    private static let keptRows: Int64 = 200_000

    /// - Throws: ``PaperJournalError`` when the journal was begun with another configuration.
    func recover(_ fingerprint: String, now: Timestamp) async throws -> Recovered {
        try await database.write { transaction in
            let genesis: Timestamp
            if let row = try transaction.row("SELECT time, fingerprint FROM spot_genesis") {
                let begun: String = try row.get("fingerprint")
                guard begun == fingerprint else {
                    throw PaperJournalError.otherConfiguration(begun: begun, now: fingerprint)
                }
                genesis = try row.get("time")
            } else {
                genesis = now
                try transaction.execute(
                    "INSERT INTO spot_genesis (id, time, fingerprint) VALUES (1, \(now), \(fingerprint))")
            }
            let state = try transaction.row("SELECT state FROM spot_checkpoint").map {
                try Self.decode(SpotState.self, $0.get("state"))
            }
            let commands = try transaction.rows("SELECT time, body FROM spot_commands ORDER BY seq").map {
                (
                    time: try $0.get("time", as: Timestamp.self),
                    command: try Self.decode(SpotCommand.self, $0.get("body"))
                )
            }
            let owed = reserve?.left(after: state?.now, beside: commands) ?? []
            let orders = try transaction.rows("SELECT body FROM spot_orders ORDER BY id").map {
                try Self.decode(SpotOrder.self, $0.get("body"))
            }
            let fills = try transaction.rows("SELECT body FROM spot_fills ORDER BY seq").map {
                try Self.decode(SpotFill.self, $0.get("body"))
            }
            var candles: [String: [SpotCandle]] = [:]
            for row in try transaction.rows("SELECT symbol, body FROM spot_candles ORDER BY symbol, start") {
                candles[try row.get("symbol"), default: []].append(
                    try Self.decode(SpotCandle.self, row.get("body")))
            }
            return Recovered(
                genesis: genesis, state: state, commands: commands + owed, orders: orders, fills: fills,
                candles: candles, owedCount: owed.count)
        }
    }

    func append(_ commands: [OwedCancels<SpotCommand>.Timed]) async throws {
        let bodies = try commands.map { (time: $0.time, body: try Self.encode($0.command)) }
        try await database.write { transaction in
            for (time, body) in bodies {
                try transaction.execute("INSERT INTO spot_commands (time, body) VALUES (\(time), \(body))")
            }
        }
    }

    /// From here on the commands before it are not needed any more.
    func store(_ checkpoint: Checkpoint) async throws {
        let state = checkpoint.state
        let body = try Self.encode(state)
        let orders = try checkpoint.orders.map { ($0.id, try Self.encode($0)) }
        let fills = try checkpoint.fills.map { ($0, try Self.encode($0)) }
        let candles = try checkpoint.candles.map { ($0.symbol, $0.candle.start, try Self.encode($0.candle)) }
        try await database.write { transaction in
            try transaction.execute(
                """
                INSERT INTO spot_checkpoint (id, time, state) VALUES (1, \(state.now), \(body))
                ON CONFLICT (id) DO UPDATE SET time = excluded.time, state = excluded.state
                """)
            try transaction.execute("DELETE FROM spot_commands WHERE time <= \(state.now)")
            for (id, body) in orders {
                try transaction.execute(
                    """
                    INSERT INTO spot_orders (id, body) VALUES (\(id), \(body))
                    ON CONFLICT (id) DO UPDATE SET body = excluded.body
                    """)
            }
            for (fill, body) in fills {
                try transaction.execute(
                    """
                    INSERT INTO spot_fills (symbol, trade_id, order_id, body)
                    VALUES (\(fill.symbol), \(fill.tradeID), \(fill.orderID), \(body))
                    ON CONFLICT (symbol, trade_id, order_id) DO NOTHING
                    """)
            }
            for (symbol, start, body) in candles {
                try transaction.execute(
                    """
                    INSERT INTO spot_candles (symbol, start, body) VALUES (\(symbol), \(start), \(body))
                    ON CONFLICT (symbol, start) DO UPDATE SET body = excluded.body
                    """)
            }
            // Fills of long ago need not be read at every start.
            try transaction.execute(
                "DELETE FROM spot_fills WHERE seq < (SELECT MAX(seq) FROM spot_fills) - \(Self.keptRows)")
        }
    }

    private static func encode(_ value: some Encodable) throws -> [UInt8] { Array(try JSONEncoder().encode(value)) }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw PaperJournalError.damaged("\(type): \(error)")
        }
    }
}
