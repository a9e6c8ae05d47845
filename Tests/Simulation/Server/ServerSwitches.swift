public import Jobs
public import Scheduling
import TradingCore

/// How servers are set: drawn from the seed, so that what is rare in production is common here. Batches of one, leases of
/// milliseconds, hardly any retention.
public struct ServerSwitches: Sendable {
    public var lease: Duration
    public var leaseNanoseconds: Int64
    public var heartbeatInterval: Int64
    public var rescueInterval: Int64
    public var retentionInterval: Int64
    public var pollInterval: Int64
    public var maximumBatch: Int
    public var concurrency: Int
    /// Of finished jobs.
    public var retention: Duration
    public var maximumFinished: Int?
    public var outbox: OutboxRules
    /// How far clocks of different servers are apart at most, in nanoseconds.
    public var maximumSkew: Int64
    /// Whether a server that was stopped in good order gives its jobs back, now and then.
    public var stopsInOrder: Bool

    public init(_ random: inout SplitMix64) {
        let lease = Nanoseconds.milliseconds([40, 200, 1_000, 2_000][Int(random.below(4))])
        self.lease = .nanoseconds(lease)
        leaseNanoseconds = lease
        heartbeatInterval = lease / 4
        rescueInterval = Nanoseconds.milliseconds([20, 50, 300][Int(random.below(3))])
        retentionInterval = Nanoseconds.milliseconds([50, 400][Int(random.below(2))])
        pollInterval = Nanoseconds.milliseconds([800, 2_000][Int(random.below(2))])
        maximumBatch = [1, 1, 2, 16][Int(random.below(4))]
        concurrency = [1, 2, 4][Int(random.below(3))]
        retention = .milliseconds([0, 100, 3_600_000][Int(random.below(3))])
        maximumFinished = [nil, 0, 2][Int(random.below(3))]
        outbox = OutboxRules()
        outbox.leaseNanoseconds = Nanoseconds.milliseconds([40, 200, 2_000][Int(random.below(3))])
        outbox.maximumFailures = [2, 4, 12][Int(random.below(3))]
        outbox.firstDelayNanoseconds = Nanoseconds.milliseconds([5, 100][Int(random.below(2))])
        outbox.maximumDelayNanoseconds = Nanoseconds.seconds(1)
        outbox.lanesPerClaim = [1, 1, 2, 64][Int(random.below(4))]
        outbox.messagesPerClaim = [1, 2, 64][Int(random.below(3))]
        outbox.retentionNanoseconds = Nanoseconds.milliseconds([0, 500, 3_600_000][Int(random.below(3))])
        // A lane's lease that is shorter than clocks are apart is over for others before it begins: servers would take lanes from
        // each other for ever. Safe, but never done. Of workers' leases clocks say nothing.
        let apart = outbox.leaseNanoseconds / 2
        maximumSkew = random.below(3) == 0 ? min(apart, Nanoseconds.milliseconds(400)) : 0
        stopsInOrder = random.below(2) == 0
    }
}
