import Synchronization

/// Those who ride in the transactions of one writer, each on a channel of its own.
final class CommitRiders: Sendable {
    private let riders = Mutex<[any CommitRider]>([])

    /// - Returns: false when somebody rides on the channel already.
    func add(_ rider: any CommitRider) -> Bool {
        riders.withLock { riders in
            guard !riders.contains(where: { $0.channel == rider.channel }) else { return false }
            riders.append(rider)
            return true
        }
    }

    func remove(_ rider: any CommitRider) { riders.withLock { $0.removeAll { $0 === rider } } }

    /// Whom a transaction concerns that names these.
    func concerned(by channels: [String]) -> [any CommitRider] {
        if channels.isEmpty { return [] }
        return riders.withLock { riders in riders.filter { channels.contains($0.channel) } }
    }
}
