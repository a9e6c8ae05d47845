public import TradingCore

/// A worker's row as somebody saw it.
public struct WorkerSighting: Hashable, Sendable {
    public let worker: JobWorkerID
    /// Moves with every heartbeat; at or before 1970 when the worker was given up for dead. By the clock of the worker's own machine, so
    /// that to others it is a number that moves, and no time.
    public let mark: Timestamp

    public init(worker: JobWorkerID, mark: Timestamp) {
        self.worker = worker
        self.mark = mark
    }
}

/// Tells who has stopped living: whose heartbeat has not moved for a lease, by the clock of whoever watches. However far the clocks
/// of two machines are apart, neither takes the other for dead by that.
public struct WorkerWatch: Sendable {
    private struct Seen {
        let sighting: WorkerSighting
        let since: Timestamp
    }

    private var seen: [Seen] = []

    public init() {}

    /// - Parameters:
    ///   - sightings: all there are but one's own.
    ///   - lease: nanoseconds.
    ///   - interval: nanoseconds between two looks. A mark may have been seen so late, and may be seen to stand still so late; a third is
    ///     for what follows. They are taken off, so that what a worker held is another's before its lease is over.
    ///   - began: when the look began; `ended`: when it was over.
    /// - Returns: those whose mark has stood still.
    public mutating func still(
        _ sightings: [WorkerSighting], lease: Int64, lookedAtEvery interval: Int64 = 0, began: Timestamp,
        ended: Timestamp
    ) -> [WorkerSighting] {
        // A look that had to wait for the database tells nothing of the time between: nobody's heartbeat could be stored.
        if ended.nanoseconds(since: began) > lease / 2 { forget() }
        let earlier = seen
        seen = sightings.map { sighting in
            earlier.first { $0.sighting == sighting } ?? Seen(sighting: sighting, since: ended)
        }
        let patience = max(lease / 2, lease - 3 * interval)
        return seen.filter { began.nanoseconds(since: $0.since) > patience }.map(\.sighting)
    }

    /// What was seen counts no more: for a while nobody could look.
    public mutating func forget() { seen = [] }
}
