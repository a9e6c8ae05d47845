import Exchanges
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import Networking

extension LiveConnectorTests {
    /// A market's stream that talks without a pause, of some time ago.
    @Suite struct LateMarketTests {
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
                    try await harness.pass(seconds: 1)
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
                    try await harness.pass(seconds: 1)
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
                    try await harness.pass(seconds: 1)
                }
                #expect(!hasGap(harness))
            }
        }

        /// A stream that was silent, and speaks again while nobody knows the exchange's clock: its words may be of any time.
        @Test(arguments: [nil, 20_000, 1_700_000_000_000] as [Int64?])
        func `a market under doubt is not told again by words that cannot be judged`(_ age: Int64?) throws {
            let time = ManualTime(Timestamp(nanoseconds: 1_700_000_000_000 * Nanoseconds.perMillisecond))
            let instrument = try Instrument(
                id: InstrumentID(exchange: ExchangeID(rawValue: "binance"), symbol: VenueHarness.symbol),
                unit: BookUnit(price: "0.01", quantity: "0.001"),
                rules: TradingRules(priceRounding: .tick("0.01"), lotSize: "0.001"), fees: .free)
            let known = Mutex(false)
            let feed = MarketFeed(
                instrument, time: time,
                clock: {
                    var clock = ClockOffset()
                    let now = time.now().nanoseconds / Nanoseconds.perMillisecond
                    if known.withLock({ $0 }) { clock.heard(.init(sentAt: now, answeredAt: now, exchangeTime: now)) }
                    return clock
                }
            ) { _ in }
            func tell(_ late: Int64?, _ bid: FixedDecimal) {
                let now = time.now().nanoseconds / Nanoseconds.perMillisecond
                feed.take(
                    .event(
                        .bookChange(
                            BookChange(
                                symbol: VenueHarness.symbol, bids: [PriceLevel(price: bid, amount: "1")], asks: [],
                                time: late.map { now - $0 }))))
            }
            let book = ExchangeBook(
                symbol: VenueHarness.symbol, bids: [PriceLevel(price: "99", amount: "1")],
                asks: [PriceLevel(price: "101", amount: "1")])
            feed.take(.event(.book(book)))
            #expect(feed.lastWord?.bid == 9_900)
            feed.doubt()
            feed.take(.event(.book(book)))
            tell(age, "100")
            // Where words never bear a time, that they come is all there is to go by.
            #expect((feed.lastWord == nil) == (age != nil))
            known.withLock { $0 = true }
            tell(age, "100")
            #expect((feed.lastWord == nil) == (age != nil))
            tell(10, "100.5")
            #expect(feed.lastWord?.bid == 10_050)
        }

        @Test func `without the exchange's clock, health says so; a market is held against it with no account at all`()
            async throws
        {
            try await VenueHarness.with(.binance, prepare: { $0.change { $0.broken = "/api/v3/time" } }) { harness, _ in
                try await harness.wait("it is told") {
                    (try? harness.connector as? DialectConnector)?.venue.clockFault != nil
                }
                #expect(try await harness.connector.fault()?.contains("its clock is not known") == true)
                harness.model.change { $0.broken = nil }
                try await harness.wait("it is known") {
                    (try? harness.connector as? DialectConnector)?.venue.manners.clock.isKnown == true
                }
                #expect(try await harness.connector.fault() == nil)
                let alone = try harness.connectorWithoutAccount()
                let subscription = try await alone.subscribe(VenueHarness.symbol) { _ in }
                try await harness.wait("its clock is known, too") { alone.venue.manners.clock.isKnown }
                subscription.cancel()
                alone.close()
            }
        }
    }
}
