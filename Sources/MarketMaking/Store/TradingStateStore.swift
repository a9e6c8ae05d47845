import Execution
import Persistence
import TradingCore

/// What operators and kill switches have set, for ever until an operator sets it anew.
struct TradingStateStore {
    let transaction: any SQLTransaction

    func all() throws -> [TradingStateEntry] {
        try transaction.rows("SELECT * FROM trading_states ORDER BY scope").map { row in
            TradingStateEntry(
                scope: try stored("trading_states", "scope", row.get("scope")) { TradingScope(storedName: $0) },
                state: try stored("trading_states", "state", row.get("state")) { TradingState(wireName: $0) },
                reason: try row.get("reason"), setBy: try row.get("set_by"), setAt: try row.get("set_at"))
        }
    }

    /// What is stored last is the latest, also where the clock was ahead when the one before was: times tell which of two words
    /// counts, and a kill switch's halt must never be the older one.
    /// - Returns: when it counts as set: later than all before it.
    @discardableResult
    func put(_ entry: TradingStateEntry) throws -> Timestamp {
        let row = try transaction.row(
            """
            INSERT INTO trading_states (scope, state, reason, set_by, set_at)
            VALUES (\(entry.scope.storedName), \(entry.state.wireName), \(entry.reason), \(entry.setBy),
                \(entry.setAt))
            ON CONFLICT (scope) DO UPDATE SET state = excluded.state, reason = excluded.reason,
                set_by = excluded.set_by,
                set_at = CASE WHEN excluded.set_at > trading_states.set_at THEN excluded.set_at
                    ELSE trading_states.set_at + 1 END
            RETURNING set_at
            """)
        return try row?.get(0) ?? entry.setAt
    }
}
