import Simulators
import Testing
import TradingCore

/// Where a generated market's statistics must lie: bands from recordings of Binance (BTC/USDT and ETH/USDT, six minutes;
/// NEXO/USDT, 20 hours). `docs/market-generator.md` shows what is reached.
struct StatisticsBands: Sendable, CustomTestStringConvertible {
    var name: String
    var configuration: MarketGeneratorConfiguration
    var seconds: Int64
    var depthSampleSeconds: Int64
    var bands: [MarketStatistic: ClosedRange<Double>]

    var testDescription: String { name }

    static let all = [liquid, thin]

    /// From half the lower of BTC's and ETH's value to twice the higher, unless noted; both values stand behind.
    static let liquid = StatisticsBands(
        name: "liquid", configuration: .liquid, seconds: 600, depthSampleSeconds: 10,
        bands: [
            .spreadTicks: 1...7.1,  // 3.57, 1.06
            .oneTickShare: 0.9825...0.9976,  // 0.993, 0.995; from the lowest to the highest minute
            .touchDepth: 17...209,  // 104, 34
            .depth10: 802...4_050,  // 2024, 1604
            .depth25: 2_266...9_804,  // 4532, 4902
            .depth50: 2_697...13_790,  // 5394 (its recording ends at 33 basis points), 6895
            .tradesPerSecond: 8.8...56.4,  // 28.2, 17.7
            .tradesPerOrder: 1.5...6.3,  // 3.01, 3.17
            .midChangesPerSecond: 3.4...15.5,  // 7.7, 6.7
            // Upper ends: highest minute of either, for twice the value would be no bound.
            .signs1: 0.39...0.859,  // 0.783, 0.841
            .signs2: 0.37...0.815,  // 0.737, 0.776
            .signs5: 0.34...0.776,  // 0.672, 0.679
            .signs10: 0.26...0.726,  // 0.599, 0.526
            .deviation100ms: 0.14...0.72,  // 0.358, 0.283
            .deviation1s: 0.55...2.31,  // 1.155, 1.095
            .deviation10s: 1.72...7.02,  // 3.51, 3.44
            .varianceRatio1s: 0.52...2.99,  // 1.04, 1.49
            .varianceRatio10s: 0.46...1.97,  // 0.92, 0.99
            .kurtosis1s: 5.2...50.1,  // 25.1, 10.5
            .orderMarkout1s: -1.39...(-0.24),  // -0.49, -0.69
        ])

    /// The tenth to the ninetieth percentile of NEXO's hours, unless noted; the whole recording's value stands behind.
    static let thin = StatisticsBands(
        name: "thin", configuration: .thin, seconds: 72_000, depthSampleSeconds: 60,
        bands: [
            .spreadTicks: 1.039...1.411,  // 1.217
            .oneTickShare: 0.617...0.961,  // 0.786
            .touchDepth: 3.1...16.8,  // 7.2
            .depth10: 2.47...12.8,  // 7.1
            .depth25: 21.2...64.7,  // 40.6
            .depth50: 57.7...151.7,  // 102.7
            .tradesPerSecond: 0.083...0.227,  // 0.140
            .tradesPerOrder: 1.69...2.36,  // 2.06
            .midChangesPerSecond: 0.025...0.099,  // 0.062
            .signs1: 0.479...0.695,  // 0.623
            .signs2: 0.293...0.547,  // 0.426
            .signs5: 0.058...0.375,  // 0.232
            .signs10: -0.048...0.232,  // 0.131
            .deviation100ms: 0.211...0.464,  // 0.424
            .deviation1s: 0.676...1.526,  // 1.277
            .deviation10s: 2.06...5.18,  // 3.79
            .varianceRatio1s: 0.8...1.085,  // 0.908; the tenth percentile is 0.915: ours bounces a little more
            .varianceRatio10s: 0.698...0.973,  // 0.883
            .kurtosis1s: 84.7...1_196,  // 1196, above every hour's, so the upper end is its own
            .orderMarkout1sHalfSpreads: 0.344...0.755,  // 0.452: quoting at the touch pays before fees
        ])
}
