import Testing
import TradingCore

@testable import Simulators

@Suite("Names of streams, candles and numbers")
struct StreamTopicTests {
    @Test(
        "Streams by name",
        arguments: [
            ("btcusdt@depth", .depth("BTCUSDT", .slow)), ("btcusdt@depth@100ms", .depth("BTCUSDT", .fast)),
            ("btcusdt@depth@1000ms", .depth("BTCUSDT", .slow)), ("btcusdt@depth@10ms", nil),
            ("btcusdt@depth20@100ms", .partialDepth("BTCUSDT", levels: 20, .fast)), ("btcusdt@depth7", nil),
            ("btcusdt@kline_1M", .candle("BTCUSDT", .month, offset: 0)),
            ("btcusdt@kline_1m@+08:00", .candle("BTCUSDT", .minute, offset: 28_800)), ("btcusdt@kline_7m", nil),
            ("!miniTicker@arr", .allMiniTickers), ("btcusdt@trade", .trade("BTCUSDT")), ("btcusdt", nil),
            ("@trade", nil), ("btcusdt@trade@x", nil), ("", nil),
            ("btcusdt@ticker_4h", .rollingTicker("BTCUSDT", hours: 4)),
        ] as [(String, StreamTopic?)])
    func topics(name: String, topic: StreamTopic?) {
        #expect(StreamTopic(name) == topic)
    }

    @Test(
        "Paths that take a WebSocket",
        arguments: [
            ("/ws", .streams(isCombined: false, streams: [])), ("/ws/0", .streams(isCombined: false, streams: [])),
            ("/ws/btcusdt@trade", .streams(isCombined: false, streams: ["btcusdt@trade"])),
            ("/ws/a@trade/b@trade", .streams(isCombined: false, streams: ["a@trade", "b@trade"])),
            ("/stream", .streams(isCombined: true, streams: [])), ("/ws-api/v3", .api), ("/api/v3/ping", nil),
            ("/", nil),
        ] as [(String, SpotExchange.SocketKind?)])
    func paths(path: String, kind: SpotExchange.SocketKind?) {
        #expect(SpotExchange.socketKind(path, query: []) == kind)
    }

    /// Milliseconds; checked against a calendar. 1 700 000 000 is 2023-11-14T22:13:20Z, a Tuesday.
    @Test(
        "Where candles start and end",
        arguments: [
            (CandleInterval.second, 1_700_000_000, 1_700_000_001), (.minute, 1_699_999_980, 1_700_000_040),
            (.hours4, 1_699_992_000, 1_700_006_400), (.day, 1_699_920_000, 1_700_006_400),
            (.week, 1_699_833_600, 1_700_438_400), (.month, 1_698_796_800, 1_701_388_800),
        ])
    func intervals(interval: CandleInterval, start: Int64, end: Int64) {
        let moment = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
        #expect(interval.start(of: moment).nanoseconds == start * 1_000_000_000)
        #expect(interval.end(of: interval.start(of: moment)).nanoseconds == end * 1_000_000_000)
    }

    @Test("February of a leap year and the turn of a year end where they should")
    func months() {
        func ends(_ start: Int64) -> Int64 {
            CandleInterval.month.end(of: Timestamp(nanoseconds: start * 1_000_000_000)).nanoseconds / 1_000_000_000
        }
        #expect(ends(1_706_745_600) == 1_709_251_200)
        #expect(ends(1_701_388_800) == 1_704_067_200)
    }

    @Test("Candles are filled in where nothing traded")
    func quiet() {
        var candles = SpotCandles()
        for (id, second, ticks) in [(1, 10, 100), (2, 20, 110), (3, 200, 90)] as [(Int64, Int64, Int64)] {
            candles.add(
                PublicTrade(
                    id: id, price: Price(ticks: ticks), quantity: Quantity(lots: 5),
                    time: Timestamp(nanoseconds: second * 1_000_000_000), isBuyerMaker: id == 2))
        }
        let now = Timestamp(nanoseconds: 290_000_000_000)
        let all = candles.candles(
            .minute, in: Timestamp(nanoseconds: 0)...now, limit: 10, takesLatest: true, now: now)
        #expect(all.map(\.close) == [110, 110, 110, 90, 90])
        #expect(all.map(\.trades) == [2, 0, 0, 1, 0])
        #expect(all[0].takerBuyVolume == 5 && all[0].value.raw == 1_050 && all[3].open == 90)
        #expect(
            candles.candles(.minute, in: Timestamp(nanoseconds: 0)...now, limit: 2, takesLatest: true, now: now)
                == Array(all.suffix(2)))
        #expect(candles.average(minutes: 5, at: now) == 100)
        #expect(candles.average(minutes: 1, at: now) == nil)
    }

    @Test(
        "Numbers have eight decimals",
        arguments: [
            ("0", "0.00000000"), ("1.5", "1.50000000"), ("-0.000000019", "-0.00000001"), ("-0.000000001", "0.00000000"),
            ("60000.123456789", "60000.12345678"), ("170000000000000000000", "170000000000000000000.00000000"),
        ])
    func decimals(value: String, text: String) {
        #expect(FixedDecimal(value)?.eightDigits == text)
    }

    @Test("JSON comes out as it should")
    func json() {
        let value: JSON = ["a": .text("\"\\\n\u{1}é"), "b": [.number(1), .null, .bool(true)], "c": .raw("1.50")]
        #expect(value.rendered == #"{"a":"\"\\\n\u0001é","b":[1,null,true],"c":1.50}"#)
    }
}
