import Exchanges
import Execution
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import Networking

/// When a stream that says nothing is noticed: at the moment at which it may be silent no longer, whenever it fell silent.
@Suite struct SilenceWatchTests {
    /// A clock that jumps to wherever the watch sleeps to, and on the way does what is to happen at its moments.
    private final class Script: TimeSource {
        private let manual = ManualTime()
        private let events: Mutex<[(at: Int64, act: @Sendable () -> Void)]> = Mutex([])

        var milliseconds: Int64 { manual.now().nanoseconds / Nanoseconds.perMillisecond }

        func now() -> Timestamp { manual.now() }

        func at(_ milliseconds: Int64, _ act: @escaping @Sendable () -> Void) {
            events.withLock { events in
                events.append((milliseconds, act))
                events.sort { $0.at < $1.at }
            }
        }

        func sleep(until deadline: Timestamp) async throws {
            while let event = events.withLock({ events -> (at: Int64, act: @Sendable () -> Void)? in
                guard let first = events.first, Self.moment(first.at) <= deadline else { return nil }
                return events.removeFirst()
            }) {
                try await manual.sleep(until: Self.moment(event.at))
                event.act()
            }
            try await manual.sleep(until: deadline)
        }

        private static func moment(_ milliseconds: Int64) -> Timestamp {
            Timestamp(nanoseconds: milliseconds * Nanoseconds.perMillisecond)
        }
    }

    /// A watch of a market that may say nothing for ten seconds.
    private final class Bench: Sendable {
        let time = Script()
        let feed: MarketFeed
        /// When the exchange was asked.
        let asked: Mutex<[Int64]> = Mutex([])
        /// What it answers, one after the other; the last again and again.
        let answers: Mutex<[ExchangeBook?]>

        init(_ answers: [ExchangeBook?]) throws {
            let symbol = Symbol(base: AssetID("BTC"), quote: AssetID("USDT"))
            let instrument = Instrument(
                id: InstrumentID(exchange: ExchangeID(rawValue: "binance"), symbol: symbol),
                unit: try BookUnit(price: "0.01", quantity: "0.001"),
                rules: TradingRules(priceRounding: .tick("0.01"), lotSize: "0.001"), fees: .free)
            feed = MarketFeed(instrument, time: time) { _ in }
            self.answers = Mutex(answers)
        }

        static func book(_ bid: FixedDecimal) -> ExchangeBook {
            ExchangeBook(
                symbol: Symbol(base: AssetID("BTC"), quote: AssetID("USDT")),
                bids: [PriceLevel(price: bid, amount: "1")], asks: [PriceLevel(price: "101", amount: "1")])
        }

        /// The stream tells a whole book at a moment.
        func tell(at milliseconds: Int64, _ bid: FixedDecimal = "100") {
            time.at(milliseconds) { [feed] in feed.take(.event(.book(Self.book(bid)))) }
        }

        func run(whileAsked: @escaping @Sendable () async -> Void = {}) async -> String? {
            await SilenceWatch(
                feed: feed, time: time, schedule: ScheduleRegistry().schedule("silence"), silence: 10_000
            ) { [self] in
                asked.withLock { $0.append(time.milliseconds) }
                await whileAsked()
                return answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
            }.run()
        }

        var moments: [Int64] { asked.withLock { $0 } }
    }

    @Test(arguments: [0, 1, 500, 4_999, 5_000, 9_000, 9_999] as [Int64])
    func `a stream that falls silent at once is asked about when the silence is over, not a stretch later`(
        _ last: Int64
    ) async throws {
        let bench = try Bench([Bench.book("99")])
        bench.tell(at: last)
        #expect(await bench.run() == "BTC/USDT is silent though its market moves")
        #expect(bench.moments == [last + 10_000])
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `whenever a stream falls silent, it is noticed ten seconds later to the millisecond`(
        _ seed: UInt64
    ) async throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<50 {
            let bench = try Bench([Bench.book("99")])
            var last: Int64 = 0
            for _ in 0...random.below(20) {
                last += Int64(random.below(10_000))
                bench.tell(at: last)
            }
            #expect(await bench.run() != nil)
            #expect(bench.moments == [last + 10_000], "last told of at \(last)")
        }
    }

    @Test
    func
        `a book that stays crossed though no number was missed is begun anew, one that is crossed for a moment is not`()
        async throws
    {
        // An ask stands at 101. The market goes on telling.
        for moment: Int64 in [1_000, 60_000] {
            let bench = try Bench([Bench.book("100")])
            for second: Int64 in 0..<100 { bench.tell(at: second * 1_000, second * 1_000 >= moment ? "101" : "100") }
            let why = await bench.run()
            #expect(why?.contains("at or above an ask") == true, "\(why ?? "-")")
            #expect(bench.time.milliseconds <= moment + 12_000)
        }
        let brief = try Bench([Bench.book("100"), Bench.book("99")])
        for second: Int64 in 0..<60 { brief.tell(at: second * 1_000 + 1, second % 10 < 2 ? "102" : "100") }
        #expect(await brief.run() == "BTC/USDT is silent though its market moves")
    }

    @Test func `a quiet market that the exchange confirms goes on, and is asked about every ten seconds`() async throws
    {
        let bench = try Bench([Bench.book("100"), Bench.book("100"), Bench.book("100"), Bench.book("99")])
        bench.tell(at: 2_000)
        #expect(await bench.run() == "BTC/USDT is silent though its market moves")
        #expect(bench.moments == [12_000, 22_000, 32_000, 42_000])
    }

    @Test func `what comes while the exchange is asked counts from when it came`() async throws {
        let bench = try Bench([Bench.book("100"), Bench.book("99")])
        bench.tell(at: 0)
        let isFirst = Mutex(true)
        let why = await bench.run { [time = bench.time, feed = bench.feed] in
            guard
                isFirst.withLock({ first in
                    defer { first = false }
                    return first
                })
            else { return }
            // The answer takes four seconds; the stream tells something after one.
            time.at(11_000) { feed.take(.event(.book(Bench.book("100")))) }
            try? await time.sleep(until: Timestamp(nanoseconds: 14 * Nanoseconds.perSecond))
        }
        #expect(why == "BTC/USDT is silent though its market moves")
        #expect(bench.moments == [10_000, 21_000])
    }

    @Test func `an exchange that does not answer either is given up after three questions`() async throws {
        let bench = try Bench([nil])
        bench.tell(at: 3_000)
        #expect(await bench.run() == "BTC/USDT is silent, and the exchange does not answer")
        #expect(bench.moments == [13_000, 23_000, 33_000])
    }

    @Test func `a stream that never told a book begins anew after three stretches, unasked`() async throws {
        let bench = try Bench([nil])
        #expect(await bench.run() == "BTC/USDT has had no book for a while")
        #expect(bench.time.milliseconds == 30_000 && bench.moments.isEmpty)
    }

    @Test func `nobody is told when the watch is cancelled`() async throws {
        let bench = try Bench([Bench.book("100")])
        bench.tell(at: 0)
        let watching = Task { await bench.run() }
        watching.cancel()
        #expect(await watching.value == nil)
    }
}
