import Testing
import TradingCore

@testable import Exchanges

@Suite struct KuCoinStreamTests {
    let dialect = KuCoinDialect(catalog: Rigged.catalog(separator: "-"), bookSnapshot: .full)
    let welcome = #"{"id":"x","type":"welcome"}"#

    private func session(
        _ channels: [StreamChannel], token: StreamToken? = nil, snapshot: KuCoinDialect.BookSnapshot = .full
    ) throws -> RiggedSession {
        var dialect = dialect
        dialect.bookSnapshot = snapshot
        return RiggedSession(try dialect.publicStream(channels, token: token))
    }

    private func update(_ first: Int, _ last: Int, bids: String = "[]", asks: String = "[]") -> String {
        #"{"type":"message","topic":"/market/level2:BTC-USDT","subject":"trade.l2update","data":{"changes":{"asks":\#(asks),"bids":\#(bids)},"sequenceEnd":\#(last),"sequenceStart":\#(first),"symbol":"BTC-USDT","time":1700000000000}}"#
    }

    private func book(_ number: Int64, levels: Int = 1) -> Result<ExchangeBook, ExchangeFailure> {
        .success(
            ExchangeBook(
                symbol: Rigged.bitcoin,
                bids: (0..<levels).map { Rigged.level(FixedDecimal(Int64(1_000 - $0)), .one) },
                asks: (0..<levels).map { Rigged.level(FixedDecimal(Int64(1_001 + $0)), .one) }, time: 1,
                sequence: number))
    }

    // MARK: - Connection

    @Test func `the token says where to connect and how often to ping`() throws {
        let call = try #require(dialect.streamToken(isPrivate: false))
        let token = try Rigged.read(
            call,
            #"{"code":"200000","data":{"token":"a+b==","instanceServers":[{"endpoint":"wss://push.kucoin.com/endpoint","encrypt":true,"protocol":"websocket","pingInterval":18000,"pingTimeout":10000}]}}"#,
            dialect)
        var session = try session([.trades(Rigged.bitcoin)], token: token)
        #expect(session.session.url == "wss://push.kucoin.com/endpoint?token=a%2Bb%3D%3D")
        #expect(session.session.silenceLimit == 28_000)
        #expect(!"\(token)".contains("a+b"))
        _ = session.open()
        #expect(session.session.nextWake == 1_700_000_018_000)
        #expect(session.wake(after: 18_000).sent == [#"{"id":"1","type":"ping"}"#])
        #expect(session.receive(#"{"id":"1","type":"pong"}"#).events == [.alive])
    }

    @Test func `nothing is sent before the welcome, and markets share a topic`() throws {
        var session = try session([
            .book(Rigged.bitcoin), .book(Rigged.ether), .candles(Rigged.bitcoin, .oneMinute),
        ])
        #expect(session.open().sent.isEmpty)
        let effects = session.receive(welcome)
        #expect(
            effects.sent == [
                #"{"id":"1","type":"subscribe","topic":"/market/level2:BTC-USDT,ETH-USDT","response":true}"#,
                #"{"id":"2","type":"subscribe","topic":"/market/candles:BTC-USDT_1min","response":true}"#,
            ])
        #expect(session.receive(#"{"id":"2","type":"ack"}"#).confirmed == ["/market/candles:BTC-USDT_1min"])
        let refused = session.receive(#"{"id":"1","type":"error","code":404,"data":"topic is not found"}"#)
        #expect(refused.refused == [.badRequest])
        // A second welcome sends nothing twice.
        #expect(session.receive(welcome).sent.isEmpty)
    }

    @Test(arguments: [KuCoinDialect.BookSnapshot.full, .best100])
    func `quiet markets' books are fetched when their topic is confirmed, without waiting for a change`(
        _ snapshot: KuCoinDialect.BookSnapshot
    ) throws {
        var session = try session(
            [.book(Rigged.bitcoin), .book(Rigged.ether), .trades(Rigged.bitcoin)], snapshot: snapshot)
        _ = session.open()
        _ = session.receive(welcome)
        #expect(session.receive(#"{"id":"2","type":"ack"}"#).fetched.isEmpty)
        #expect(session.receive(#"{"id":"1","type":"ack"}"#).fetched == [Rigged.bitcoin, Rigged.ether])
        #expect(session.fetch(book(100), Rigged.bitcoin).books.count == 1)
        #expect(session.receive(update(101, 101)).changes.count == 1)
    }

    @Test func `many topics are sent within KuCoin's pace`() throws {
        let intervals: [CandleInterval] = [
            .oneMinute, .threeMinutes, .fiveMinutes, .fifteenMinutes, .thirtyMinutes, .oneHour, .twoHours, .fourHours,
            .sixHours, .eightHours, .twelveHours, .oneDay, .oneWeek, .oneMonth,
        ]
        let channels = (0..<7).flatMap { _ in intervals.map { StreamChannel.candles(Rigged.bitcoin, $0) } }
        var session = try session(channels)
        _ = session.open()
        #expect(session.receive(welcome).sent.count == 90)
        #expect(session.wake(after: 10_000).sent.count == 8)
        #expect(session.wake(after: 10_000).sent.allSatisfy { $0.contains("ping") })
    }

