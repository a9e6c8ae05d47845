public import Persistence
public import Scheduling
public import TradingCore

/// By what this database knows its orders at the exchanges: one row, drawn at the first start and never changed. All nodes of
/// one PostgreSQL are one database, and so is a copy put back from a backup.
public enum OrderMarkStore {
    /// A database that has made orders already goes on as it began: with the number 0 and no tag, for so are its orders named.
    static let migration = Migration("market-making-010-order-mark") { transaction in
        try transaction.execute(
            """
            CREATE TABLE order_mark (
                id INTEGER PRIMARY KEY CHECK (id = 1), installation INTEGER NOT NULL, tag INTEGER,
                drawn_at INTEGER NOT NULL
            ) STRICT
            """)
        try transaction.execute(
            """
            INSERT INTO order_mark (id, installation, tag, drawn_at)
            SELECT 1, 0, NULL, MAX(created_at) FROM orders HAVING COUNT(*) > 0
            """)
    }

    /// - Parameter random: drawn from where there is no mark yet; of several nodes that start at once the first one's stays.
    public static func mark(
        of database: any SQLDatabase, random: any RandomSource, now: Timestamp
    ) async throws -> OrderMark {
        if let known = try await database.read({ try stored($0) }) { return known }
        let (number, tag) = drawn(random)
        return try await database.write { transaction in
            try transaction.execute(
                """
                INSERT INTO order_mark (id, installation, tag, drawn_at)
                VALUES (1, \(Int64(number.rawValue)), \(Int64(tag.rawValue)), \(now)) ON CONFLICT (id) DO NOTHING
                """)
            guard let mark = try stored(transaction) else {
                throw StoredValueError(table: "order_mark", column: "id", value: "none")
            }
            return mark
        }
    }

    static func stored(_ transaction: any SQLTransaction) throws -> OrderMark? {
        guard let row = try transaction.row("SELECT installation, tag FROM order_mark WHERE id = 1") else { return nil }
        let (number, tag): (Int64, Int64?) = (try row.get("installation"), try row.get("tag"))
        guard let installation = UInt8(exactly: number).flatMap({ InstallationID($0) }) else {
            throw StoredValueError(table: "order_mark", column: "installation", value: "\(number)")
        }
        guard let tag else { return OrderMark(installation: installation, tag: nil) }
        guard let known = UInt32(exactly: tag).flatMap({ OrderTag($0) }) else {
            throw StoredValueError(table: "order_mark", column: "tag", value: "\(tag)")
        }
        return OrderMark(installation: installation, tag: known)
    }

    /// The number 0 is left to databases from before there were marks: where orders bear no tag, as on the paper exchange and
    /// where ids are numbers, a new one must not take theirs.
    private static func drawn(_ random: any RandomSource) -> (InstallationID, OrderTag) {
        while true {
            let bytes = random.bytes(5)
            let bits = bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & (1 << UInt32(OrderTag.bits) - 1)
            let number = (bytes.last ?? 0) % (1 << UInt8(ClientOrderID.installationBits))
            guard number > 0, let installation = InstallationID(number), let tag = OrderTag(bits) else { continue }
            return (installation, tag)
        }
    }
}
