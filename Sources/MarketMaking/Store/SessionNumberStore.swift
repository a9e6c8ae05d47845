import Execution
import Persistence
import TradingCore

/// `session_numbers`: which strategy makes its client order ids under which number.
///
/// An id has room for 8,192 sessions and for 2²⁶ orders of each. A strategy holds a number from its start until it is
/// stopped and none of its orders is live; whoever holds the number next goes on where it ended, so that no id is made
/// twice. A number whose orders are nearly used up is never handed out again, and its holder takes another one.
struct SessionNumberStore {
    let transaction: any SQLTransaction
    let installation: InstallationID

    /// One number and its holder's part of it.
    struct Held: Hashable, Sendable {
        var session: SessionID
        /// Lower sequence numbers were an earlier holder's.
        var first: UInt32
        /// The next that was never used.
        var next: UInt32

        var isNearlyUsedUp: Bool { next >= SessionNumberStore.usedUpFrom }

        func ids(_ installation: InstallationID) -> ClientOrderIDSource {
            ClientOrderIDSource(
                installation: installation, session: session, firstSequence: first, nextSequence: next)
        }
    }

    /// All numbers of one holder.
    struct Numbers: Hashable, Sendable {
        /// What the next order is made under.
        var current: Held
        /// Used up, and still its own.
        var earlier: [Held]

        func made(_ id: ClientOrderID, _ installation: InstallationID) -> Bool {
            (earlier + [current]).contains { $0.ids(installation).made(id) }
        }
    }

    /// Number 0 is never handed out, as in databases that numbered sessions by their strategies' ids.
    static let highest = (1 << ClientOrderID.sessionBits) - 1
    /// From here on a number counts as used up. What is left is for its holder, until it has another.
    static let usedUpFrom: UInt32 = (1 << UInt32(ClientOrderID.sequenceBits)) - (1 << 16)

    static let migration = Migration("market-making-009-session-numbers") { transaction in
        try transaction.execute(
            """
            CREATE TABLE session_numbers (
                number INTEGER PRIMARY KEY CHECK (number >= 1 AND number <= 8191),
                instance_id INTEGER REFERENCES strategy_instances (id),
                first_sequence INTEGER NOT NULL,
                next_sequence INTEGER NOT NULL
            ) STRICT
            """)
        try transaction.execute("CREATE INDEX session_numbers_of_instance ON session_numbers (instance_id)")
        // Until now a strategy's id was its number. One that is stopped holds it no longer than its orders live.
        try transaction.execute(
            """
            INSERT INTO session_numbers (number, instance_id, first_sequence, next_sequence)
            SELECT i.id, CASE WHEN i.status <> 'stopped' OR i.id IN (
                SELECT instance_id FROM orders WHERE \(raw: OrderStore.isLive)) THEN i.id END, 0, 0
            FROM strategy_instances i WHERE i.id <= 8191
            """)
        let (sequences, sessions) = (1 << ClientOrderID.sequenceBits, 1 << ClientOrderID.sessionBits)
        let used = try transaction.rows(
            """
            SELECT (client_order_id / \(raw: "\(sequences)")) % \(raw: "\(sessions)") AS number,
                MAX(client_order_id % \(raw: "\(sequences)")) + 1 AS next FROM orders GROUP BY 1 ORDER BY 1
            """)
        for row in used {
            let (number, next): (Int64, Int64) = (try row.get("number"), try row.get("next"))
            try transaction.execute("UPDATE session_numbers SET next_sequence = \(next) WHERE number = \(number)")
        }
    }

    // MARK: - Taking

    /// What an instance makes its orders under: the numbers it holds, and a fresh one where they are nearly used up.
    /// Called in the transaction that starts it; calling it again changes nothing.
    /// - Throws: ``DeskError/refused(_:)`` when it holds none and all are held by others, or used up by restores.
    func take(for instanceID: Int64) throws -> Numbers {
        var held = try held(by: instanceID)
        if held.last?.isNearlyUsedUp ?? true {
            if let fresh = try leastFree() {
                try transaction.execute(
                    """
                    INSERT INTO session_numbers (number, instance_id, first_sequence, next_sequence)
                    VALUES (\(Int64(fresh.session.rawValue)), \(instanceID), \(Int64(fresh.next)), \(Int64(fresh.next)))
                    ON CONFLICT (number) DO UPDATE SET instance_id = excluded.instance_id,
                        first_sequence = excluded.first_sequence, next_sequence = excluded.next_sequence
                    """)
                held.append(fresh)
            }
        }
        guard let current = held.popLast() else {
            if let usedUp = try OrderSequenceFloor(transaction: transaction).usedUp() {
                throw DeskError.refused("\(usedUp)")
            }
            throw DeskError.refused(
                "\(Self.highest) strategies at most run at once on one database, and as many do: stop one first")
        }
        return Numbers(current: current, earlier: held)
    }

