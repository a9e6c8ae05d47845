import Simulators
import Testing
import TradingCore

@Suite("Generated market")
struct GeneratedMarketTests {
    @Test(
        "is the same for the same seed, on every machine",
        arguments: [
            (MarketGeneratorConfiguration.liquid, UInt64(13_564_000_077_383_382_058)),
            (.thin, UInt64(11_423_726_776_744_554_308)),
        ])
    func deterministic(configuration: MarketGeneratorConfiguration, pinned: UInt64) {
        let hash = hash(seed: 1, configuration)
        #expect(hash == pinned, "the generated market changed: every result made with it does, too")
        #expect(hash == self.hash(seed: 1, configuration))
        #expect(hash != self.hash(seed: 2, configuration))
    }

    @Test("goes on the same way from a copy")
    func value() {
        var market = GeneratedMarket(seed: 7)
        var records: [MarketRecord] = []
        _ = market.read(into: &records)
        var copy = market
        var (first, second): ([MarketRecord], [MarketRecord]) = ([], [])
        _ = market.read(into: &first)
        _ = copy.read(into: &second)
        #expect(first == second)
        #expect(market.eventCount == records.count + first.count)
    }

    @Test("ends when it shall, with whole messages, and tells how far it is")
    func ends() throws {
        var configuration = MarketGeneratorConfiguration.liquid
        configuration.durationNanoseconds = Nanoseconds.seconds(30)
        var market = GeneratedMarket(seed: 3, configuration: configuration)
        #expect(market.progress == 0)
        var records: [MarketRecord] = []
        while market.read(into: &records) {}
        let last = try #require(records.last)
        #expect(last.isLast)
        #expect(last.time <= configuration.start.advanced(byNanoseconds: Nanoseconds.seconds(30)))
        #expect(last.time > configuration.start.advanced(byNanoseconds: Nanoseconds.seconds(29)))
        #expect(market.progress == 1)
        #expect(market.eventCount == records.count)
        let goesOn = market.read(into: &records)
        #expect(!goesOn)
        #expect(market.eventCount == records.count)
    }

    @Test("keeps what a feed promises", arguments: [MarketGeneratorConfiguration.liquid, .thin], [1, 2] as [UInt64])
    func promises(configuration: MarketGeneratorConfiguration, seed: UInt64) {
        var market = GeneratedMarket(seed: seed, configuration: configuration)
        var check = PromiseCheck()
        var records: [MarketRecord] = []
        while check.recordCount < 60_000, check.problem == nil {
            records.removeAll(keepingCapacity: true)
            guard market.read(into: &records) else { break }
            for record in records { check.add(record) }
        }
        #expect(check.problem == nil)
        #expect(check.tradeCount > 1_000)
    }

    @Test("needs no more memory the longer it runs", arguments: [MarketGeneratorConfiguration.liquid, .thin])
    func bounded(configuration: MarketGeneratorConfiguration) {
        #if DEBUG
        let limit = 200_000
        #else
        let limit = 5_000_000
        #endif
        var market = GeneratedMarket(seed: 5, configuration: configuration)
        var book = OrderBook()
        var records: [MarketRecord] = []
        var (mostLevels, longestRead) = (0, 0)
        while market.eventCount < limit, market.read(into: &records) {
            for record in records { book.apply(record) }
            mostLevels = max(mostLevels, book.bids.levelCount, book.asks.levelCount)
            longestRead = max(longestRead, records.count)
            records.removeAll(keepingCapacity: true)
        }
        #expect(mostLevels < 3_000)
        #expect(longestRead < 8_192)
    }

    /// FNV-1a of the first 100,000 records.
    private func hash(seed: UInt64, _ configuration: MarketGeneratorConfiguration) -> UInt64 {
        var market = GeneratedMarket(seed: seed, configuration: configuration)
        var records: [MarketRecord] = []
        while records.count < 100_000, market.read(into: &records) {}
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ word: Int64) { hash = (hash ^ UInt64(bitPattern: word)) &* 0x100_0000_01B3 }
        for record in records.prefix(100_000) {
            add(record.time.nanoseconds)
            add(Int64(record.kind.rawValue) << 8 | Int64(record.side.rawValue) << 1 | (record.isLast ? 1 : 0))
            add(record.price.ticks)
            add(record.quantity.lots)
        }
        return hash
    }
}
