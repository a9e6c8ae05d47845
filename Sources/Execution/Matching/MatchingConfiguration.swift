/// How a resting order of ours advances among recorded volume at its price.
public enum QueueModel: UInt8, Sendable, CaseIterable {
    /// Only trades advance it: every cancel is assumed to come from behind. The most cautious.
    case tradesOnly
    /// A cancel comes from ahead in proportion to the volume ahead.
    case proportional
    /// Cancels come from ahead first. The most hopeful.
    case front
}

/// How much of a resting order one event fills.
public enum FillModel: UInt8, Sendable {
    /// As much as there was recorded volume on the other side, at or beyond our price.
    case recordedVolume
    /// All of it, whatever the volume, and own orders consume nothing: hftbacktest's `no_partial_fill_exchange`
    /// (nkaz001/hftbacktest, docs/order_fill.rst), for comparison only.
    case whole
}

public struct MatchingConfiguration: Sendable {
    public var queueModel: QueueModel
    public var fillModel: FillModel
    /// For how long a drop of a level waits for the trade that explains it, and a trade for its drop, before the drop
    /// counts as cancels; never more than twice as long. 0 where both come in one message (`.mme`). On Binance the two
    /// travel on separate streams; recordings show trades up to 219 ms behind.
    public var reportWindowNanoseconds: Int64
    /// Prevented self-trades are noted in ``MatchingEngine/preventions``, for a driver that takes them.
    public var notesPreventions = false

    public init(
        queueModel: QueueModel = .tradesOnly, fillModel: FillModel = .recordedVolume,
        reportWindowNanoseconds: Int64 = 0
    ) {
        self.queueModel = queueModel
        self.fillModel = fillModel
        self.reportWindowNanoseconds = reportWindowNanoseconds
    }
}