    @Test func `a token that has run out asks for another connection`() throws {
        var session = try session([.trades(Rigged.bitcoin)])
        _ = session.open()
        #expect(session.receive(#"{"id":"1","type":"error","code":401,"data":"token is expired"}"#).wantsReconnect)
    }

    // MARK: - Books

    @Test func `changes wait for a book that fits, and a hole fetches another`() throws {
        var session = try session([.book(Rigged.bitcoin)])
        _ = session.open()
        #expect(session.receive(update(150, 155)).fetched == [Rigged.bitcoin])
        #expect(session.receive(update(156, 161, bids: #"[["999","2.5","161"]]"#)).events == [.alive])
        let synced = session.fetch(book(160), Rigged.bitcoin)
        #expect(synced.books.count == 1 && synced.changes.map(\.sequence) == [161])
        #expect(synced.changes[0].bids == [Rigged.level("999", "2.5")])
        #expect(session.receive(update(160, 161)).events == [.alive])
        // A row of price 0 only counts.
        let empty = session.receive(update(162, 162, asks: #"[["0","0","162"]]"#))
        #expect(empty.changes.map(\.sequence) == [162] && empty.changes[0].asks.isEmpty)
        let hole = session.receive(update(164, 164))
        #expect(hole.lostBooks == [Rigged.bitcoin] && hole.fetched == [Rigged.bitcoin])
        #expect(session.fetch(book(163), Rigged.bitcoin).changes.map(\.sequence) == [164])
    }

    @Test func `rows out of order are put in order`() throws {
        var session = try session([.book(Rigged.bitcoin)])
        _ = session.open()
        _ = session.receive(update(1, 1))
        _ = session.fetch(book(1), Rigged.bitcoin)
        let change = session.receive(update(2, 4, bids: #"[["5","3","4"],["5","1","2"]]"#))
        #expect(change.changes[0].bids == [Rigged.level("5", "1"), Rigged.level("5", "3")])
    }

    @Test(arguments: [
        #"[["1","1"]]"#, #"[["1","1","99"]]"#, #"[["-1","1","2"]]"#, #"[["1","-1","2"]]"#, #"[["x","1","2"]]"#, "{}",
        #"[["1","1","9223372036854775807"]]"#,
    ])
    func `changes that make no sense lose the book`(bids: String) throws {
        var session = try session([.book(Rigged.bitcoin)])
        _ = session.open()
        _ = session.receive(update(1, 1))
        _ = session.fetch(book(1), Rigged.bitcoin)
        let effects = session.receive(update(2, 2, bids: bids))
        #expect(effects.lostBooks == [Rigged.bitcoin] && effects.fetched == [Rigged.bitcoin])
        #expect(session.receive(update(3, 3)).changes.isEmpty)
        #expect(session.fetch(book(2), Rigged.bitcoin).changes.map(\.sequence) == [3])
    }

    @Test func `a book that could not be fetched is fetched later`() throws {
        var session = try session([.book(Rigged.bitcoin)])
        _ = session.open()
        _ = session.receive(update(1, 1))
        #expect(session.fetch(book(.max), Rigged.bitcoin).all.isEmpty)
        #expect(session.session.nextWake == session.now + 1_000)
        #expect(session.wake(after: 1_000).fetched == [Rigged.bitcoin])
    }

    @Test func `of a hundred levels the known ones wear out, and a newer book takes over without a pause`() throws {
        var session = try session([.book(Rigged.bitcoin)], snapshot: .best100)
        _ = session.open()
        _ = session.receive(update(1, 1))
        _ = session.fetch(book(1, levels: 100), Rigged.bitcoin)
        var number = 1
        var fetches = 0
        // The best bids go one after the other.
        for price in (901...1_000).reversed().prefix(81) {
            number += 1
            let effects = session.receive(update(number, number, bids: #"[["\#(price)","0","\#(number)"]]"#))
            #expect(effects.lostBooks.isEmpty && effects.changes.count == 1)
            fetches += effects.fetched.count
        }
        #expect(fetches == 1)
        // Older than the book that goes on: of no use.
        #expect(session.fetch(book(Int64(number) - 3, levels: 100), Rigged.bitcoin).fetched == [Rigged.bitcoin])
        let taken = session.fetch(book(Int64(number), levels: 100), Rigged.bitcoin)
        #expect(taken.books.count == 1 && taken.lostBooks.isEmpty)
        #expect(session.receive(update(number + 1, number + 1)).changes.count == 1)
    }

    @Test func `a newer book that is not needed any more does no harm`() throws {
        var session = try session([.book(Rigged.bitcoin)], snapshot: .best100)
        _ = session.open()
        _ = session.receive(update(1, 1))
        _ = session.fetch(book(1, levels: 100), Rigged.bitcoin)
        let rows = (0..<81).map { #"["\#(1_000 - $0)","0","\#(2 + $0)"]"# }.joined(separator: ",")
        #expect(session.receive(update(2, 82, bids: "[\(rows)]")).fetched.count == 1)
        // The hole drops the waiting one too, and one fetch serves.
        #expect(session.receive(update(90, 90)).lostBooks == [Rigged.bitcoin])
        #expect(session.fetch(book(89, levels: 100), Rigged.bitcoin).books.count == 1)
        #expect(session.fetch(book(89, levels: 100), Rigged.bitcoin).books.isEmpty)
        #expect(session.receive(update(91, 91)).changes.count == 1)
    }

    // MARK: - Other frames

    @Test func `best prices and a book of fifty levels`() throws {
        var session = try session([.bestPrices(Rigged.bitcoin)])
        let prices = session.receive(
            #"{"type":"message","topic":"/spotMarket/level1:BTC-USDT","subject":"level1","data":{"asks":["68145.8","0.5"],"bids":["68145.7","1.3"],"timestamp":1729816058766}}"#
        )
        guard case .bestPrices(let ticker) = prices.events.first else {
            Issue.record("\(prices)")
            return
        }
        #expect(ticker.ask == "68145.8" && ticker.bidAmount == "1.3" && ticker.symbol == Rigged.bitcoin)
        let book = session.receive(
            #"{"type":"message","topic":"/spotMarket/level2Depth50:BTC-USDT","subject":"level2","data":{"asks":[["2","1"],["3","1"]],"bids":[["1","1"]],"timestamp":1}}"#
        )
        #expect(book.books.map(\.asks.count) == [2])
    }

    @Test(arguments: ["", "{", "<html>", "null", "[1]", #"{"type":"message","topic":5}"#])
    func `a frame that is none ends the connection`(frame: String) throws {
        var session = try session([.trades(Rigged.bitcoin)])
        #expect(session.receive(frame).wantsReconnect)
    }

    @Test(arguments: [#"{"type":"weather"}"#, #"{"type":"message","topic":"/market/weather:X","data":{}}"#])
    func `a frame that nobody knows is told and does no harm`(frame: String) throws {
        var session = try session([.trades(Rigged.bitcoin)])
        guard case .unexplained = session.receive(frame).events.first else {
            Issue.record("understood \(frame)")
            return
        }
    }

    @Test(arguments: [21, 22, 23] as [UInt64])
    func `damaged frames stop nothing`(seed: UInt64) throws {
        let frames = [
            welcome, update(1, 10, bids: #"[["1000","1","2"],["999","0","10"]]"#),
            update(11, 12, asks: #"[["1001","0","11"],["0","0","12"]]"#), update(13, 13),
            #"{"type":"message","topic":"/market/match:BTC-USDT","subject":"trade.l3match","data":{"price":"30000.1","side":"sell","size":"0.011","symbol":"BTC-USDT","time":"1700000000000000000","tradeId":"1"}}"#,
            #"{"type":"message","topic":"/market/candles:BTC-USDT_1min","subject":"x","data":{"symbol":"BTC-USDT","candles":["1699999980","30000","30010.5","30020","29990","12.5","375000"],"time":1}}"#,
            #"{"type":"message","topic":"/spotMarket/level1:BTC-USDT","data":{"asks":["2","1"],"bids":["1","1"],"timestamp":1}}"#,
            #"{"id":"1","type":"error","code":404,"data":"no"}"#,
        ]
        for snapshot in [KuCoinDialect.BookSnapshot.full, .best100] {
            try RiggedFuzz.run(seed: seed, rounds: 200, frames, Rigged.bitcoin) {
                var session = try session([.book(Rigged.bitcoin)], snapshot: snapshot)
                _ = session.open()
                return session
            }
        }
    }

    // MARK: - The numbers of changes

    private static func depth(_ third: String) -> [Int64]? {
        let text = """
            {"changes":{"asks":[["18906","0.00331"\(third)],["18907","1","25"]],"bids":[]},"sequenceStart":1,\
            "sequenceEnd":9007199254740993,"symbol":"BTC-USDT","time":1663747970273}
            """
        return Array(text.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            guard let depth = try? KuCoinDepth(&scanner), (try? scanner.finish()) != nil else { return nil }
            return depth.asks.map { $0.amount == "1" ? 2 : 1 }
        }
    }

    /// Rows are sorted by them: a first one above 25 comes last.
    @Test(
        arguments: [
            (#","14103845""#, [2, 1]), (#" , "14103845" "#, [2, 1]), (",14103845", [2, 1]),
            (#","14103845","x",{}"#, [2, 1]),
            (#","24""#, [1, 2]), (#","9007199254740993""#, [2, 1]), (#","0000000000000000000000024""#, [1, 2]),
        ] as [(String, [Int64])])
    func `a change's number is read in every form that means it`(_ third: String, _ order: [Int64]) {
        #expect(Self.depth(third) == order)
    }

    @Test(arguments: ["", #","""#, #","-5""#, #","5x""#, #","5"x"#, #","9007199254740994""#, ",null", ",", #","0""#])
    func `a change without a number of its range is refused`(_ third: String) {
        #expect(Self.depth(third) == nil)
    }
}
