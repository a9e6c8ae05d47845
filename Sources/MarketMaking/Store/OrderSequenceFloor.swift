import Persistence
import TradingCore

/// Below which no session numbers its orders any more.
///
/// A database put back from a backup has forgotten orders whose ids the exchange knows. A session that went on where the backup
/// ends would give those ids to other orders: they would be refused as doubled, or taken for the ones they are not. So after
/// each restore all sessions, also those made anew under a number that was used, leap past what was ever used.
struct OrderSequenceFloor {
    let transaction: any SQLTransaction

    /// More orders than a session makes between a backup and the loss: at ten a second, 29 hours.
    static let leap: Int64 = 1 << 20

    static let migration = Migration("market-making-007-order-sequence-floor") { transaction in
        try transaction.execute(
            """
            CREATE TABLE order_sequence_floor (
                id INTEGER PRIMARY KEY CHECK (id = 1), floor INTEGER NOT NULL, restores INTEGER NOT NULL
            ) STRICT
            """)
        try transaction.execute("INSERT INTO order_sequence_floor (id, floor, restores) VALUES (1, 0, 0)")
    }

    /// How many restores a database has room for: after one more no session has a number left that was surely never used.
    static let mostRestores = (Int64(1) << Int64(ClientOrderID.sequenceBits)) / leap - 1

    /// Nothing can be ordered under this database any more; nil while something can.
    func usedUp() throws -> OrderNumbersUsedUp? {
        guard try current() >= SessionNumberStore.usedUpFrom else { return nil }
        return OrderNumbersUsedUp(restores: try Restores.count(transaction))
    }

    func current() throws -> UInt32 {
        let row = try transaction.row("SELECT floor FROM order_sequence_floor WHERE id = 1")
        return UInt32(clamping: try row?.get(0, as: Int64.self) ?? 0)
    }

    /// Leaps once for every restore that it has not seen. Before anything is numbered.
    /// - Returns: whether it did.
    @discardableResult
    func raise() throws -> Bool {
        let restores = try Restores.count(transaction)
        let row = try transaction.row("SELECT floor, restores FROM order_sequence_floor WHERE id = 1")
        guard let row, case let seen = try row.get(1, as: Int64.self), restores > seen else { return false }
        let sequences = Int64(1) << Int64(ClientOrderID.sequenceBits)
        let highest = try transaction.row("SELECT MAX(client_order_id % \(raw: "\(sequences)")) FROM orders")
        let used = max(try row.get(0, as: Int64.self), (try highest?.get(0, as: Int64?.self) ?? -1) + 1)
        // At the end of the range sessions run out of ids, which is told; never does one begin anew.
        let floor = min(sequences, used + Self.leap * (restores - seen))
        try transaction.execute(
            "UPDATE order_sequence_floor SET floor = \(floor), restores = \(restores) WHERE id = 1")
        return true
    }
}

/// Every restore from a backup takes a leap of order numbers with it, and this database has had so many that none is left. An
/// order that is sent all the same could bear the number of another one: so none is.
struct OrderNumbersUsedUp: Error, Hashable, Sendable, CustomStringConvertible {
    let restores: Int64

    var description: String {
        "order numbers are used up: this database was restored from a backup \(restores) times, and has room for "
            + "\(OrderSequenceFloor.mostRestores) restores; begin a new database to trade on (docs/server.md)"
    }
}
