import Synchronization

/// Hands out word that something was committed, within this process. A channel says only that there is something to look
/// at: several words before a listener looks become one.
public final class Notifier: Sendable {
    private struct State: Sendable {
        var nextID = 0
        /// By channel, each in the order in which they came.
        var listeners: [String: [Listener]] = [:]

        /// Channel by channel, so that whoever is woken first is the same in every run.
        var all: [Listener] { listeners.sorted { $0.key < $1.key }.flatMap(\.value) }
    }

    private struct Listener: Sendable {
        let id: Int
        let continuation: AsyncStream<Void>.Continuation
    }

    private let state = Mutex(State())

    public init() {}

    /// A listener from now on, until its stream is dropped.
    public func notifications(_ channel: String) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.nextID += 1
            state.listeners[channel, default: []].append(Listener(id: state.nextID, continuation: continuation))
            return state.nextID
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { $0.listeners[channel]?.removeAll { $0.id == id } }
        }
        return stream
    }

    public func post(_ channels: some Sequence<String>) {
        let woken = state.withLock { state in channels.flatMap { state.listeners[$0] ?? [] } }
        for listener in woken { listener.continuation.yield() }
    }

    /// Wakes everybody: words may have been lost.
    public func postToAll() {
        for listener in state.withLock({ $0.all }) { listener.continuation.yield() }
    }

    /// Ends every listener's stream.
    public func close() {
        let all = state.withLock { state in
            defer { state.listeners = [:] }
            return state.all
        }
        for listener in all { listener.continuation.finish() }
    }
}
