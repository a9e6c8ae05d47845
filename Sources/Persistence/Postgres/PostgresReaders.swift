import Dispatch
import Synchronization

/// A few connections that read. Whoever finds none free waits, but not for ever.
final class PostgresReaders: Sendable {
    private struct Waiter: Sendable {
        var ticket: Int
        var request: ReadRequest
    }

    private struct State: Sendable {
        var free: [PostgresReader]
        var waiting: [Waiter] = []
        var lastTicket = 0
        var isClosed = false
    }

    private let options: PostgresOptions
    private let all: [PostgresReader]
    private let state: Mutex<State>
    private let alarms = DispatchQueue(label: "mrmarket.postgres.read-alarms")

    init(_ options: PostgresOptions) {
        self.options = options
        all = (0..<max(1, options.readers)).map { PostgresReader(options, $0) }
        state = Mutex(State(free: all))
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            submit(
                ReadRequest(
                    run: { reader in continuation.resume(with: Result { try reader.read(body) }) },
                    refuse: { continuation.resume(throwing: $0) }))
        }
    }

    private func submit(_ request: ReadRequest) {
        enum Fate { case runs(PostgresReader), waits(Int), refused(SQLError) }
        let fate = state.withLock { state -> Fate in
            if state.isClosed { return .refused(.closed) }
            if let reader = state.free.popLast() { return .runs(reader) }
            if state.waiting.count >= options.maximumWaitingReads { return .refused(.overloaded) }
            state.lastTicket += 1
            state.waiting.append(Waiter(ticket: state.lastTicket, request: request))
            return .waits(state.lastTicket)
        }
        switch fate {
        case .refused(let error): request.refuse(error)
        case .runs(let reader): reader.thread.async { self.work(reader, request) }
        case .waits(let ticket):
            let (seconds, attoseconds) = options.readPatience.components
            let wait = DispatchTimeInterval.nanoseconds(Int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
            alarms.asyncAfter(deadline: .now() + wait) { [weak self] in self?.expire(ticket) }
        }
    }

    private func expire(_ ticket: Int) {
        let late = state.withLock { state in
            state.waiting.firstIndex { $0.ticket == ticket }.map { state.waiting.remove(at: $0) }
        }
        late?.request.refuse(.overloaded)
    }

    /// On the reader's thread.
    private func work(_ reader: PostgresReader, _ first: ReadRequest) {
        var next: ReadRequest? = first
        while let request = next {
            request.run(reader)
            next = state.withLock { state in
                if state.waiting.isEmpty {
                    state.free.append(reader)
                    return nil
                }
                return state.waiting.removeFirst().request
            }
        }
    }

    /// Refuses those that wait, and waits for those that read.
    func close() async {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiter in waiting { waiter.request.refuse(.closed) }
        for reader in all {
            await withCheckedContinuation { continuation in
                reader.thread.async {
                    reader.disconnect()
                    continuation.resume()
                }
            }
        }
    }
}

struct ReadRequest: Sendable {
    let run: @Sendable (PostgresReader) -> Void
    let refuse: @Sendable (SQLError) -> Void
}

/// One connection that reads.
///
/// - Note: `@unchecked Sendable`: its session is used on its own serial queue alone.
final class PostgresReader: @unchecked Sendable {
    let thread: DispatchQueue
    private let session: PostgresSession

    static let attempts = 5

    init(_ options: PostgresOptions, _ number: Int) {
        thread = DispatchQueue(label: "mrmarket.postgres.reader.\(number)", qos: .userInitiated)
        session = PostgresSession(options, name: "mrmarket reader")
    }

    func disconnect() { session.disconnect() }

    /// From one snapshot, which no other transaction's commit changes, and that needs no retry but for a lost connection.
    func read<Value>(_ body: (any SQLTransaction) throws -> Value) throws -> Value {
        for attempt in 1... {
            let connection = try session.connected()
            do throws(PostgresFailure) { try connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") } catch {
                session.disconnect()
                if error.isWorthRetrying, attempt < Self.attempts { continue }
                throw error.error
            }
            let transaction = PostgresTransaction(connection)
            let result = Result { try body(transaction) }
            let isStale = transaction.cause?.isStalePlan ?? false
            if isStale || (try? connection.run("ROLLBACK")) == nil { session.disconnect() }
            if let cause = transaction.cause, cause.isWorthRetrying, attempt < Self.attempts { continue }
            return try result.get()
        }
        throw SQLError.unavailable("lost \(Self.attempts) times")
    }
}
