import Persistence

/// The table that triggers write changes into. It is emptied with every commit.
enum SimulationJournal {
    static let migration = Migration("simulation-journal") { transaction in
        try transaction.execute(
            """
            CREATE TABLE simulation_changes (
                position INTEGER PRIMARY KEY,
                what TEXT NOT NULL,
                id TEXT NOT NULL,
                old TEXT,
                new TEXT,
                detail TEXT,
                number INTEGER NOT NULL
            ) STRICT
            """)
    }

    static func take(_ transaction: any SQLTransaction) throws -> [SimulationChange] {
        let changes = try transaction.rows(
            "SELECT what, id, old, new, detail, number FROM simulation_changes ORDER BY position"
        ).map { row in
            SimulationChange(
                what: try row.get(0), id: try row.get(1), old: try row.get(2), new: try row.get(3),
                detail: try row.get(4), number: try row.get(5))
        }
        if !changes.isEmpty { try transaction.execute("DELETE FROM simulation_changes") }
        return changes
    }
}

/// A trigger that journals changes of a table.
public struct JournalTrigger: Sendable {
    let text: String

    /// - Parameters:
    ///   - event: `INSERT ON jobs`, `UPDATE OF state ON jobs`.
    ///   - condition: SQL over `OLD` and `NEW`; nil is always.
    ///   - values: SQL of what, id, old, new, detail, number.
    public init(_ name: String, after event: String, when condition: String? = nil, values: String) {
        text = """
            CREATE TRIGGER simulation_\(name) AFTER \(event) \(condition.map { "WHEN \($0) " } ?? "")BEGIN
                INSERT INTO simulation_changes (what, id, old, new, detail, number) VALUES (\(values));
            END
            """
    }
}
