public import MarketData
public import TradingCore

/// A market that never was: endless, seeded, with the statistics of recorded ones and the losses they inflict on whoever
/// quotes at the touch. `docs/market-generator.md` has the model and what it reaches.
///
/// The same seed and configuration give the same records on every machine. Promises, as for a recorded `.mme` file:
/// - first a reset and a full snapshot, in one message;
/// - at the end of a message the book is neither crossed nor locked, and each side holds at least 20 levels;
/// - a trade prints at the touch for at most what rests there, and the level's new quantity follows in the same message;
/// - times never decrease, and memory is fixed from the start.
public struct GeneratedMarket: MarketSource, Codable, Sendable {
    public private(set) var eventCount = 0
    private var flow: MarketFlow
    private let end: Timestamp

    /// - Parameter configuration: its prices must leave room for the book, see
    ///   ``MarketGeneratorConfiguration/startPrice``.
    public init(seed: UInt64, configuration: MarketGeneratorConfiguration = .liquid) {
        precondition(
            configuration.startPrice.ticks >= 8 * configuration.depth.reachTicks
                && configuration.startPrice.ticks <= BookSide.maximumTicks / 8,
            "the book would leave the range of prices")
        precondition(configuration.quantityStep.lots > 0 && configuration.meanTrade.lots > 0, "nothing to trade")
        flow = MarketFlow(seed: seed, configuration: configuration)
        end = configuration.end
    }

    /// Of the configured duration; 0 for a market without end.
    public var progress: Double {
        guard let duration = flow.configuration.durationNanoseconds, duration > 0 else { return 0 }
        return min(1, Double(flow.now.nanoseconds(since: flow.configuration.start)) / Double(duration))
    }

    /// Records per read after which no further message is begun.
    private static let recordsPerRead = 4_096

    public mutating func read(into records: inout [MarketRecord]) -> Bool {
        let start = records.count
        var whole = start
        if eventCount == 0 { flow.open(into: &records) }
        while records.count - start < GeneratedMarket.recordsPerRead, flow.now <= end {
            whole = records.count
            flow.step(into: &records)
        }
        // The last step may have been taken past the end.
        if flow.now > end { records.removeSubrange(whole...) }
        eventCount += records.count - start
        return records.count > start
    }
}
