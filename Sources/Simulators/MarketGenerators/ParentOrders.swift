import Scheduling
import TradingCore

/// Uninformed aggressors. Large orders are cut into many small ones, so that the same side comes again and again; between
/// them come strangers, who prefer to trade with the thinner side of the book.
struct ParentOrders: Codable, Sendable {
    struct Parameters: Hashable, Codable, Sendable {
        /// Aggressive orders per second at activity 1.
        var ordersPerSecond: Double
        /// Share of the aggressive orders that are pieces of a large one.
        var pieceShare: Double
        /// Chance that a large order is done after a piece and another begins, on either side.
        var endChance: Double
        /// How much a one-sided touch attracts strangers: 0 not at all, 1 wholly.
        var imbalanceWeight: Double
        /// Share of the orders that still come while the spread is wider than a tick.
        var wideSpreadShare: Double
        /// Mean size of an order, in mean trades.
        var meanSize: Double
        /// Deviation of the size's logarithm.
        var sizeShape: Double
        /// Mean size of the resting orders met, in mean trades: one trade prints for each.
        var meanPrint: Double
        /// Deviation of the logarithm of that size.
        var printShape: Double
        /// How far beyond the touch an order walks, in ticks.
        var reachTicks: Int64
        /// What an order of mean size teaches about the asset's worth, in basis points; others by the root of their size.
        var impactBasisPoints: Double
    }

    let parameters: Parameters
    private var side = Side.buy

    init(_ parameters: Parameters) { self.parameters = parameters }

    /// The next order's side.
    /// - Parameter imbalance: bid less ask quantity at the touch over their sum.
    mutating func nextSide(imbalance: Double, _ random: inout SplitMix64) -> Side {
        if random.chance(parameters.pieceShare) {
            if random.chance(parameters.endChance) { side = random.chance(0.5) ? .buy : .sell }
            return side
        }
        return random.chance(0.5 + 0.5 * parameters.imbalanceWeight * imbalance) ? .buy : .sell
    }

    /// The next order's size, in mean trades.
    func nextSize(_ random: inout SplitMix64) -> Double {
        parameters.meanSize * random.logNormal(shape: parameters.sizeShape)
    }
}
