/// PostgreSQL's writer connection.
///
/// Each transaction first writes its number into the row that this writer has in `mrmarket_writers`. When the connection is
/// lost during a commit, the old session is ended and the row is read: it holds the number if, and only if, the commit was
/// taken; asking by an upsert makes the question wait until the old transaction has ended one way or the other. `pg_xact_status`
/// would not do: a number that a crash takes back can be given to another transaction afterwards, whose fate would be told.
///
/// - Note: `@unchecked Sendable`: ``GroupCommit`` calls it on its own thread alone, and nobody else does.
final class PostgresWriter: Committer, @unchecked Sendable {
    private let options: PostgresOptions
    private let notifier: Notifier
    private let session: PostgresSession
    private let name: String
    private let id: Int64
    /// Of the transactions begun, rerun ones included.
    private var number: Int64 = 0
    private let processID: WriterProcess

    /// A server that is lost during the same transaction again and again is perhaps lost because of it.
    static let maximumLosses = 5
    /// From then on a batch that loses against other nodes is made smaller.
    static let batchAttempts = 3
    /// For so long one caller's transaction is run again at once when it loses against other nodes. Others wait meanwhile.
    static let racingTime = Duration.seconds(1)
    /// For so long a statement waits for a row that another session has locked: a node's transaction is over by then, an operator's session,
    /// or a node that was frozen, keeps it for longer. Everybody waits with it, so it is far less than a lease.
    static let lockTimeout = "250ms"
    static let briefLockTimeout = "5ms"

    private let marks: Bool

    static let table = "mrmarket_writers"
    static let tableDefinition = """
        CREATE TABLE IF NOT EXISTS \(table) (writer BIGINT PRIMARY KEY, number BIGINT NOT NULL, marked_at TIMESTAMPTZ NOT NULL)
        """

    /// - Parameters:
    ///   - id: no other writer's.
    ///   - marks: false where a transaction may as well be run twice: what became of one whose answer is lost is not asked then.
    init(_ options: PostgresOptions, id: Int64, notifier: Notifier, processID: WriterProcess, marks: Bool = true) {
        self.marks = marks
        self.options = options
        self.notifier = notifier
        self.processID = processID
        self.id = id
        name = "mrmarket writer \(id)"
        // Reading a whole table conflicts with whoever writes any of it. An upsert looks for nothing but its own
        // key, so that marking cannot get in the way of another node's transaction. A node that is frozen in the midst of a transaction
        // keeps its rows from all others: not for long, and it runs the transaction again when it is thawed.
        session = PostgresSession(
            options, name: name,
            preparation: """
                SET enable_seqscan = off; SET lock_timeout = '\(Self.lockTimeout)'; SET idle_in_transaction_session_timeout = '15s';
                PREPARE mrmarket_mark(BIGINT) AS INSERT INTO \(Self.table) (writer, number, marked_at) VALUES (\(id), $1, now())
                    ON CONFLICT (writer) DO UPDATE SET number = excluded.number, marked_at = excluded.marked_at
                """)
    }

    func transact(
        isShared: Bool, isDurable: Bool, isBrief: Bool, _ body: (any BatchTransaction) throws -> Void
    ) -> CommitOutcome {
        var (races, losses) = (0, 0)
        var deadline: ContinuousClock.Instant?
        while true {
            let failure: PostgresFailure
            switch attempt(isBrief, body) {
            case .ended(let outcome): return outcome
            case .again(let cause): failure = cause
            }
            if failure.isConnectionLost {
                losses += 1
                if losses == Self.maximumLosses { return .failed(failure.error) }
            } else {
                races += 1
                deadline = deadline ?? .now + Self.racingTime
                let isOver = deadline.map { ContinuousClock.now > $0 } ?? false
                if isOver || (races >= Self.batchAttempts && (isShared || isBrief)) {
                    return .contended(failure.error)
                }
                PostgresSession.pause(Self.pause(afterRaces: races))
            }
        }
    }

    /// Doubles from a millisecond to a quarter of a second, between half and one and a half of it by chance.
    private static func pause(afterRaces races: Int) -> Duration {
        .microseconds(min(250_000, 1_000 << min(races - 1, 10))) * Double.random(in: 0.5..<1.5)
    }

    private enum Step {
        case ended(CommitOutcome)
        case again(PostgresFailure)
    }

