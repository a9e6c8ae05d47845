import Simulators
import Testing
import TradingCore

@Suite("Statistics of a generated market")
struct MarketStatisticsTests {
    @Test("lie in the bands of the recordings", arguments: StatisticsBands.all, [1, 2, 3] as [UInt64])
    func bands(expected: StatisticsBands, seed: UInt64) {
        var configuration = expected.configuration
        configuration.durationNanoseconds = Nanoseconds.seconds(expected.seconds)
        var market = GeneratedMarket(seed: seed, configuration: configuration)
        var statistics = MarketStatistics(depthSampleSeconds: expected.depthSampleSeconds)
        var records: [MarketRecord] = []
        while market.read(into: &records) {
            for record in records { statistics.add(record) }
            records.removeAll(keepingCapacity: true)
        }
        let reached = statistics.result()
        for (statistic, band) in expected.bands {
            let value = reached[statistic] ?? .nan
            #expect(band.contains(value), "\(expected.name) \(statistic) is \(value)")
        }
    }

    @Test("show a touch quoter losing within a second of its fills", arguments: [1, 2, 3] as [UInt64])
    func adverseSelection(seed: UInt64) throws {
        let outcome = try TouchQuoter.run(seed: seed, seconds: 120)
        #expect(outcome.fills > 100)
        #expect(outcome.markout1s < .zero)
        // Half the spread is 0.0008 basis points; the recordings' passive sides lose 0.49 (BTC) and 0.69 (ETH).
        #expect(outcome.markout1sBasisPoints < -0.2)
    }
}
