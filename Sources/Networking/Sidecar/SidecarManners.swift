import TradingCore

/// How long anybody waits for the sidecar. Nanoseconds.
public struct SidecarManners: Hashable, Sendable {
    /// From its start to the first word: Python reads some megabytes of code first.
    public var startLimit = Nanoseconds.seconds(60)
    public var heartbeat = Nanoseconds.seconds(2)
    /// Silent for so long, it is hung: killed and started again. Above what the largest list of markets takes to read.
    public var silenceLimit = Nanoseconds.seconds(20)
    /// How long past a request's deadline its answer is waited for: the sidecar keeps deadlines itself.
    public var grace = Nanoseconds.seconds(1)
    /// Before a subscription that failed is tried again.
    public var resubscribeAfter = Nanoseconds.seconds(2)
    public var shortestRestart: Int64 = 250
    public var longestRestart: Int64 = 30_000

    public init() {}
}
