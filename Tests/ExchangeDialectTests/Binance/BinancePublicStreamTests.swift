import Exchanges
import Testing
import TradingCore

@Suite struct BinancePublicStreamTests {
    let btc = BinanceBench.btc

    func open(_ channels: [StreamChannel]) throws -> any StreamSession {
        try BinanceBench.dialect.publicStream(channels)
    }

    static func depth(_ first: Int64, _ last: Int64, bid: String = "30000.00", amount: String = "1") -> String {
        #"{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":7,"s":"BTCUSDT","U":\#(first),"u":\#(last),"b":[["\#(bid)","\#(amount)"]],"a":[]}}"#
    }

    func book(_ sequence: Int64) -> ExchangeBook {
        ExchangeBook(
            symbol: btc, bids: [PriceLevel(price: "29999", amount: "2")],
            asks: [PriceLevel(price: "30001", amount: "3")],
            sequence: sequence)
    }

    func fetched(
        _ session: inout any StreamSession, _ result: Result<ExchangeBook, ExchangeFailure>
    ) -> [StreamEffect] {
        var effects: [StreamEffect] = []
        session.fetched(result, btc, now: BinanceBench.now, into: &effects)
        return effects
    }

    @Test func `a connection subscribes by name and hears whether it worked`() throws {
        var session = try open([.book(btc), .trades(btc), .bestPrices(btc), .ticker(btc), .candles(btc, .oneDay)])
        #expect(session.url == "wss://stream.binance.com:9443/stream")
        var effects: [StreamEffect] = []
        session.opened(BinanceBench.context, into: &effects)
        #expect(
            effects.sent == [
                #"{"method":"SUBSCRIBE","params":["btcusdt@depth@100ms","btcusdt@trade","btcusdt@bookTicker","#
                    + #""btcusdt@ticker","btcusdt@kline_1d"],"id":1}"#
            ])
        #expect(session.receive(#"{"result":null,"id":1}"#).events == [.confirmed("request 1")])
        guard
            case .refused(_, let failure) = session.receive(
                #"{"error":{"code":2,"msg":"Invalid request: unknown stream"},"id":1}"#
            ).events.first
        else {
            Issue.record("not refused")
            return
        }
        #expect(failure.code == "2")
    }

    @Test func `a quiet market's book is fetched when its subscription is confirmed, without waiting for a change`()
        throws
    {
        var session = try open([.trades(btc), .book(btc)])
        let confirmed = session.receive(#"{"result":null,"id":1}"#)
        #expect(confirmed.events == [.confirmed("request 1")] && confirmed.fetchedSymbols == [btc])
        #expect(fetched(&session, .success(book(100))).events == [.book(book(100))])
        #expect(session.receive(Self.depth(101, 101)).events.count == 1)
        // Neither another confirmation, nor one of something else, asks again.
        #expect(session.receive(#"{"result":null,"id":1}"#).fetchedSymbols.isEmpty)
        var other = try open([.book(btc)])
        for text in [
            #"{"result":null,"id":2}"#, #"{"result":null,"id":0}"#, #"{"result":null,"id":9223372036854775807}"#,
        ] {
            #expect(other.receive(text).fetchedSymbols.isEmpty)
        }
        // A change that comes first has asked already.
        var early = try open([.book(btc)])
        #expect(early.receive(Self.depth(90, 95)).fetchedSymbols == [btc])
        #expect(early.receive(#"{"result":null,"id":1}"#).fetchedSymbols.isEmpty)
    }

    @Test func `a book is kept in step with its changes, and found again when one is missing`() throws {
        var session = try open([.book(btc)])
        // The first change asks for a book; what comes meanwhile is held.
        #expect(session.receive(Self.depth(90, 95)).fetchedSymbols == [btc])
        #expect(session.receive(Self.depth(96, 105)).isEmpty)
        // A book older than what is held is of no use.
        #expect(fetched(&session, .success(book(80))).fetchedSymbols == [btc])
        let whole = fetched(&session, .success(book(100))).events
        #expect(whole.first == .book(book(100)))
        #expect(whole.count == 2)
        #expect(session.receive(Self.depth(106, 106)).events.count == 1)
        // Seen already.
        #expect(session.receive(Self.depth(104, 106)).isEmpty)
        let gap = session.receive(Self.depth(108, 109))
        guard case .bookLost(btc, let failure) = gap.events.first else {
            Issue.record("not lost")
            return
        }
        #expect(failure.kind == .checksumError)
        #expect(gap.fetchedSymbols == [btc])
        // The change after the hole is kept for the next book.
        #expect(fetched(&session, .success(book(108))).events.count == 2)
        #expect(session.receive(Self.depth(110, 110)).events.count == 1)
    }

    @Test func `a book that could not be fetched is asked for again after a while`() throws {
        var session = try open([.book(btc)])
        _ = session.receive(Self.depth(1, 1))
        #expect(session.nextWake == nil)
        #expect(fetched(&session, .failure(ExchangeFailure(.requestTimeout, message: ""))).isEmpty)
        let wake = try #require(session.nextWake)
        #expect(wake > BinanceBench.now)
        var effects: [StreamEffect] = []
        session.wake(wake - 1, into: &effects)
        #expect(effects.isEmpty)
        session.wake(wake, into: &effects)
        #expect(effects.fetchedSymbols == [btc])
        #expect(session.nextWake == nil)
    }

    @Test(arguments: [
        #"{"e":"depthUpdate","E":7,"s":"BTCUSDT","U":5,"u":4,"b":[],"a":[]}"#,
        #"{"e":"depthUpdate","E":7,"s":"BTCUSDT","b":[],"a":[]}"#,
        #"{"e":"depthUpdate","E":7,"s":"BTCUSDT","U":101,"u":101,"b":[["x","1"]],"a":[]}"#,
        #"{"e":"depthUpdate","E":7,"s":"BTCUSDT","U":101,"u":101,"b":[["1"]],"a":[]}"#,
        #"{"e":"depthUpdate","E":7,"s":"BTCUSDT","U":101,"u":101,"b":[["-1","1"]],"a":[]}"#,
        #"{"e":"depthUpdate","E":7,"s":"BTCUSDT","U":101,"u":101,"b":[["1","-1"]],"a":[]}"#,
        #"{"e":"depthUpdate","E":7,"s":"BTCUSDT","U":101,"u":99999999999999999999,"b":[],"a":[]}"#,
        #"{"e":"depthUpdate","E":7,"s":"BTCUS"#, "<html>", "",
    ])
    func `a frame that makes no sense costs the book, and another is fetched`(frame: String) throws {
        var session = try open([.book(btc)])
        _ = session.receive(Self.depth(90, 95))
        _ = fetched(&session, .success(book(100)))
        let effects = session.receive(frame)
        guard case .bookLost(btc, _) = effects.events.first else {
            Issue.record("not lost: \(effects)")
            return
        }
        #expect(effects.fetchedSymbols == [btc])
    }

    @Test func `trades, best prices, candles and tickers come as they are told`() throws {
        var session = try open([.trades(btc), .bestPrices(btc), .ticker(btc), .candles(btc, .oneMinute)])
        let trade = session.receive(
            #"{"e":"trade","E":8,"s":"BTCUSDT","t":12345,"p":"100.5","q":"2","T":7,"m":true,"M":true}"#)
        #expect(
            trade.events == [
                .trade(
                    ExchangeTrade(
                        id: "12345", symbol: btc, side: .sell, price: "100.5", amount: "2", cost: "201", time: 7))
            ])
        guard
            case .bestPrices(let best) = session.receive(
                #"{"u":4,"s":"BTCUSDT","b":"25.3","B":"31.2","a":"0.00000000","A":"0.00000000"}"#
            ).events.first
        else {
            Issue.record("no best prices")
            return
        }
        #expect(best.bid == "25.3")
        #expect(best.ask == nil)
        guard
            case .candle(btc, .oneMinute, let candle) = session.receive(
                #"{"e":"kline","E":1,"s":"BTCUSDT","k":{"t":60000,"T":119999,"s":"BTCUSDT","i":"1m","o":"1","c":"2","h":"3","l":"0.5","v":"10","x":false}}"#
            ).events.first
        else {
            Issue.record("no candle")
            return
        }
        #expect(candle == ExchangeCandle(time: 60_000, open: "1", high: "3", low: "0.5", close: "2", volume: "10"))
        guard
            case .ticker(let ticker) = session.receive(
                #"{"e":"24hrTicker","E":5,"s":"BTCUSDT","p":"1","P":"10","w":"10.5","x":"10","c":"11","Q":"1","b":"10.9","B":"1","a":"11.1","A":"2","o":"10","h":"12","l":"9","v":"100","q":"1050","O":0,"C":4,"F":0,"L":1,"n":2}"#
            ).events.first
        else {
            Issue.record("no ticker")
            return
        }
        #expect(ticker.time == 4)
        #expect(ticker.last == "11")
        #expect(ticker.average == "10.5")
    }

    @Test(arguments: [
        "1", "0.1", "30000.12000000", "0.00000001", "00.10", "123456789012345678", "1234567890123456.78", "1e3",
        "1234567890123456789.5", "0.000000000000000001", "12345678901234567890123", "1.", ".5", "1.1.1", "1 ", "+1",
        "x",
    ])
    func `a number is read exactly, or not at all`(text: String) throws {
        var session = try open([.trades(btc)])
        let events = session.receive(
            #"{"e":"trade","E":8,"s":"BTCUSDT","t":1,"p":"\#(text)","q":"0.000001","T":7,"m":true}"#
        ).events
        guard case .trade(let trade) = events.first else {
            #expect(FixedDecimal(text) == nil)
            return
        }
        #expect(trade.price == FixedDecimal(text))
    }

    @Test func `a server that shuts down and a connection a day old are left`() throws {
        var session = try open([.trades(btc)])
        var effects: [StreamEffect] = []
        session.opened(BinanceBench.context, into: &effects)
        let wake = try #require(session.nextWake)
        #expect(wake < BinanceBench.now + 86_400_000)
        effects = []
        session.wake(wake - 1, into: &effects)
        #expect(effects.isEmpty)
        session.wake(wake, into: &effects)
        #expect(effects.reconnects.count == 1)
        #expect(session.receive(#"{"e":"serverShutdown","E":1}"#).reconnects.first?.kind == .onMaintenance)
    }

    @Test func `what nobody asked for is said, not swallowed`() throws {
        var session = try open([.trades(btc)])
        for frame in [
            #"{"e":"avgPrice","s":"BTCUSDT"}"#, "[1]", "7", #"{"e":"trade","s":"NOUSDT","p":"1","q":"1","m":true}"#,
            Self.depth(1, 2), #"{"e":"trade","E":8,"s":"BTCUSDT","p":"0","q":"2","m":true}"#,
        ] {
            guard case .unexplained = session.receive(frame).events.first else {
                Issue.record("swallowed: \(frame)")
                continue
            }
        }
    }

    @Test func `a connection takes 1024 streams and no unknown market`() throws {
        let many = Array(repeating: StreamChannel.trades(btc), count: 1_025)
        #expect(throws: ExchangeFailure.self) { try open(many) }
        #expect(throws: ExchangeFailure.self) {
            try open([.trades(Symbol(base: AssetID("NO"), quote: AssetID("USDT")))])
        }
        var session = try open(Array(many.prefix(1_024)))
        var effects: [StreamEffect] = []
        session.opened(BinanceBench.context, into: &effects)
        #expect(effects.sent.count == 4)
    }
}
