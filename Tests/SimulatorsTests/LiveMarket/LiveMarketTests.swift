import Exchanges
import Logging
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import Simulators

@Suite("A live market")
struct LiveMarketTests {
    static func record(
        _ kind: MarketRecord.Kind, at seconds: Int64, _ side: Side = .buy, _ price: Int64 = 0, _ lots: Int64 = 0,
        isLast: Bool = true
    ) -> MarketRecord {
        MarketRecord(
            time: Timestamp(nanoseconds: seconds * 1_000_000_000), kind: kind, side: side, price: Price(ticks: price),
            quantity: Quantity(lots: lots), isLast: isLast)
    }

    static func book(at seconds: Int64) -> [MarketRecord] {
        [
            record(.reset, at: seconds, isLast: false),
            record(.snapshot, at: seconds, .buy, 5_999_000, 200_000_000, isLast: false),
            record(.snapshot, at: seconds, .sell, 6_001_000, 200_000_000),
        ]
    }

    private func kinds(_ market: LiveMarket, until seconds: Int64) -> [MarketRecord.Kind] {
        market.take(until: Timestamp(nanoseconds: seconds * 1_000_000_000)).map(\.kind)
    }

    @Test("It begins with a gap, and takes nothing before a whole book")
    func begins() {
        let market = LiveMarket(name: "test")
        market.put([Self.record(.level, at: 1, .buy, 5, 5)])
        #expect(market.heardAt == nil)
        market.put(Self.book(at: 2))
        market.put([Self.record(.trade, at: 3, .buy, 5, 5)])
        #expect(kinds(market, until: 2) == [.gap, .reset, .snapshot, .snapshot])
        #expect(kinds(market, until: 9) == [.trade] && kinds(market, until: 9) == [])
        #expect(market.heardAt == Timestamp(nanoseconds: 3_000_000_000))
    }

    @Test("After a gap, told or found out, changes are left out until the next whole book")
    func gaps() {
        let market = LiveMarket(name: "test")
        market.put(Self.book(at: 1))
        market.put([Self.record(.gap, at: 2)])
        market.put([Self.record(.level, at: 3, .buy, 5, 5)])
        market.lose(at: Timestamp(nanoseconds: 3_000_000_000))
        #expect(kinds(market, until: 9) == [.gap, .reset, .snapshot, .snapshot, .gap])
        market.put(Self.book(at: 4))
        market.lose(at: Timestamp(nanoseconds: 5_000_000_000))
        market.put([Self.record(.level, at: 6, .buy, 5, 5)])
        #expect(kinds(market, until: 9) == [.reset, .snapshot, .snapshot, .gap] && market.heardAt == nil)
    }

    @Test("More than can wait is a lost market, not a part of one")
    func overrun() {
        let market = LiveMarket(name: "test", capacity: 6)
        market.put(Self.book(at: 1))
        market.put([Self.record(.trade, at: 2), Self.record(.trade, at: 2), Self.record(.trade, at: 2)])
        #expect(market.takeOverrun() && !market.takeOverrun())
        #expect(kinds(market, until: 9) == [.gap])
        market.put([Self.record(.trade, at: 3)])
        #expect(kinds(market, until: 9) == [])
    }

    // MARK: - The feed

    /// Tells what a test wants when it is subscribed to, and counts that.
    private final class Mouth: ExchangeConnector {
        let id = ExchangeID(rawValue: "mouth")
        let displayName = "Mouth"
        let acceptanceWindow: Int64 = 0
        let marksOwnOrders = true
        /// Raised when the last that a test wants to see has passed.
        let isDone = Signal()
        private let limit: Int
        private let state = Mutex<(subscribed: Int, cancelled: Int)>((0, 0))
        private let tell: @Sendable (Int, @Sendable ([MarketRecord]) -> Void) throws(ConnectorError) -> Void

        /// - Parameter limit: how often it may be subscribed to; who comes once more waits.
        init(
            limit: Int,
            _ tell: @escaping @Sendable (Int, @Sendable ([MarketRecord]) -> Void) throws(ConnectorError) -> Void
        ) {
            self.limit = limit
            self.tell = tell
        }

        var counts: (subscribed: Int, cancelled: Int) { state.withLock { $0 } }

        func instruments() async throws(ConnectorError) -> [Instrument] { [] }
        func account(_ label: String) async throws(ConnectorError) -> any ExchangeAccount {
            throw .unknownAccount(label)
        }

        func subscribe(
            _ symbol: Symbol, _ sink: @escaping @Sendable ([MarketRecord]) -> Void
        ) async throws(ConnectorError) -> Subscription {
            let number = state.withLock { state in
                state.subscribed += 1
                return state.subscribed
            }
            if number > limit {
                isDone.raise()
                await Signal().wait()
                throw .unreachable("the test is over")
            }
            try tell(number, sink)
            return Subscription { [self] in state.withLock { $0.cancelled += 1 } }
        }
    }

    private static let symbol = Symbol(base: "BTC", quote: "USDT")

    /// Sleeping jumps: the feed lives through as much time as it wants until it has subscribed as often as it may.
    private func run(_ mouth: Mouth, _ market: LiveMarket) async -> ManualTime {
        let time = ManualTime(Timestamp(nanoseconds: 10_000_000_000))
        let feed = LiveFeed(
            mouth, Self.symbol, into: market, patience: 5_000_000_000, time: time,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let task = Task { await feed.run() }
        await mouth.isDone.wait()
        task.cancel()
        await task.value
        return time
    }

    @Test("Silent for longer than its patience, the market is lost and its stream begun anew")
    func silence() async {
        let market = LiveMarket(name: "test")
        let mouth = Mouth(limit: 2) { number, sink in sink(Self.book(at: number == 1 ? 10 : 100)) }
        let time = await run(mouth, market)
        #expect(mouth.counts.subscribed == 3 && mouth.counts.cancelled == 2)
        #expect(time.now() >= Timestamp(nanoseconds: 15_000_000_000))
        let kinds = kinds(market, until: 1_000_000)
        #expect(kinds.prefix(5) == [.gap, .reset, .snapshot, .snapshot, .gap])
    }

    @Test("An exchange that cannot be heard is tried again")
    func unreachable() async {
        let market = LiveMarket(name: "test")
        let mouth = Mouth(limit: 4) { (number, sink) throws(ConnectorError) in
            if number < 4 { throw .unreachable("gone") }
            sink(Self.book(at: 1_000))
        }
        _ = await run(mouth, market)
        #expect(mouth.counts.subscribed == 5 && mouth.counts.cancelled == 1)
        #expect(kinds(market, until: 1_000_000).prefix(2) == [.gap, .reset])
    }
}
