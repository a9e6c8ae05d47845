import Exchanges
import Scheduling
import Synchronization
import Testing
import TradingCore

@testable import Networking

extension LiveConnectorTests {
    /// A market's stream that talks without a pause, of some time ago.
    @Suite struct LateMarketTests {
        private func sleep(_ harness: VenueHarness, seconds: Int64) async throws {
            try await harness.time.sleep(until: harness.time.now().advanced(byNanoseconds: seconds * 1_000_000_000))
        }

        /// Changes that leave the best prices as they are.
        private func chatter(_ harness: VenueHarness) {
            harness.model.changeBook(.sell, "100.02", harness.time.milliseconds % 2 == 0 ? "3" : "4")
        }

        private func hasGap(_ harness: VenueHarness) -> Bool { harness.market.contains { $0.kind == .gap } }

        @Test(arguments: Tongue.allCases)
        func `a stream that talks and is twenty seconds late is not traded on, however often it begins anew`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, _ in
                try await harness.wait("the book is there") { harness.bestPrices?.bid == "99.99" }
                for _ in 0..<15 {
                    chatter(harness)
                    try await sleep(harness, seconds: 1)
                }
                #expect(!hasGap(harness), "one that is in time is left alone")
                harness.model.change { $0.marketLateness = 20_000 }
                let begun = harness.time.milliseconds
                try await harness.wait("the gap is told") {
                    chatter(harness)
                    return hasGap(harness)
                }
                // Its first late word comes after twenty seconds; then two more, and what a busy machine adds.
                #expect(harness.time.milliseconds - begun < 50_000)
                #expect(harness.log.text.contains("ms late"))
                harness.forget()
                // Two lives of a connection without a book.
                for _ in 0..<70 {
                    chatter(harness)
                    try await sleep(harness, seconds: 1)
                }
                #expect(harness.market.isEmpty, "\(harness.market.prefix(3))")
                harness.model.change { $0.marketLateness = 0 }
                try await harness.wait("it is healed") {
                    chatter(harness)
                    return harness.market.contains { $0.kind == .reset } && harness.bestPrices?.bid == "99.99"
                }
                let truth = harness.model.read { contents in contents.asks.map(\.amount.text) }
                try await harness.wait("the book is the exchange's own") { harness.askAmounts == truth }
            }
        }

        /// As after a machine has slept, or the exchange's clock was set: what is wrong is the time that we compare with.
        @Test(arguments: [-240_000, 240_000] as [Int64])
        func `a clock that is set makes a market late for a moment, not for good`(_ skew: Int64) async throws {
            try await VenueHarness.with(.binance) { harness, _ in
                try await harness.wait("the book is there") { harness.bestPrices != nil }
                let connector = try #require(try harness.connector as? DialectConnector)
                func offset() -> Int64 { connector.venue.manners.clock.offset(at: harness.time.milliseconds) ?? 0 }
                harness.model.clockSkew.withLock { $0 = skew }
                try await harness.wait("the clock is measured anew") {
                    chatter(harness)
                    return abs(offset() - skew) < 2_000
                }
                harness.forget()
                try await harness.wait("it is traded on") {
                    chatter(harness)
                    return harness.market.contains { $0.kind == .level }
                }
                harness.forget()
                for _ in 0..<30 {
                    chatter(harness)
                    try await sleep(harness, seconds: 1)
                }
                #expect(!hasGap(harness))
            }
        }
    }
}
