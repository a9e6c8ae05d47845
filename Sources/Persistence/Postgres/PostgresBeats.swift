import Dispatch
import Synchronization

/// Signs of life, by which other nodes judge whether this one works.
///
/// They have a connection of their own, so that nothing the writer waits for delays them. Where that one gives no answer within a second,
/// or cannot be made, they go with the writer's transactions: no connection is to cost a lease by itself. Then a sign may be stored twice.
final class PostgresBeats: Sendable {
    private static let seconds = 1
    static let patience = Duration.seconds(seconds)

    private let writer: GroupCommit
    private let own: GroupCommit
    /// When those were sent on the own connection that it owes an answer to.
    private let owed = Mutex<[Int: ContinuousClock.Instant]>([:])
    private let count = Atomic(0)

    init(_ own: GroupCommit, otherwise writer: GroupCommit) {
        self.own = own
        self.writer = writer
    }

    /// - Throws: what the writer has for whoever comes now, where one transaction has held it for too long: such a node does not work.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        if let hold = writer.hold { throw hold }
        if isSilent { return try await writer.write(body) }
        return try await withCheckedThrowingContinuation { continuation in
            let answer = FirstOf(continuation)
            let number = count.add(1, ordering: .relaxed).newValue
            owed.withLock { $0[number] = .now }
            own.write(body) { [self] result in
                owed.withLock { $0[number] = nil }
                if Self.isWithoutConnection(result) { goWithWriter(body, answer) } else { answer.takeFirst(result) }
            }
            DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(Self.seconds)) { [self] in
                goWithWriter(body, answer)
            }
        }
    }

    private func goWithWriter<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value, _ answer: FirstOf<Value>
    ) {
        guard answer.begins() else { return }
        writer.write(body) { answer.take($0) }
    }

    /// The server may take no second connection of ours while the first one works.
    private static func isWithoutConnection<Value>(_ result: Result<Value, any Error>) -> Bool {
        guard case .failure(let error) = result else { return false }
        return switch error as? SQLError {
        case .unavailable, .outcomeUnknown: true
        default: false
        }
    }

    /// It has been asked for longer than anybody waits: the next ones need not wait for it first.
    private var isSilent: Bool {
        let now = ContinuousClock.now
        return owed.withLock { $0.values.contains { now - $0 >= Self.patience } }
    }

    func close() async { await own.close() }
}

/// Tells whoever waits the first answer of two.
private final class FirstOf<Value: Sendable>: Sendable {
    private struct State {
        var continuation: CheckedContinuation<Value, any Error>?
        var hasSecond = false
    }

    private let state: Mutex<State>

    init(_ continuation: CheckedContinuation<Value, any Error>) {
        state = Mutex(State(continuation: continuation))
    }

    /// - Returns: whether nobody has answered yet, and nobody has begun a second try.
    func begins() -> Bool {
        state.withLock { state in
            defer { state.hasSecond = true }
            return state.continuation != nil && !state.hasSecond
        }
    }

    /// A refusal that comes when another has been asked already says nothing: that one answers.
    func takeFirst(_ result: Result<Value, any Error>) {
        if case .failure = result, state.withLock({ $0.hasSecond }) { return }
        take(result)
    }

    func take(_ result: Result<Value, any Error>) {
        let continuation = state.withLock { state in
            defer { state.continuation = nil }
            return state.continuation
        }
        continuation?.resume(with: result)
    }
}
