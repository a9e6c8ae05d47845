import Testing
import TradingCore

@Suite("Candle builder")
struct CandleBuilderTests {
    var builder = CandleBuilder(lengthNanoseconds: 60)

    @Test("the first trade opens a candle at the start of its stretch")
    mutating func first() {
        #expect(builder.current == nil)
        #expect(add(100, 5, at: 61) == nil)
        expectCurrent(start: 60, 100, 100, 100, 100, volume: 5, trades: 1)
    }

    @Test("trades of one stretch gather in one candle")
    mutating func gathers() {
        for (price, lots, time) in [(100, 1, 60), (103, 2, 61), (98, 3, 80), (99, 4, 119)] as [(Int64, Int64, Int64)] {
            #expect(add(price, lots, at: time) == nil)
        }
        expectCurrent(start: 60, 100, 103, 98, 99, volume: 10, trades: 4)
    }

    @Test("a trade of a later stretch closes the candle, and a gap leaves none between")
    mutating func closes() {
        _ = add(100, 1, at: 0)
        let closed = add(110, 2, at: 60 * 1_000)
        #expect(closed?.start.nanoseconds == 0)
        #expect(closed?.close.ticks == 100)
        expectCurrent(start: 60_000, 110, 110, 110, 110, volume: 2, trades: 1)
    }

    @Test("a late trade counts into volume and rewrites no price")
    mutating func late() {
        _ = add(100, 1, at: 125)
        #expect(add(500, 7, at: 119) == nil)
        #expect(add(1, 2, at: -1_000) == nil)
        expectCurrent(start: 120, 100, 100, 100, 100, volume: 10, trades: 3)
    }

    @Test(
        "stretches before 1970 are as long as those after",
        arguments: [(-1, -60), (-60, -60), (-61, -120), (0, 0), (59, 0), (60, 60)] as [(Int64, Int64)])
    mutating func negativeTimes(time: Int64, start: Int64) {
        _ = add(100, 1, at: time)
        #expect(builder.current?.start.nanoseconds == start)
    }

    @Test("the first and last moments of time do not stop the program")
    mutating func ends() {
        _ = add(100, 1, at: .min)
        #expect(builder.current?.start == .distantPast)
        let closed = add(101, 1, at: .max)
        #expect(closed?.start == .distantPast)
        #expect(builder.current?.start == Timestamp(nanoseconds: 9_223_372_036_854_775_800))
    }

    @Test("volume stays at the most a quantity can be")
    mutating func hugeVolume() {
        _ = add(100, .max, at: 0)
        _ = add(100, 1, at: 1)
        #expect(builder.current?.volume.lots == .max)
        #expect(builder.current?.trades == 2)
    }

    private mutating func add(_ price: Int64, _ lots: Int64, at time: Int64) -> Candle? {
        builder.add(price: Price(ticks: price), quantity: Quantity(lots: lots), at: Timestamp(nanoseconds: time))
    }

    private func expectCurrent(
        start: Int64, _ open: Int64, _ high: Int64, _ low: Int64, _ close: Int64, volume: Int64, trades: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let candle = builder.current
        #expect(candle?.start.nanoseconds == start, sourceLocation: sourceLocation)
        let prices = candle.map { [$0.open, $0.high, $0.low, $0.close].map(\.ticks) }
        #expect(prices == [open, high, low, close], "open, high, low, close", sourceLocation: sourceLocation)
        #expect(candle?.volume.lots == volume, sourceLocation: sourceLocation)
        #expect(candle?.trades == trades, sourceLocation: sourceLocation)
    }
}
