import TradingCore

extension MarketGeneratorConfiguration {
    /// Like BTC/USDT at Binance, for a ``BookUnit`` of price 0.01 and quantity 10⁻⁸: a tick is next to nothing, the
    /// spread is one tick, the touch is deep and everything behind it sparse.
    public static let liquid = MarketGeneratorConfiguration(
        startPrice: Price(ticks: 6_000_000), meanTrade: Quantity(lots: 2_000_000), quantityStep: Quantity(lots: 1_000),
        worth: EfficientPrice.Parameters(
            newsPerSecond: 0.6, newsBasisPoints: 1.02, jumpShare: 0.0003, jumpFactor: 6, returnShare: 1.6e-6,
            activityDeviation: 0.4, activitySeconds: 120),
        parents: ParentOrders.Parameters(
            ordersPerSecond: 5, pieceShare: 0.55, endChance: 0.08, imbalanceWeight: 0.6, wideSpreadShare: 0.3,
            meanSize: 4.2, sizeShape: 2.6, meanPrint: 4.2, printShape: 1.9, reachTicks: 100, impactBasisPoints: 0.01),
        quoting: QuotingParameters(
            quoteEdgeTicks: -40, staleEdgeTicks: -60, informedPerSecond: 130, informedSize: 3.8, informedGainTicks: 500,
            pullsPerSecond: 220, wholePullShare: 0.6, onwardPullShare: 0.8, closesPerSecond: 500, firstQuote: 6),
        touch: TouchParameters(
            joinsPerSecond: 18, meanJoin: 18, cancelsPerSecond: 15, meanCancelShare: 0.2, followWeight: 0.5,
            followTicks: 60),
        depth: DepthParameters(
            changesPerSecond: 75, reachTicks: 20_000, nearSpacing: 35, farSpacing: 20, nearSize: 6, farSize: 7,
            farTicks: 4_000, sizeShape: 1, removeShare: 0.5))

    /// Like NEXO/USDT at Binance, for a ``BookUnit`` of price 0.001 and quantity 10⁻⁸: a tick is 8 basis points, a trade
    /// comes every few seconds, and every tick has a level.
    public static let thin = MarketGeneratorConfiguration(
        startPrice: Price(ticks: 1_224), meanTrade: Quantity(lots: 7_000_000_000),
        quantityStep: Quantity(lots: 1_000_000),
        worth: EfficientPrice.Parameters(
            newsPerSecond: 0.033, newsBasisPoints: 2.4, jumpShare: 0.03, jumpFactor: 5, returnShare: 2e-5,
            activityDeviation: 0.5, activitySeconds: 3_600),
        parents: ParentOrders.Parameters(
            ordersPerSecond: 0.055, pieceShare: 0.55, endChance: 0.25, imbalanceWeight: 0.5, wideSpreadShare: 0.5,
            meanSize: 3.3, sizeShape: 1.7, meanPrint: 5, printShape: 1.6, reachTicks: 1, impactBasisPoints: 0.5),
        quoting: QuotingParameters(
            quoteEdgeTicks: 0.1, staleEdgeTicks: 0, informedPerSecond: 8, informedSize: 2.2, informedGainTicks: 1,
            pullsPerSecond: 8, wholePullShare: 0.6, onwardPullShare: 0.8, closesPerSecond: 1, firstQuote: 3),
        touch: TouchParameters(
            joinsPerSecond: 0.07, meanJoin: 2.5, cancelsPerSecond: 0.08, meanCancelShare: 0.4, followWeight: 0.5,
            followTicks: 0.5),
        depth: DepthParameters(
            changesPerSecond: 0.5, reachTicks: 100, nearSpacing: 0.1, farSpacing: 0.3, nearSize: 14, farSize: 20,
            farTicks: 4, sizeShape: 0.8, removeShare: 0.05))
}
