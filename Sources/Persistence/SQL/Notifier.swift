import Synchronization

/// Hands out word that something was committed, within this process. A channel says only that there is something to look
/// at: several words before a listener looks become one.
public final class Notifier: Sendable {
    private struct State: Sendable {
        var nextID = 0
        var listeners: [String: [Int: AsyncStream<Void>.Continuation]] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    /// A listener from now on, until its stream is dropped.
    public func notifications(_ channel: String) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.nextID += 1
            state.listeners[channel, default: [:]][state.nextID] = continuation
            return state.nextID
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners[channel]?.removeValue(forKey: id) }
        }
        return stream
    }

    public func post(_ channels: some Sequence<String>) {
        let woken = state.withLock { state in channels.flatMap { state.listeners[$0].map { Array($0.values) } ?? [] } }
        for continuation in woken { continuation.yield() }
    }

    /// Wakes everybody: words may have been lost.
    public func postToAll() {
        let woken = state.withLock { state in state.listeners.values.flatMap(\.values) }
        for continuation in woken { continuation.yield() }
    }

    /// Ends every listener's stream.
    public func close() {
        let all = state.withLock { state in
            defer { state.listeners = [:] }
            return state.listeners.values.flatMap(\.values)
        }
        for continuation in all { continuation.finish() }
    }
}
