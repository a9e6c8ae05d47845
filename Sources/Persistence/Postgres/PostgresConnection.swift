import CPostgres
import Foundation

/// One connection to a server. Calls block: to be used from a thread of its own.
final class PostgresConnection {
    private let handle: OpaquePointer
    private var statements = StatementCache(capacity: 256)
    /// Statements that were sent and whose answers were not read yet: for each, those whom its answer concerns.
    private var sent: [[LaterChanges]] = []
    /// What waits to be sent as one statement.
    private var gatherings: [Gathering] = []
    /// The server's process that serves us; what `pg_terminate_backend` takes.
    let processID: Int32

    // MARK: - Opening

    /// - Parameters:
    ///   - name: shown in `pg_stat_activity`.
    ///   - patience: how long to wait for the server's answer.
    init(_ url: String, name: String, patience: Duration) throws(PostgresFailure) {
        guard let handle = Self.start(url, name) else { throw PostgresFailure(message: "out of memory") }
        // So that a refusal comes with its code.
        PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        do throws(PostgresFailure) { try Self.finish(handle, until: ContinuousClock.now + patience) } catch {
            PQfinish(handle)
            throw error
        }
        PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        self.handle = handle
        processID = PQbackendPID(handle)
    }

    deinit { PQfinish(handle) }

    private static func start(_ url: String, _ name: String) -> OpaquePointer? {
        // What stands before the URL it may change, what stands after it may not.
        let settings = [
            ("keepalives_idle", "15"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "30000"), ("dbname", url), ("client_encoding", "UTF8"), ("application_name", name),
        ]
        let keys = settings.map { strdup($0.0) } + [nil]
        let values = settings.map { strdup($0.1) } + [nil]
        defer { for text in keys + values { free(text) } }
        return keys.map { UnsafePointer($0) }.withUnsafeBufferPointer { keys in
            values.map { UnsafePointer($0) }.withUnsafeBufferPointer { values in
                PQconnectStartParams(keys.baseAddress, values.baseAddress, 1)
            }
        }
    }

    private static func finish(_ handle: OpaquePointer, until deadline: ContinuousClock.Instant) throws(PostgresFailure)
    {
        var step = PQstatus(handle) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
        while step != PGRES_POLLING_OK {
            guard step != PGRES_POLLING_FAILED else { throw refusal(handle) }
            let events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT
            guard wait(PQsocket(handle), Int16(events), until: deadline) else {
                throw PostgresFailure(message: "no answer in time", isConnectionLost: true)
            }
            step = PQconnectPoll(handle)
        }
    }

