import Synchronization

/// The first of several answers; later ones are of no interest any more.
final class FirstAnswer: Sendable {
    private struct State {
        var answer: Result<Void, any Error>?
        var waiter: CheckedContinuation<Void, any Error>?
    }

    private let state = Mutex(State())

    func give(_ answer: Result<Void, any Error>) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            guard state.answer == nil else { return nil }
            state.answer = answer
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(with: answer)
    }

    /// By one task, once.
    func wait() async throws {
        try await withCheckedThrowingContinuation { continuation in
            let given = state.withLock { state -> Result<Void, any Error>? in
                if state.answer == nil { state.waiter = continuation }
                return state.answer
            }
            if let given { continuation.resume(with: given) }
        }
    }
}

/// A receiver did not answer in time; it may have got the message all the same.
public struct SendTimedOut: Error, Hashable, Sendable, CustomStringConvertible {
    public let limit: Duration

    public var description: String { "no answer within \(limit)" }
}
