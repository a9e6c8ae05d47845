import Exchanges
import Testing
import TradingCore

@Suite struct GatePublicStreamTests {
    let dialect = GateDialect(catalog: Rigged.catalog(separator: "_"))

    private func session(
        _ channels: [StreamChannel], _ feed: GateDialect.BookFeed = .levels(50)
    ) throws -> RiggedSession {
        var dialect = dialect
        dialect.bookFeed = feed
        return RiggedSession(try dialect.publicStream(channels))
    }

    private func levels(_ first: Int?, _ last: Int, _ rest: String = #""b":[["30000","1"]],"a":[]"#) -> String {
        let head = first.map { "\"U\":\($0)" } ?? #""full":true"#
        return #"{"channel":"spot.obu","result":{"t":1700000000000,"# + head
            + #","s":"ob.BTC_USDT.50","u":\#(last),\#(rest)},"time_ms":1700000000000,"event":"update"}"#
    }

    private func update(_ first: Int, _ last: Int, _ rest: String = #""b":[["30000","1"]],"a":[]"#) -> String {
        #"{"time":1700000000,"channel":"spot.order_book_update","event":"update","result":{"t":1700000000000,"e":"depthUpdate","E":1,"s":"BTC_USDT","U":\#(first),"u":\#(last),\#(rest)}}"#
    }

    private func book(_ number: Int64) -> Result<ExchangeBook, ExchangeFailure> {
        .success(
            ExchangeBook(
                symbol: Rigged.bitcoin, bids: [Rigged.level("29999", "2")], asks: [], time: 1, sequence: number))
    }

