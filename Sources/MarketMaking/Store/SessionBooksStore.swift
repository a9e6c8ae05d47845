import Execution
import Persistence
import TradingCore

/// What a session holds and has earned, kept in the same transaction as the fills it comes from.
struct SessionBooks: Hashable, Sendable {
    var instanceID: Int64
    var run: Int64
    var base: FixedDecimal
    var quote: FixedDecimal
    var account: PositionAccount
    var bestProfit: FixedDecimal?

    /// Whether trading can have made them (``PositionAccount/isPlausible(_:)``). Ones that it cannot are never counted on with.
    func isPlausible(_ instrument: Instrument) -> Bool {
        let largest = Int128.max.magnitude / 1_000
        let sums = [base, quote, bestProfit ?? .zero]
        return account.isPlausible(instrument.unit) && sums.allSatisfy { $0.raw.magnitude <= largest }
    }

    /// The same session's with nothing in them.
    var emptied: SessionBooks {
        SessionBooks(
            instanceID: instanceID, run: run, base: .zero, quote: .zero, account: PositionAccount(), bestProfit: nil)
    }
}

struct SessionBooksStore {
    let transaction: any SQLTransaction

    func books(of instanceID: Int64) throws -> SessionBooks? {
        try transaction.row("SELECT * FROM session_books WHERE instance_id = \(instanceID)").map { row in
            let account = try stored("session_books", "counters", row.get("counters")) { text in
                PositionAccount(counters: text.split(separator: ",").compactMap { Int128($0) })
            }
            return SessionBooks(
                instanceID: instanceID, run: try row.get("run"), base: try row.get("base"), quote: try row.get("quote"),
                account: account, bestProfit: try row.get("best_profit"))
        }
    }

    func put(_ books: SessionBooks, now: Timestamp) throws {
        let counters = books.account.counters.map(String.init).joined(separator: ",")
        try transaction.execute(
            """
            INSERT INTO session_books (instance_id, run, base, quote, counters, best_profit, updated_at)
            VALUES (\(books.instanceID), \(books.run), \(books.base), \(books.quote), \(counters),
                \(books.bestProfit.sqlValue), \(now))
            ON CONFLICT (instance_id) DO UPDATE SET run = excluded.run, base = excluded.base,
                quote = excluded.quote, counters = excluded.counters, best_profit = excluded.best_profit,
                updated_at = excluded.updated_at
            """)
    }
}
