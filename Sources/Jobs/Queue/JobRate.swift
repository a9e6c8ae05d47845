import Persistence
import TradingCore

/// How many jobs of a queue may start in a while, over all processes on the database, restarts included.
///
/// A bucket of `count` tokens that fills up evenly over `interval`: a quiet queue may start `count` jobs at once, a busy one
/// starts one every `interval / count`.
public struct JobRate: Hashable, Sendable {
    public let count: Int
    /// Nanoseconds for one token.
    let spacing: Int64

    /// - Parameters:
    ///   - count: 1 or more.
    ///   - interval: at least a nanosecond for each of `count`.
    public init(count: Int, per interval: Duration) {
        self.count = max(1, count)
        spacing = max(1, interval.nanoseconds / Int64(max(1, count)))
    }

    /// Nanoseconds for an empty bucket to fill up.
    var period: Int64 { spacing * Int64(count) }
}

/// A bucket, known by the moment at which it is full again.
struct JobRateBucket: Hashable, Sendable {
    let rate: JobRate
    private(set) var fullAt: Timestamp
    /// It was written by a node whose clock is ahead, or under a slower rate.
    let isBounded: Bool

    /// - Parameter now: an empty bucket is full one period from here, at the latest: whoever says otherwise must not close the queue for as
    ///   long as his clock is ahead.
    init(_ rate: JobRate, fullAt: Timestamp, now: Timestamp) {
        let latest = now.advanced(byNanoseconds: rate.period)
        self.rate = rate
        self.fullAt = min(fullAt, latest)
        isBounded = fullAt > latest
    }

    func available(_ now: Timestamp) -> Int {
        let missing = max(0, fullAt.nanoseconds(since: now))
        return max(0, Int((rate.period - missing) / rate.spacing))
    }

    mutating func take(_ count: Int, _ now: Timestamp) {
        fullAt = max(fullAt, now).advanced(byNanoseconds: rate.spacing * Int64(count))
    }

    /// When there is a token again; nil when there is one now.
    func opensAt(_ now: Timestamp) -> Timestamp? {
        if available(now) > 0 { return nil }
        return fullAt.advanced(byNanoseconds: -rate.spacing * Int64(rate.count - 1))
    }
}

/// `job_rates`: a row per queue that has a rate.
struct JobRateStore {
    let transaction: any SQLTransaction

    private func bucket(_ queue: QueueName, _ rate: JobRate, _ now: Timestamp) throws -> JobRateBucket {
        let row = try transaction.row("SELECT full_at FROM job_rates WHERE queue = \(queue)")
        return JobRateBucket(rate, fullAt: try row?.get(0) ?? now, now: now)
    }

    /// How long until a bucket that another node takes from is looked at again.
    static let busyNanoseconds = Nanoseconds.milliseconds(50)

    /// Keeps other nodes from the bucket until the transaction ends. A node that was frozen while it took from it must not hold up
    /// this one's writer.
    /// - Returns: false when another node has it.
    func isFree(_ queue: QueueName) throws -> Bool {
        guard transaction.dialect == .postgres else { return true }
        let isHeld = try transaction.row(
            """
            SELECT 1 FROM job_rates WHERE queue = \(queue)
                AND NOT EXISTS (SELECT 1 FROM job_rates WHERE queue = \(queue) FOR UPDATE SKIP LOCKED)
            """)
        return isHeld == nil
    }

    func available(_ queue: QueueName, _ rate: JobRate, now: Timestamp) throws -> Int {
        try bucket(queue, rate, now).available(now)
    }

    /// - Returns: when there is a token again; nil when there is one now.
    func take(_ count: Int, _ queue: QueueName, _ rate: JobRate, now: Timestamp) throws -> Timestamp? {
        var bucket = try bucket(queue, rate, now)
        // Kept, too, when its moment was out of reach: the next look would find it there again.
        if count > 0 || bucket.isBounded {
            bucket.take(count, now)
            try transaction.execute(
                """
                INSERT INTO job_rates (queue, full_at) VALUES (\(queue), \(bucket.fullAt))
                ON CONFLICT (queue) DO UPDATE SET full_at = excluded.full_at
                """)
        }
        return bucket.opensAt(now)
    }
}
