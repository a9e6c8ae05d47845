import Scheduling
import Synchronization
import TradingCore

/// How many requests a client address may make in a window. Bounded: past ``maximumClients`` the idlest are forgotten.
final class Throttle: Sendable {
    private struct Window: Sendable {
        var start: Timestamp
        var count: Int
    }

    private static let maximumClients = 10_000
    private let limit: Int
    private let window: Int64
    private let time: any TimeSource
    private let clients = Mutex<[String: Window]>([:])

    init(limit: Int, windowNanoseconds: Int64, time: any TimeSource) {
        self.limit = limit
        window = windowNanoseconds
        self.time = time
    }

    /// Counts one more request of a client's.
    /// - Returns: nil where it is admitted; after how many seconds it may come again where it has used its share of the window.
    func refusal(_ client: String) -> Int? {
        let now = time.now()
        return clients.withLock { clients in
            var entry = clients[client] ?? Window(start: now, count: 0)
            if now.nanoseconds(since: entry.start) >= window { entry = Window(start: now, count: 0) }
            entry.count += 1
            clients[client] = entry
            if clients.count > Self.maximumClients { forget(&clients, now) }
            guard entry.count > limit else { return nil }
            let left = window - now.nanoseconds(since: entry.start)
            return Int((left + Nanoseconds.perSecond - 1) / Nanoseconds.perSecond)
        }
    }

    private func forget(_ clients: inout [String: Window], _ now: Timestamp) {
        clients = clients.filter { now.nanoseconds(since: $0.value.start) < window }
        guard clients.count > Self.maximumClients else { return }
        let oldest = clients.sorted { $0.value.start < $1.value.start }.prefix(Self.maximumClients / 10)
        for (client, _) in oldest { clients[client] = nil }
    }
}
