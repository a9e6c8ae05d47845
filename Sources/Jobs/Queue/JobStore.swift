public import Persistence
public import TradingCore

/// `jobs`, in an open transaction: whoever decides something enqueues what follows from it in the same transaction.
public struct JobStore {
    let transaction: any SQLTransaction

    public init(transaction: any SQLTransaction) { self.transaction = transaction }

    /// A job that was asked for: a new one, or the one that was there.
    public struct Enqueued: Hashable, Sendable {
        public let id: JobID
        public let state: JobState
        /// False when a job with the custom id was there already: nothing was stored.
        public let isNew: Bool
    }

    /// Stores a job; it starts within milliseconds of the commit, or at its time.
    @discardableResult
    public func enqueue<Arguments: JobArguments>(
        _ arguments: Arguments, _ options: JobOptions = Arguments.options, now: Timestamp
    ) throws -> Enqueued {
        try enqueue(NewJob(arguments, options), now: now)
    }

    /// - Throws: ``JobOptionsError``.
    @discardableResult
    public func enqueue(_ job: NewJob, now: Timestamp) throws -> Enqueued {
        try job.validate()
        let enqueued = try insert(job, now)
        guard let enqueued else { return try existing(job) }
        if enqueued.state != .waiting { try transaction.notify(job.queue.channel) }
        return enqueued
    }

    /// As ``enqueue(_:now:)-(NewJob,_)``, for whom the job's number and whether it was there already are of no interest. Spares an
    /// engine behind a wire the way there and back.
    /// - Throws: ``JobOptionsError``.
    public func post(_ job: NewJob, now: Timestamp) throws {
        try job.validate()
        let runAt = job.options.start.moment(now)
        let state: JobState = runAt > now ? .delayed : .ready
        if job.options.id == nil, job.options.serialKey == nil {
            try transaction.executeLater(SQL(Self.plainInsertion, plainValues(job, state, runAt: runAt, now)))
        } else {
            try transaction.executeLater(SQL(Self.insertion, values(job, state, runAt: runAt, now)))
        }
        // Also for one that waits for others of its key: one look too many.
        try transaction.notify(job.queue.channel)
    }

    /// - Returns: nil when its custom id is taken.
    private func insert(_ job: NewJob, _ now: Timestamp) throws -> Enqueued? {
        let runAt = job.options.start.moment(now)
        let state: JobState = runAt > now ? .delayed : .ready
        // SQLite makes a table for what it returns, which costs as much as the insert. Without an id and a key there is
        // nothing to be told but the number.
        if transaction.dialect == .sqlite, job.options.id == nil, job.options.serialKey == nil {
            try transaction.execute(SQL(Self.plainInsertion, plainValues(job, state, runAt: runAt, now)))
            guard let row = try transaction.row(SQL(Self.lastNumber, [])) else { return nil }
            return Enqueued(id: try row.get(0), state: state, isNew: true)
        }
        return try transaction.row(SQL(Self.insertionReturning, values(job, state, runAt: runAt, now))).map {
            Enqueued(id: try $0.get(0), state: try $0.get(1), isNew: true)
        }
    }

    private static let insertionText = """
        INSERT INTO jobs (queue, kind, arguments, custom_id, serial_key, lane, priority, state, attempts, backoff,
            timeout, maximum_rescues, is_discarded_when_exhausted, dead_letter_holds_key, is_removed_when_finished,
            enqueued_at, run_at)
        VALUES (?, ?, ?, ?, ?, ?, ?,
            CASE WHEN EXISTS (SELECT 1 FROM jobs WHERE lane = ?) THEN 'waiting' ELSE ? END,
            ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (queue, custom_id) WHERE custom_id IS NOT NULL DO NOTHING
        """
    private static let insertion = SQLStatement(insertionText)
    private static let insertionReturning = SQLStatement(insertionText + " RETURNING id, state")
    private static let lastNumber = SQLStatement("SELECT last_insert_rowid()")

    private func values(_ job: NewJob, _ state: JobState, runAt: Timestamp, _ now: Timestamp) -> [SQLValue] {
        let options = job.options
        let key = options.serialKey.sqlValue
        return [
            job.queue.sqlValue, job.kind.sqlValue, job.arguments.sqlValue, options.id.sqlValue, key, key,
            options.priority.sqlValue, key, state.sqlValue, options.attempts.sqlValue, options.backoff.stored.sqlValue,
            (options.timeout?.nanoseconds).sqlValue, options.maximumRescues.sqlValue,
            (options.exhaustion == .discard).sqlValue, options.deadLetterHoldsKey.sqlValue,
            options.isRemovedWhenFinished.sqlValue, now.sqlValue, runAt.sqlValue,
        ]
    }

    private static let plainText = """
        INSERT INTO jobs (queue, kind, arguments, priority, state, attempts, backoff, timeout, maximum_rescues,
            is_discarded_when_exhausted, dead_letter_holds_key, is_removed_when_finished, enqueued_at, run_at)
        """
    /// Of a job without custom id and serial key, which concerns no other.
    private static let plainInsertion = SQLStatement(
        plainText + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        gathered: GatheredStatement(
            plainText + """
                 SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::TEXT[], $6::BIGINT[],
                    $7::TEXT[], $8::BIGINT[], $9::BIGINT[], $10::BIGINT[], $11::BIGINT[], $12::BIGINT[], $13::BIGINT[],
                    $14::BIGINT[])
                """,
            [
                .text, .text, .text, .integer, .text, .integer, .text, .integer, .integer, .integer, .integer, .integer,
                .integer, .integer,
            ]))

    private func plainValues(_ job: NewJob, _ state: JobState, runAt: Timestamp, _ now: Timestamp) -> [SQLValue] {
        let options = job.options
        return [
            job.queue.sqlValue, job.kind.sqlValue, job.arguments.sqlValue, options.priority.sqlValue, state.sqlValue,
            options.attempts.sqlValue, options.backoff.stored.sqlValue, (options.timeout?.nanoseconds).sqlValue,
            options.maximumRescues.sqlValue, (options.exhaustion == .discard).sqlValue,
            options.deadLetterHoldsKey.sqlValue, options.isRemovedWhenFinished.sqlValue, now.sqlValue, runAt.sqlValue,
        ]
    }

    private func existing(_ job: NewJob) throws -> Enqueued {
        let row = try transaction.row(
            """
            SELECT id, state FROM jobs
            WHERE queue = \(job.queue.rawValue) AND custom_id = \(job.options.id.sqlValue) AND custom_id IS NOT NULL
            """)
        guard let row else { throw SQLError.other("job \(job.kind) was neither stored nor there") }
        return Enqueued(id: JobID(rawValue: try row.get(0)), state: try row.get(1), isNew: false)
    }
}

extension JobOptions.Start {
    func moment(_ now: Timestamp) -> Timestamp {
        switch self {
        case .now: now
        case .after(let delay): now.advanced(byNanoseconds: max(0, delay.nanoseconds))
        case .at(let moment): max(moment, now)
        }
    }
}