    /// What an instance holds; nil when it is nothing.
    func numbers(of instanceID: Int64) throws -> Numbers? {
        var held = try held(by: instanceID)
        return held.popLast().map { Numbers(current: $0, earlier: held) }
    }

    /// Those nearest to their end first.
    private func held(by instanceID: Int64) throws -> [Held] {
        try transaction.rows("SELECT * FROM session_numbers WHERE instance_id = \(instanceID) ORDER BY number")
            .map(held).sorted { $0.next > $1.next }
    }

    private func held(_ row: SQLRow) throws -> Held {
        let (number, first): (Int64, Int64) = (try row.get("number"), try row.get("first_sequence"))
        guard let session = SessionID(UInt16(clamping: number)) else {
            throw StoredValueError(table: "session_numbers", column: "number", value: "\(number)")
        }
        return Held(
            session: session, first: UInt32(clamping: first),
            next: max(UInt32(clamping: try row.get("next_sequence", as: Int64.self)), try unused(session)))
    }

    /// The least number that nobody holds and that is not used up; nil when there is none.
    private func leastFree() throws -> Held? {
        try unheld() ?? (try giveBackLeftBehind() ? unheld() : nil)
    }

    private func unheld() throws -> Held? {
        let free = try transaction.rows(
            """
            SELECT * FROM session_numbers WHERE instance_id IS NULL AND next_sequence < \(Int64(Self.usedUpFrom))
            ORDER BY number LIMIT 16
            """)
        for row in free {
            let fresh = try held(row)
            if !fresh.isNearlyUsedUp { return Held(session: fresh.session, first: fresh.next, next: fresh.next) }
        }
        let last: Int64? = try transaction.row("SELECT MAX(number) AS last FROM session_numbers")?.get("last")
        guard let session = SessionID(UInt16(clamping: (last ?? 0) + 1)) else { return nil }
        let next = try unused(session)
        return next < Self.usedUpFrom ? Held(session: session, first: next, next: next) : nil
    }

    private func unused(_ session: SessionID) throws -> UInt32 {
        try OrderStore.nextSequence(of: session, installation: installation, transaction)
    }

    /// Notes that a number an instance holds is nearly used up.
    func retire(_ session: SessionID, of instanceID: Int64) throws {
        try transaction.execute(
            """
            UPDATE session_numbers SET next_sequence = \(Int64(Self.usedUpFrom))
            WHERE number = \(Int64(session.rawValue)) AND instance_id = \(instanceID)
                AND next_sequence < \(Int64(Self.usedUpFrom))
            """)
    }

    // MARK: - Giving back

    /// Ends a stop: the instance is stopped and, unless an order of it is live, holds no number any more.
    /// - Returns: false when it was not being stopped.
    @discardableResult
    func stopped(_ instanceID: Int64, now: Timestamp) throws -> Bool {
        let isStopped = try StrategyInstanceStore(transaction: transaction)
            .setStatus(.stopped, of: instanceID, from: .stopping, now: now)
        if isStopped { try giveBack(instanceID) }
        return isStopped
    }

    /// - Returns: whether it held any and holds none now.
    @discardableResult
    private func giveBack(_ instanceID: Int64) throws -> Bool {
        let held = try held(by: instanceID)
        guard !held.isEmpty, try !OrderStore.hasLive(of: instanceID, transaction) else { return false }
        for number in held {
            try transaction.execute(
                """
                UPDATE session_numbers SET instance_id = NULL, next_sequence = \(Int64(number.next))
                WHERE number = \(Int64(number.session.rawValue))
                """)
        }
        return true
    }

    /// Of strategies that still had a live order when they were stopped, and have none now.
    private func giveBackLeftBehind() throws -> Bool {
        let holders = try transaction.rows(
            """
            SELECT DISTINCT i.id FROM strategy_instances i JOIN session_numbers n ON n.instance_id = i.id
            WHERE i.status = 'stopped' ORDER BY i.id
            """)
        var isAnyFree = false
        for holder in holders { isAnyFree = try giveBack(holder.get("id")) || isAnyFree }
        return isAnyFree
    }
}
