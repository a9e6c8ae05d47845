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

/// Tells who has stopped living: whose heartbeat has not moved for long, by the clock of whoever watches. However far the clocks
/// of two machines are apart, neither takes the other for dead by that.
///
/// A worker that dies is given up before a lease is over since its last heartbeat. That beat is seen at the next look, ``interval``
/// later at most; it has stood still long enough after ``silence``, at which moment somebody looks; and a twentieth of the lease is left
/// for the looks themselves and for taking over. A worker that lives has three heartbeats in that time.
public struct WorkerWatch: Sendable {
    private struct Seen {
        let sighting: WorkerSighting
        let since: Timestamp
    }

    /// Between two looks, at most; nanoseconds.
    public let interval: Int64
    /// Who has been seen to stand still for so long is dead; nanoseconds.
    public let silence: Int64
    private var seen: [Seen] = []

    /// - Parameters:
    ///   - lease: nanoseconds.
    ///   - rescueInterval: between two looks, nanoseconds; a fifth of the lease where that is less.
    public init(lease: Int64, rescueInterval: Int64) {
        interval = min(rescueInterval, lease / 5)
        silence = lease - interval - lease / 20
    }

    /// How often a worker's heart beats at least, so that one that lives is never near to being taken for dead; nanoseconds.
    public static func longestBeat(lease: Int64) -> Int64 { lease / 4 }

    /// - Parameters:
    ///   - sightings: all there are but one's own.
    ///   - began: when the look began; `ended`: when it was over.
    /// - Returns: those whose mark has stood still.
    public mutating func still(
        _ sightings: [WorkerSighting], began: Timestamp, ended: Timestamp
    ) -> [WorkerSighting] {
        // A look that had to wait for the database tells nothing of the time between: nobody's heartbeat could be stored.
        if ended.nanoseconds(since: began) > silence / 2 { forget() }
        let earlier = seen
        seen = sightings.map { sighting in
            earlier.first { $0.sighting == sighting } ?? Seen(sighting: sighting, since: ended)
        }
        return seen.filter { began.nanoseconds(since: $0.since) >= silence }.map(\.sighting)
    }

    /// When to look next: after the interval, or when somebody will have stood still for long enough, if that is sooner.
    public func nextLook(after now: Timestamp) -> Timestamp {
        let due = seen.map { $0.since.advanced(byNanoseconds: silence) }.filter { $0 > now }.min()
        return min(due ?? .distantFuture, now.advanced(byNanoseconds: interval))
    }

    /// What was seen counts no more: for a while nobody could look.
    public mutating func forget() { seen = [] }
}