    @Test func `subscribes to each channel by itself, and pings`() throws {
        var session = try session([
            .book(Rigged.bitcoin), .trades(Rigged.ether), .candles(Rigged.bitcoin, .oneWeek),
            .bestPrices(Rigged.bitcoin), .ticker(Rigged.bitcoin),
        ])
        let sent = session.open().sent
        #expect(
            sent[0]
                == #"{"time":1700000000,"id":1,"channel":"spot.obu","event":"subscribe","payload":["ob.BTC_USDT.50"]}"#)
        #expect(sent[1].hasSuffix(#""channel":"spot.trades","event":"subscribe","payload":["ETH_USDT"]}"#))
        #expect(sent[2].hasSuffix(#""payload":["7d","BTC_USDT"]}"#))
        #expect(sent.count == 5)
        #expect(session.session.nextWake == 1_700_000_010_000)
        #expect(session.wake(after: 10_000).sent == [#"{"time":1700000010,"channel":"spot.ping"}"#])
        #expect(
            session.receive(#"{"time":1,"channel":"spot.pong","event":"","result":null}"#).events == [.alive])
    }

    @Test func `a quiet market's book is fetched when its numbered changes are confirmed, without waiting for one`()
        throws
    {
        func confirmation(_ id: Int) -> String {
            #"{"time":1,"id":\#(id),"channel":"spot.order_book_update","event":"subscribe","result":{"status":"success"}}"#
        }
        var session = try session([.book(Rigged.bitcoin), .book(Rigged.ether)], .updates)
        _ = session.open()
        #expect(session.receive(confirmation(1)).fetched == [Rigged.bitcoin])
        #expect(session.receive(confirmation(2)).fetched == [Rigged.ether])
        #expect(session.fetch(book(100), Rigged.bitcoin).books.count == 1)
        #expect(session.receive(update(101, 101)).changes.count == 1)
        var refused = try self.session([.book(Rigged.bitcoin)], .updates)
        _ = refused.open()
        let refusal =
            #"{"time":1,"id":1,"channel":"spot.order_book_update","event":"subscribe","error":{"code":2,"message":"no"}}"#
        #expect(refused.receive(refusal).fetched.isEmpty)
        // Feeds that begin with a whole book of their own ask for none.
        var levels = try self.session([.book(Rigged.bitcoin)])
        _ = levels.open()
        #expect(
            levels.receive(#"{"time":1,"id":1,"channel":"spot.obu","event":"subscribe","result":{"status":"success"}}"#)
                .fetched.isEmpty)
    }

    @Test func `what Gate has no name for is refused before it is sent`() {
        #expect(throws: ExchangeFailure.self) { try session([.candles(Rigged.bitcoin, .threeMinutes)]) }
        let unknown = Symbol(base: AssetID("NO"), quote: AssetID("USDT"))
        #expect(throws: ExchangeFailure.self) { try session([.book(unknown)]) }
    }

    @Test func `subscriptions are confirmed and refused by name`() throws {
        var session = try session([.trades(Rigged.bitcoin), .trades(Rigged.ether)])
        _ = session.open()
        let confirmed = session.receive(
            #"{"time":1,"id":1,"channel":"spot.trades","event":"subscribe","result":{"status":"success"}}"#)
        #expect(confirmed.confirmed == ["spot.trades BTC_USDT"])
        let refused = session.receive(
            #"{"time":1,"id":2,"channel":"spot.trades","event":"subscribe","error":{"code":2,"message":"unknown currency pair"},"result":null}"#
        )
        guard case .refused(let title, let failure) = refused.events.first else {
            Issue.record("\(refused)")
            return
        }
        #expect(title == "spot.trades ETH_USDT" && failure.kind == .badRequest && failure.code == "2")
    }

    // MARK: - spot.obu

    @Test func `a book of levels: whole, changes, a hole, whole again`() throws {
        var session = try session([.book(Rigged.bitcoin)])
        _ = session.open()
        // Changes before the whole book are worth nothing.
        #expect(session.receive(levels(5, 6)).events == [.alive])
        let whole = session.receive(levels(nil, 10))
        #expect(whole.books.map(\.sequence) == [10] && whole.books[0].bids == [Rigged.level("30000", "1")])
        let change = session.receive(levels(11, 12, #""b":[["30000","0"]],"a":[["30001.5","2"]]"#))
        #expect(change.changes.map(\.sequence) == [12])
        #expect(change.changes[0].asks == [Rigged.level("30001.5", "2")])
        // Known already.
        #expect(session.receive(levels(11, 12)).events == [.alive])
        let hole = session.receive(levels(14, 15))
        #expect(hole.lostBooks == [Rigged.bitcoin])
        #expect(hole.sent.count == 2 && hole.sent[0].contains("unsubscribe") && hole.sent[1].contains("\"subscribe\""))
        #expect(session.receive(levels(16, 17)).events == [.alive])
        #expect(session.receive(levels(nil, 20)).books.count == 1)
        #expect(session.receive(levels(21, 21)).changes.count == 1)
        #expect(session.session.nextWake == 1_700_000_010_000)
    }

    @Test func `a book that does not come is asked for again`() throws {
        var session = try session([.book(Rigged.bitcoin)])
        _ = session.open()
        _ = session.receive(levels(nil, 10))
        _ = session.receive(levels(12, 13))
        let sent = session.wake(after: 10_000).sent
        #expect(sent.contains { $0.contains("\"unsubscribe\"") })
        #expect(sent.contains { $0.contains("\"subscribe\"") })
    }

    @Test(arguments: [
        #""b":[["-1","1"]],"a":[]"#, #""b":[["0","1"]],"a":[]"#, #""b":[["30000","-1"]],"a":[]"#,
        #""b":[["x","1"]],"a":[]"#, #""b":[["30000"]],"a":[]"#, #""b":[[]],"a":[]"#,
        #""b":[["999999999999999999999999","1"]],"a":[]"#, #""c":1"#,
    ])
    func `levels that make no sense lose the book`(rest: String) throws {
        var session = try session([.book(Rigged.bitcoin)])
        _ = session.open()
        _ = session.receive(levels(nil, 10))
        let effects = session.receive(levels(11, 12, rest))
        #expect(effects.lostBooks == [Rigged.bitcoin] && effects.sent.count == 2)
        #expect(session.receive(levels(13, 14)).changes.isEmpty)
    }

    // MARK: - spot.order_book_update

    @Test func `changes wait for a book that fits, and a hole fetches another`() throws {
        var session = try session([.book(Rigged.bitcoin)], .updates)
        #expect(session.open().sent[0].contains(#""payload":["BTC_USDT","100ms"]"#))
        #expect(session.receive(update(150, 155)).fetched == [Rigged.bitcoin])
        #expect(session.receive(update(156, 161)).events == [.alive])
        // Older than what is held: another is needed.
        #expect(session.fetch(book(100), Rigged.bitcoin).fetched == [Rigged.bitcoin])
        let synced = session.fetch(book(158), Rigged.bitcoin)
        #expect(synced.books.map(\.sequence) == [158] && synced.changes.map(\.sequence) == [161])
        #expect(session.receive(update(162, 163)).changes.map(\.sequence) == [163])
        #expect(session.receive(update(160, 163)).events == [.alive])
        let hole = session.receive(update(165, 166))
        #expect(hole.lostBooks == [Rigged.bitcoin] && hole.fetched == [Rigged.bitcoin] && hole.changes.isEmpty)
        #expect(session.fetch(book(165), Rigged.bitcoin).changes.map(\.sequence) == [166])
    }

    @Test(arguments: [nil, Int64.max, -1] as [Int64?])
    func `a book without a usable number is fetched again later`(number: Int64?) throws {
        var session = try session([.book(Rigged.bitcoin)], .updates)
        _ = session.open()
        _ = session.receive(update(1, 2))
        let useless = ExchangeBook(symbol: Rigged.bitcoin, bids: [], asks: [], sequence: number)
        #expect(session.fetch(.success(useless), Rigged.bitcoin).all.isEmpty)
        #expect(session.wake(after: 1_000).fetched == [Rigged.bitcoin])
        let failure = ExchangeFailure(.requestTimeout, message: "late")
        #expect(session.fetch(.failure(failure), Rigged.bitcoin).all.isEmpty)
        #expect(session.wake(after: 1_000).fetched == [Rigged.bitcoin])
    }

    @Test(arguments: ["9223372036854775807", "-1", "1e3", "\"5\"", "null"])
    func `an absurd number loses the book`(number: String) throws {
        var session = try session([.book(Rigged.bitcoin)], .updates)
        _ = session.open()
        _ = session.receive(update(1, 2))
        _ = session.fetch(book(2), Rigged.bitcoin)
        let frame = update(3, 4).replacing("\"u\":4", with: "\"u\":\(number)")
        let effects = session.receive(frame)
        #expect(effects.lostBooks == [Rigged.bitcoin] && effects.fetched == [Rigged.bitcoin])
    }

    // MARK: - Other frames

    @Test func `a trade`() throws {
        var session = try session([.trades(Rigged.bitcoin)])
        let effects = session.receive(
            #"{"time":1,"channel":"spot.trades","event":"update","result":{"id":816995772,"create_time":1619093543,"create_time_ms":"1619093543708.2642","side":"sell","currency_pair":"BTC_USDT","amount":"0.201","price":"121.58"}}"#
        )
        guard case .trade(let trade) = effects.events.first else {
            Issue.record("\(effects)")
            return
        }
        #expect(trade.id == "816995772" && trade.side == .sell && trade.time == 1_619_093_543_708)
        #expect(trade.price == "121.58" && trade.amount == "0.201" && trade.cost == "24.43758")
    }

    @Test func `best prices and a candle`() throws {
        var session = try session([.bestPrices(Rigged.bitcoin)])
        let prices = session.receive(
            #"{"time":1,"channel":"spot.book_ticker","event":"update","result":{"t":5,"u":1,"s":"BTC_USDT","b":"1.5","B":"2","a":"0","A":"0"}}"#
        )
        guard case .bestPrices(let ticker) = prices.events.first else {
            Issue.record("\(prices)")
            return
        }
        #expect(ticker.bid == "1.5" && ticker.bidAmount == "2" && ticker.ask == nil && ticker.time == 5)
        let candles = session.receive(
            #"{"time":1,"channel":"spot.candlesticks","event":"update","result":{"t":"60","v":"375000","c":"4","h":"5","l":"2","o":"3","n":"1m_BTC_USDT","a":"12.5","w":false}}"#
        )
        guard case .candle(Rigged.bitcoin, .oneMinute, let candle) = candles.events.first else {
            Issue.record("\(candles)")
            return
        }
        #expect(candle.time == 60_000 && candle.volume == "12.5" && candle.quoteVolume == "375000")
    }

    @Test(arguments: ["", "{", "<html>", "null", "[1]", "{\"channel\":3}", "{\"result\":{\"a\":}}"])
    func `a frame that is none ends the connection`(frame: String) throws {
        var session = try session([.trades(Rigged.bitcoin)])
        #expect(session.receive(frame).wantsReconnect)
    }

    @Test func `a frame that nobody knows is told and does no harm`() throws {
        var session = try session([.trades(Rigged.bitcoin)])
        let effects = session.receive(#"{"channel":"spot.weather","event":"update","result":{}}"#)
        guard case .unexplained = effects.events.first else {
            Issue.record("\(effects)")
            return
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `damaged frames stop nothing`(seed: UInt64) throws {
        let frames = [
            levels(nil, 10), levels(11, 12), levels(13, 14, #""b":[],"a":[["30001","0"]]"#), update(1, 10),
            update(11, 12), update(13, 20),
            #"{"time":1,"channel":"spot.trades","event":"update","result":{"id":8,"create_time_ms":"1619093543708.2642","side":"sell","currency_pair":"BTC_USDT","amount":"0.2","price":"121.5"}}"#,
            #"{"time":1,"channel":"spot.candlesticks","event":"update","result":{"t":"60","v":"3","c":"4","h":"5","l":"2","o":"3","n":"1m_BTC_USDT","a":"1"}}"#,
            #"{"time":1,"channel":"spot.tickers","event":"update","result":{"currency_pair":"BTC_USDT","last":"1","lowest_ask":"2","highest_bid":"1","change_percentage":"2.9","base_volume":"3","quote_volume":"2","high_24h":"1","low_24h":"1"}}"#,
            #"{"time":1,"id":1,"channel":"spot.trades","event":"subscribe","result":{"status":"success"}}"#,
        ]
        try RiggedFuzz.run(seed: seed, rounds: 400, frames, Rigged.bitcoin) {
            var session = try session([.book(Rigged.bitcoin), .trades(Rigged.bitcoin)])
            _ = session.open()
            return session
        }
    }
}