    private func attempt(_ isBrief: Bool, _ body: (any BatchTransaction) throws -> Void) -> Step {
        let connection: PostgresConnection
        do { connection = try session.connected() } catch { return .ended(.failed(error)) }
        number += 1
        do throws(PostgresFailure) {
            try takeOver(connection)
            let wait = isBrief ? "; SET LOCAL lock_timeout = '\(Self.briefLockTimeout)'" : ""
            let mark = marks ? "; EXECUTE mrmarket_mark(\(number))" : ""
            try connection.run("BEGIN ISOLATION LEVEL SERIALIZABLE" + mark + wait)
        } catch {
            // Somebody has locked our mark: as with any row, it is waited for beside the others.
            if case .rowLocked = error.error {
                return rolledBack(connection, error, otherwise: .contended(error.error))
            }
            return rolledBack(connection, error, otherwise: .failed(error.error))
        }
        let transaction = PostgresTransaction(connection)
        do { try body(transaction) } catch { return rolledBack(connection, transaction.cause, otherwise: .bodyFailed) }
        return commit(connection, transaction.channels)
    }

    private func rolledBack(
        _ connection: PostgresConnection, _ cause: PostgresFailure?, otherwise outcome: CommitOutcome
    ) -> Step {
        connection.forgetSent()
        let isStale = cause?.isStalePlan ?? false
        if isStale || (try? connection.run("ROLLBACK")) == nil { session.disconnect() }
        if let cause, cause.isWorthRetrying { return .again(cause) }
        return .ended(outcome)
    }

    private func commit(_ connection: PostgresConnection, _ channels: [String]) -> Step {
        let words = channels.map { "NOTIFY \(PostgresListener.channel), '\($0)'; " }.joined()
        do throws(PostgresFailure) {
            let did = try connection.run(words + "COMMIT")
            guard did == "COMMIT" else { return .ended(.failed(.other("the server answered COMMIT with \(did)"))) }
        } catch {
            guard error.isConnectionLost else { return rolledBack(connection, error, otherwise: .failed(error.error)) }
            guard marks else { return .again(error) }
            switch fate(of: number) {
            case .success(true): break
            case .success(false): return .again(error)
            case .failure(let unknown):
                notifier.post(channels)
                return .ended(.failed(unknown))
            }
        }
        notifier.post(channels)
        return .ended(.committed)
    }

    // MARK: - After a lost connection

    /// Ends the session that was lost, if this is not it: one whose client is gone without a word would keep its transaction,
    /// and so the writer's row, for a while.
    private func takeOver(_ connection: PostgresConnection) throws(PostgresFailure) {
        let lost = processID.exchange(connection.processID)
        guard lost != connection.processID, lost != 0 else { return }
        // By name too: after a restart the process number may be somebody else's.
        _ = try connection.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND application_name = $2",
            [.integer(Int64(lost)), .text(name)])
    }

    /// - Returns: whether the transaction whose COMMIT was sent, but not answered, was committed.
    private func fate(of number: Int64) -> Result<Bool, SQLError> {
        let deadline = ContinuousClock.now + options.patience
        var reason = "no reason given"
        repeat {
            do {
                let connection = try session.connected()
                try takeOver(connection)
                return .success(try isMarked(number, connection))
            } catch let error as PostgresFailure { reason = error.message } catch { reason = "\(error)" }
            PostgresSession.pause(Outage.shortestPause)
        } while ContinuousClock.now < deadline
        return .failure(.outcomeUnknown(reason))
    }

    /// Asked by writing, not by `SELECT … FOR UPDATE`: a row that the lost transaction was the first to write cannot be locked
    /// before that commits, and would be taken for absent. An upsert of its key waits for it.
    private func isMarked(_ number: Int64, _ connection: PostgresConnection) throws -> Bool {
        let rows = try connection.query(
            """
            INSERT INTO \(Self.table) AS mark (writer, number, marked_at) VALUES ($1, 0, now())
            ON CONFLICT (writer) DO UPDATE SET marked_at = excluded.marked_at RETURNING mark.number
            """, [.integer(id)]
        ).rows
        return try rows.first?.get("number", as: Int64.self) == number
    }

    // MARK: - The rest

    func rest(isQuiet: Bool) {}

    func close() {
        // One that never wrote need not connect for it.
        if number > 0, let connection = try? session.connected() {
            _ = try? connection.run("DELETE FROM \(Self.table) WHERE writer = \(id)")
        }
        session.disconnect()
    }
}
