import Scheduling
import TradingCore

/// How messages are sent.
public struct OutboxRules: Hashable, Sendable {
    /// How long a lane belongs to who claimed it; afterwards anybody may send what was not acknowledged.
    public var leaseNanoseconds = Nanoseconds.seconds(60)
    /// How long sending one message may take, less than the lease: longer is a failure, though it may have arrived.
    public var sendNanoseconds = Nanoseconds.seconds(30)
    /// After so many failures in a row a lane is parked until an operator decides.
    public var maximumFailures = 12
    /// The wait after the first failure; it doubles with each one, up to ``maximumDelayNanoseconds``, less up to a quarter
    /// so that lanes that failed together do not try together.
    public var firstDelayNanoseconds = Nanoseconds.seconds(1)
    public var maximumDelayNanoseconds = Nanoseconds.seconds(300)
    public var lanesPerClaim = 64
    /// Of one lane, within one lease.
    public var messagesPerClaim = 64
    public var maximumPayloadBytes = 262_144
    /// How long sent messages are kept, to be looked at and to recognise a name that is put again.
    public var retentionNanoseconds = 7 * Nanoseconds.perDay

    public init() {}

    /// No lane is ready later than this, in nanoseconds from now: one that seems to be was stored by a clock that ran ahead.
    var longestWait: Int64 { max(leaseNanoseconds, maximumDelayNanoseconds) + Nanoseconds.seconds(300) }

    /// - Parameters:
    ///   - failures: in a row, from 1 on.
    ///   - seed: what the share of chance is drawn from.
    func delay(failures: Int, seed: UInt64) -> Int64 {
        let doublings = min(max(failures, 1) - 1, 62)
        let (product, overflow) = firstDelayNanoseconds.multipliedReportingOverflow(by: 1 << Int64(doublings))
        let delay = overflow ? maximumDelayNanoseconds : min(product, maximumDelayNanoseconds)
        var random = SplitMix64(seed: seed)
        return delay - Int64(Double(delay / 4) * random.unit())
    }
}
