import Persistence
import TradingCore

/// Which of the servers on one database trades: one row with the number of the term, and a beat that moves while its holder
/// lives.
///
/// Nobody's clock is compared with another's: whoever waits sees by its own clock for how long the beat has stood still.
struct TradingLeaseStore {
    let transaction: any SQLTransaction

    /// Terms and beats stand in two tables, so that a transaction that asks after the term conflicts with nobody's beat.
    static let migration = Migration("market-making-012-trading-lease") { transaction in
        try transaction.execute(
            """
            CREATE TABLE trading_leases (
                id INTEGER PRIMARY KEY CHECK (id = 1), term INTEGER NOT NULL, node TEXT NOT NULL,
                is_released INTEGER NOT NULL, taken_at INTEGER NOT NULL
            ) STRICT
            """)
        try transaction.execute(
            "INSERT INTO trading_leases (id, term, node, is_released, taken_at) VALUES (1, 0, '', 1, 0)")
        try transaction.execute(
            """
            CREATE TABLE trading_lease_beats (id INTEGER PRIMARY KEY CHECK (id = 1), beat INTEGER NOT NULL) STRICT
            """)
        try transaction.execute("INSERT INTO trading_lease_beats (id, beat) VALUES (1, 0)")
        try transaction.execute(
            """
            CREATE TABLE trading_fences (
                id INTEGER PRIMARY KEY CHECK (id = 1),
                holds INTEGER NOT NULL CONSTRAINT trading_term_has_ended CHECK (holds = 1)
            ) STRICT
            """)
        try transaction.execute("INSERT INTO trading_fences (id, holds) VALUES (1, 1)")
    }

    /// The rule that a transaction of an ended term breaks.
    static let fence = "trading_term_has_ended"

    /// What somebody who waits sees.
    struct Sight: Hashable, Sendable {
        var term: Int64
        var beat: Int64
        var node: String
        var isReleased: Bool
    }

    func look() throws -> Sight {
        let row = try transaction.row(
            """
            SELECT term, beat, node, is_released FROM trading_leases
                JOIN trading_lease_beats ON trading_lease_beats.id = trading_leases.id
            """)
        guard let row else { throw StoredValueError(table: "trading_leases", column: "id", value: "none") }
        return Sight(
            term: try row.get(0), beat: try row.get(1), node: try row.get(2),
            isReleased: try row.get(3, as: Int64.self) != 0)
    }

    /// Whether a beat could be stored now. One that stands still because its row is locked, by whomever, is no dead server's.
    func isBeatFree() throws -> Bool {
        try transaction.row(
            "SELECT id FROM trading_lease_beats WHERE id = 1 \(postgres: "FOR SHARE SKIP LOCKED")") != nil
    }

    /// Begins a term, unless something has moved since, or could not have.
    /// - Returns: its number; nil when the holder lives, nobody can know whether it does, or another was faster.
    func take(_ seen: Sight, node: String, now: Timestamp) throws -> Int64? {
        guard try isBeatFree(), try look() == seen else { return nil }
        // What sends follows from rows of this table. Having read it as a whole, a transaction of the old term that adds to it, and has
        // read the term that ends here, cannot commit beside this one: one of the two is refused, and run again sees the other.
        _ = try transaction.row("SELECT updated_at FROM orders LIMIT 1")
        try transaction.execute(
            """
            UPDATE trading_leases SET term = term + 1, node = \(node), is_released = 0, taken_at = \(now) WHERE id = 1
            """)
        try transaction.execute("UPDATE trading_lease_beats SET beat = beat + 1 WHERE id = 1")
        return seen.term + 1
    }

    /// - Returns: false when the term has ended.
    func beat(_ term: Int64) throws -> Bool {
        try transaction.execute(
            """
            UPDATE trading_lease_beats SET beat = beat + 1
            WHERE id = 1 AND EXISTS (SELECT 1 FROM trading_leases WHERE term = \(term))
            """) == 1
    }

    /// Ends a term at once, so that nobody has to wait for it.
    func release(_ term: Int64) throws {
        try transaction.execute("UPDATE trading_leases SET is_released = 1 WHERE term = \(term)")
    }

    /// Lets the transaction fail when the term has ended. On an engine behind a wire this travels with what follows it.
    func require(_ term: Int64) throws {
        try transaction.executeLater(
            """
            UPDATE trading_fences SET holds = 0
            WHERE id = 1 AND NOT EXISTS (SELECT 1 FROM trading_leases WHERE term = \(term))
            """)
    }

    /// Whether this is what ``require(_:)`` lets a transaction fail with.
    static func isEnd(_ error: any Error) -> Bool {
        guard case SQLError.constraint(.check, let message) = error else { return false }
        return message.contains(fence)
    }
}
