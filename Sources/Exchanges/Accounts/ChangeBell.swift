import Synchronization

/// Tells whoever listens that something is no longer as it was; what, they look up themselves. Rung often in a row it is heard
/// once at least.
public final class ChangeBell: Sendable {
    private struct State {
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
        var last = 0
    }

    private let state = Mutex(State())

    public init() {}

    /// From now on; until whoever listens stops, or its task is cancelled.
    public func changes() -> AsyncStream<Void> {
        let (stream, listener) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.last += 1
            state.listeners[state.last] = listener
            return state.last
        }
        listener.onTermination = { [weak self] _ in self?.forget(number) }
        return stream
    }

    public func ring() {
        let listeners = state.withLock { Array($0.listeners.values) }
        // lint: ordered because each hears the same
        for listener in listeners { listener.yield() }
    }

    private func forget(_ number: Int) { _ = state.withLock { $0.listeners.removeValue(forKey: number) } }
}
