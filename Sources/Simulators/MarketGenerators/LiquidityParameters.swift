/// How market makers quote: at what distance from the asset's worth, how fast they follow it, and how much they show.
struct QuotingParameters: Hashable, Codable, Sendable {
    /// The least distance from the asset's worth at which a new quote is placed, in ticks; negative: quotes may lie
    /// beyond it.
    var quoteEdgeTicks: Double
    /// A quote nearer to the worth than this is stale, in ticks; at most ``quoteEdgeTicks``.
    var staleEdgeTicks: Double
    /// Informed orders per second against a stale quote.
    var informedPerSecond: Double
    /// Mean size of an informed order that finds little to gain, in mean trades.
    var informedSize: Double
    /// The gain, in ticks, that doubles the size of an informed order; four times at most.
    var informedGainTicks: Double
    /// Withdrawals per second of stale quotes.
    var pullsPerSecond: Double
    /// Chance that a withdrawal takes all of the touch, instead of half.
    var wholePullShare: Double
    /// Chance that it goes on to the next stale level.
    var onwardPullShare: Double
    /// Quotes per second that narrow a spread of more than a tick.
    var closesPerSecond: Double
    /// Mean quantity of such a quote, in mean trades.
    var firstQuote: Double
}

/// How the queues at the touch grow and shrink while the price stands.
struct TouchParameters: Hashable, Codable, Sendable {
    /// Orders per second that join each side's touch, at activity 1.
    var joinsPerSecond: Double
    /// Mean size of such an order, in mean trades.
    var meanJoin: Double
    /// Cancels per second at each side's touch, at activity 1.
    var cancelsPerSecond: Double
    /// Mean share of the touch that a cancel takes.
    var meanCancelShare: Double
    /// How much joins and cancels lean to the side that the worth leans to: 0 not at all, 1 wholly.
    var followWeight: Double
    /// Distance of the worth from the mid at which they lean wholly, in ticks.
    var followTicks: Double
}

/// How the levels behind the touch come and go.
struct DepthParameters: Hashable, Codable, Sendable {
    /// Changes per second on each side.
    var changesPerSecond: Double
    /// Levels lie within so many ticks of their side's best.
    var reachTicks: Int64
    /// Mean ticks from level to level at the touch, and beyond ``farTicks``.
    var nearSpacing: Double
    var farSpacing: Double
    /// Mean quantity of a level at the touch, and beyond ``farTicks``, in mean trades.
    var nearSize: Double
    var farSize: Double
    /// From here on, in ticks from the best, levels are as far ones are.
    var farTicks: Double
    /// Deviation of the logarithm of a level's quantity.
    var sizeShape: Double
    /// Chance that a change of a level removes it.
    var removeShare: Double
}