    private static func wait(_ socket: Int32, _ events: Int16, until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return false }
            var descriptor = pollfd(fd: socket, events: events, revents: 0)
            let milliseconds = left.components.seconds * 1_000 + left.components.attoseconds / 1_000_000_000_000_000
            let ready = poll(&descriptor, 1, Int32(clamping: milliseconds + 1))
            if ready > 0 { return true }
            if ready < 0, errno != EINTR { return true }
        }
    }

    /// What a refused connection says: "FATAL:  28P01: password authentication failed".
    private static func refusal(_ handle: OpaquePointer) -> PostgresFailure {
        let text = String(cString: PQerrorMessage(handle))
        let code = text.firstMatch(of: #/(?:FATAL|ERROR|PANIC):  ([0-9A-Z]{5}): ([^\n]*)/#)
        let line = text.split(separator: "\n").first.map(String.init) ?? "no reason given"
        return PostgresFailure(
            sqlState: code.map { String($0.1) }, message: code.map { String($0.2) } ?? line, isConnectionLost: true)
    }

    /// Whether it can still be spoken through.
    var isAlive: Bool { PQstatus(handle) == CONNECTION_OK }

    var socket: Int32 { PQsocket(handle) }

    // MARK: - Statements

    /// Runs statements without values, several at a time in one round trip.
    /// - Returns: what the last of them says it did, such as `COMMIT`.
    @discardableResult
    func run(_ text: String) throws(PostgresFailure) -> String {
        try settle()
        let result = PQexec(handle, text)
        defer { PQclear(result) }
        try check(result)
        return String(cString: PQcmdStatus(result))
    }

    struct Answer {
        var rows: [SQLRow]
        /// How many rows were inserted, updated or deleted.
        var changes: Int
    }

    /// Runs one statement. Prepares it where that saves planning the next time.
    func query(_ text: String, _ values: [SQLValue]) throws(PostgresFailure) -> Answer {
        try settle()
        let parameters = PostgresParameters(values)
        let result: OpaquePointer?
        if Self.isWorthPreparing(text) {
            let name = try prepared(text, parameters.types)
            result = parameters.withPointers { PQexecPrepared(handle, name, $0, $1, $2, $3, 0) }
        } else {
            let adapted = PostgresDDL.adapted(text)
            result = parameters.withPointers { PQexecParams(handle, adapted, $0, parameters.types, $1, $2, $3, 0) }
        }
        defer { PQclear(result) }
        try check(result)
        return Answer(rows: try Self.rows(result), changes: Self.changes(result))
    }

    // MARK: - Statements that are not waited for

    /// Sends one statement in libpq's pipeline mode (https://www.postgresql.org/docs/15/libpq-pipeline-mode.html). The next
    /// statement that is waited for, or ``settle()``, throws when it failed.
    func send(_ text: String, _ values: [SQLValue]) throws(PostgresFailure) -> LaterChanges {
        try sendGathered()
        let changes = LaterChanges()
        try send(text, PostgresParameters(values), [changes])
        return changes
    }

    private func send(
        _ text: String, _ parameters: PostgresParameters, _ changes: [LaterChanges]
    ) throws(PostgresFailure) {
        if sent.count == Self.maximumSent { try readAnswers() }
        let key = StatementCache.Key(text: text, types: parameters.types)
        var name = statements.name(key)
        if name == nil {
            // Preparing is waited for.
            try readAnswers()
            name = try prepared(text, parameters.types)
        }
        if sent.isEmpty, PQenterPipelineMode(handle) != 1 { throw broken() }
        let isSent = parameters.withPointers { PQsendQueryPrepared(handle, name, $0, $1, $2, $3, 0) }
        guard isSent == 1 else { throw broken() }
        sent.append(changes)
    }

    /// Keeps a row of values until there is something that must come after it.
    func gather(
        _ statement: SQLStatement, _ gathered: GatheredStatement, _ values: [SQLValue]
    ) throws(PostgresFailure) -> LaterChanges {
        let changes = LaterChanges()
        if let index = gatherings.firstIndex(where: { $0.statement === statement }) {
            gatherings[index].rows.append(values)
            gatherings[index].changes.append(changes)
            if gatherings[index].rows.count == Self.maximumGathered { try send(gatherings.remove(at: index)) }
        } else {
            gatherings.append(Gathering(statement: statement, gathered: gathered, rows: [values], changes: [changes]))
        }
        return changes
    }

    private struct Gathering {
        let statement: SQLStatement
        let gathered: GatheredStatement
        var rows: [[SQLValue]]
        var changes: [LaterChanges]
    }

    private func sendGathered() throws(PostgresFailure) {
        while !gatherings.isEmpty { try send(gatherings.removeFirst()) }
    }

    private func send(_ gathering: Gathering) throws(PostgresFailure) {
        if gathering.rows.count == 1 {
            try send(
                gathering.statement.text(.postgres), PostgresParameters(gathering.rows[0]), gathering.changes)
        } else {
            try send(
                gathering.gathered.text, PostgresParameters(gathering.rows, gathering.gathered.columns),
                gathering.changes)
        }
    }

    private static let maximumGathered = 256

    /// More answers than this are never left unread: the server stops to listen when nobody takes what it says.
    private static let maximumSent = 256

    /// Reads all answers that are due. After the first that is an error the server has skipped the others.
    func settle() throws(PostgresFailure) {
        try sendGathered()
        try readAnswers()
    }

    private func readAnswers() throws(PostgresFailure) {
        guard !sent.isEmpty else { return }
        let due = sent
        sent = []
        guard PQpipelineSync(handle) == 1 else { throw broken() }
        var failure: PostgresFailure?
        for changes in due {
            let result = PQgetResult(handle)
            defer { PQclear(result) }
            // The end of a statement's results.
            PQclear(PQgetResult(handle))
            guard failure == nil else { continue }
            do throws(PostgresFailure) {
                try check(result)
                try Self.tell(changes, result)
            } catch { failure = error }
        }
        // That of the synchronisation itself.
        PQclear(PQgetResult(handle))
        if PQexitPipelineMode(handle) != 1 { throw failure ?? broken() }
        if let failure { throw failure }
    }

    private static func tell(_ changes: [LaterChanges], _ result: OpaquePointer?) throws(PostgresFailure) {
        if changes.count == 1 { return changes[0].set(Self.changes(result)) }
        if PQnfields(result) == 0 {
            let count = Self.changes(result)
            guard count == changes.count else {
                throw PostgresFailure(message: "a statement for \(changes.count) rows changed \(count)")
            }
            for change in changes { change.set(1) }
            return
        }
        var counts = [Int](repeating: 0, count: changes.count)
        for row in try rows(result) {
            guard case .integer(let number)? = row.values.first, counts.indices.contains(Int(number) - 1) else {
                throw PostgresFailure(message: "a statement for \(changes.count) rows told of another")
            }
            counts[Int(number) - 1] += 1
        }
        for (change, count) in zip(changes, counts) { change.set(count) }
    }

    /// What was sent is about to be rolled back: how it went is of no interest.
    func forgetSent() {
        gatherings = []
        try? readAnswers()
    }

    private func broken() -> PostgresFailure {
        PostgresFailure(message: String(cString: PQerrorMessage(handle)), isConnectionLost: true)
    }

    /// Whether the statement does nothing but read.
    static func isReading(_ text: String) -> Bool { firstWord(text) == "SELECT" || firstWord(text) == "VALUES" }

    private static func isWorthPreparing(_ text: String) -> Bool {
        ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES"].contains(firstWord(text))
    }

    private static func firstWord(_ text: String) -> String {
        text.drop { $0.isWhitespace }.prefix { $0.isLetter }.uppercased()
    }

    private func prepared(_ text: String, _ types: [Oid]) throws(PostgresFailure) -> String {
        let key = StatementCache.Key(text: text, types: types)
        if let name = statements.name(key) { return name }
        let name = statements.newName()
        let result = PQprepare(handle, name, text, Int32(types.count), types)
        defer { PQclear(result) }
        try check(result)
        for old in statements.insert(key, name) { try run("DEALLOCATE \(old)") }
        return name
    }

    // MARK: - Answers

    /// `PG_DIAG_SQLSTATE`, `PG_DIAG_MESSAGE_PRIMARY` and `PG_DIAG_CONTEXT`: character literals, which Swift does not import.
    private static let stateField = Int32(UInt8(ascii: "C"))
    private static let messageField = Int32(UInt8(ascii: "M"))
    private static let contextField = Int32(UInt8(ascii: "W"))

    private func check(_ result: OpaquePointer?) throws(PostgresFailure) {
        let status = PQresultStatus(result)
        if status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK { return }
        let state = PQresultErrorField(result, Self.stateField).map { String(cString: $0) }
        let said = PQresultErrorField(result, Self.messageField).map { String(cString: $0) }
        let message = said ?? String(cString: PQerrorMessage(handle)).split(separator: "\n").first.map(String.init)
        throw PostgresFailure(
            sqlState: state, message: message ?? "no reason given",
            context: PQresultErrorField(result, Self.contextField).map { String(cString: $0) },
            isConnectionLost: !isAlive)
    }

    private static func changes(_ result: OpaquePointer?) -> Int {
        let did = String(cString: PQcmdStatus(result))
        guard !did.hasPrefix("SELECT") else { return 0 }
        return Int(String(cString: PQcmdTuples(result))) ?? 0
    }

    private static func rows(_ result: OpaquePointer?) throws(PostgresFailure) -> [SQLRow] {
        let fields = 0..<PQnfields(result)
        let columns = SQLColumns(fields.map { String(cString: PQfname(result, $0)) })
        let types = fields.map { PQftype(result, $0) }
        var rows: [SQLRow] = []
        rows.reserveCapacity(Int(PQntuples(result)))
        for row in 0..<PQntuples(result) {
            var values: [SQLValue] = []
            values.reserveCapacity(types.count)
            for (field, type) in zip(fields, types) { values.append(try value(result, row, field, type)) }
            rows.append(SQLRow(columns: columns, values: values))
        }
        return rows
    }

    private static func value(
        _ result: OpaquePointer?, _ row: Int32, _ field: Int32, _ type: Oid
    ) throws(PostgresFailure) -> SQLValue {
        guard PQgetisnull(result, row, field) == 0, let text = PQgetvalue(result, row, field) else { return .null }
        let length = Int(PQgetlength(result, row, field))
        return try PostgresAnswer.value(
            UnsafeBufferPointer(start: UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self), count: length), type)
    }

    // MARK: - Words of other sessions

    /// Reads what has arrived, without waiting.
    /// - Returns: payloads of notifications and the processes that sent them.
    func takeNotifications() throws(PostgresFailure) -> [(payload: String, processID: Int32)] {
        guard PQconsumeInput(handle) == 1 else {
            throw PostgresFailure(message: String(cString: PQerrorMessage(handle)), isConnectionLost: true)
        }
        var words: [(payload: String, processID: Int32)] = []
        while let notification = PQnotifies(handle) {
            words.append((String(cString: notification.pointee.extra), notification.pointee.be_pid))
            PQfreemem(notification)
        }
        return words
    }
}
