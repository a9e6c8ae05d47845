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

    func put(_ entry: TradingStateEntry) throws {
        try transaction.execute(
            """
            INSERT INTO trading_states (scope, state, reason, set_by, set_at)
            VALUES (\(entry.scope.storedName), \(entry.state.wireName), \(entry.reason), \(entry.setBy),
                \(entry.setAt))
            ON CONFLICT (scope) DO UPDATE SET state = excluded.state, reason = excluded.reason,
                set_by = excluded.set_by, set_at = excluded.set_at
            """)
    }
}
