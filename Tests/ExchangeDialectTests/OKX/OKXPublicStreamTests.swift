import Testing
import TradingCore

@testable import Exchanges

@Suite("OKX: public stream")
struct OKXPublicStreamTests {
    static func book(
        _ action: String, previous: Int64?, sequence: Int64?, checksum: Int64 = 0, bids: String = "", asks: String = "",
        instrument: String = "BTC-USDT"
    ) -> String {
        let numbers = [previous.map { #","prevSeqId":\#($0)"# }, sequence.map { #","seqId":\#($0)"# }]
            .compactMap { $0 }.joined()
        return """
            {"arg":{"channel":"books","instId":"\(instrument)"},"action":"\(action)","data":[{"asks":[\(asks)],\
            "bids":[\(bids)],"ts":"1700000000000","checksum":\(checksum)\(numbers)}]}
            """
    }

    static let bid = #"["30000.1","1.5","0","3"]"#
    static let ask = #"["30000.2","0.9","0","2"]"#

    func session(_ channels: [StreamChannel] = [.book(OKXScene.btc)]) throws -> any StreamSession {
        OKXScene.opened(try OKXScene.dialect.publicStream(channels)).0
    }

    @Test func `subscribes in frames that OKX takes, each channel once`() throws {
        let channels = Array(repeating: StreamChannel.trades(OKXScene.btc), count: 3) + [.book(OKXScene.ltc)]
        let session = try OKXScene.dialect.publicStream(channels)
        #expect(session.url == "wss://ws.okx.com:8443/ws/v5/public")
        #expect(
            OKXScene.sent(OKXScene.opened(session).1) == [
                #"{"op":"subscribe","args":[{"channel":"trades","instId":"BTC-USDT"},"#
                    + #"{"channel":"books","instId":"LTC-USDT"}]}"#
            ])
    }

    @Test func `candles have an address of their own`() throws {
        let session = try OKXScene.dialect.publicStream([.candles(OKXScene.btc, .oneHour)])
        #expect(session.url == "wss://ws.okx.com:8443/ws/v5/business")
        #expect(OKXScene.sent(OKXScene.opened(session).1)[0].contains(#""channel":"candle1H""#))
        #expect(
            OKXScene.kind {
                try OKXScene.dialect.publicStream([.candles(OKXScene.btc, .oneHour), .trades(OKXScene.btc)])
            } == .badRequest)
    }

    @Test func `a book begins with a snapshot and follows its numbers`() throws {
        var session = try session()
        // Before the snapshot there is nothing to change.
        #expect(OKXScene.events(OKXScene.feed(&session, Self.book("update", previous: 1, sequence: 2))).isEmpty)
        let begun = OKXScene.events(
            OKXScene.feed(&session, Self.book("snapshot", previous: -1, sequence: 10, bids: Self.bid, asks: Self.ask)))
        guard case .book(let book) = begun.first else { return #expect(Bool(false), "\(begun)") }
        #expect(book.bids == [PriceLevel(price: "30000.1", amount: "1.5")])
        #expect(book.sequence == 10)
        let next = OKXScene.events(
            OKXScene.feed(&session, Self.book("update", previous: 10, sequence: 15, bids: #"["29999","0","0","0"]"#)))
        guard case .bookChange(let change) = next.first else { return #expect(Bool(false), "\(next)") }
        #expect(change.bids == [PriceLevel(price: "29999", amount: .zero)])
        #expect(change.sequence == 15)
    }

    @Test func `a keep-alive repeats its number, and after maintenance numbers may fall`() throws {
        var session = try session()
        _ = OKXScene.feed(&session, Self.book("snapshot", previous: -1, sequence: 10, bids: Self.bid))
        for (previous, sequence) in [(10, 10), (10, 3), (3, 7)] {
            let events = OKXScene.events(
                OKXScene.feed(&session, Self.book("update", previous: Int64(previous), sequence: Int64(sequence))))
            guard case .bookChange = events.first else { return #expect(Bool(false), "\(events)") }
        }
    }

    @Test func `a hole loses the book, subscribes anew and waits for the next snapshot`() throws {
        var session = try session()
        _ = OKXScene.feed(&session, Self.book("snapshot", previous: -1, sequence: 10, bids: Self.bid))
        let effects = OKXScene.feed(&session, Self.book("update", previous: 11, sequence: 12))
        guard case .bookLost(OKXScene.btc, let failure) = OKXScene.events(effects).first else {
            return #expect(Bool(false), "\(effects)")
        }
        #expect(failure.kind == .invalidNonce)
        let argument = #""args":[{"channel":"books","instId":"BTC-USDT"}]}"#
        #expect(
            OKXScene.sent(effects) == [
                #"{"op":"unsubscribe",\#(argument)"#, #"{"op":"subscribe",\#(argument)"#,
            ])
        #expect(OKXScene.events(OKXScene.feed(&session, Self.book("update", previous: 12, sequence: 13))).isEmpty)
        let healed = OKXScene.events(
            OKXScene.feed(&session, Self.book("snapshot", previous: -1, sequence: 20, bids: Self.bid)))
        guard case .book = healed.first else { return #expect(Bool(false), "\(healed)") }
    }

    @Test func `a checksum that is sent has to fit`() throws {
        var good = try session()
        let text = OKXChecksum.value(
            DepthBook(
                ExchangeBook(
                    symbol: OKXScene.btc, bids: [PriceLevel(price: "30000.1", amount: "1.5")],
                    asks: [PriceLevel(price: "30000.2", amount: "0.9")])))
        let whole = Self.book(
            "snapshot", previous: nil, sequence: nil, checksum: text, bids: Self.bid, asks: Self.ask)
        guard case .book = OKXScene.events(OKXScene.feed(&good, whole)).first else {
            return #expect(Bool(false), "the checksum of a snapshot")
        }
        let wrong = OKXScene.events(
            OKXScene.feed(
                &good, Self.book("update", previous: nil, sequence: nil, checksum: 7, bids: #"["1","1","0","1"]"#)))
        guard case .bookLost(_, let failure) = wrong.first else { return #expect(Bool(false), "\(wrong)") }
        #expect(failure.kind == .checksumError)
    }

    /// The documented example: `3366.1:7:3366.8:9:3366:6:3368:8`.
    @Test func `the checksum goes over price and amount, sides in turn`() {
        let book = DepthBook(
            ExchangeBook(
                symbol: OKXScene.btc,
                bids: [PriceLevel(price: "3366.1", amount: "7"), PriceLevel(price: "3366", amount: "6")],
                asks: [PriceLevel(price: "3366.8", amount: "9"), PriceLevel(price: "3368", amount: "8")]))
        #expect(OKXChecksum.value(book) == -1_881_014_294)
    }

    @Test func `a change with neither number nor checksum cannot be trusted`() throws {
        var session = try session()
        _ = OKXScene.feed(&session, Self.book("snapshot", previous: nil, sequence: nil, bids: Self.bid))
        let events = OKXScene.events(OKXScene.feed(&session, Self.book("update", previous: nil, sequence: nil)))
        guard case .bookLost = events.first else { return #expect(Bool(false), "\(events)") }
    }

    @Test(arguments: [
        #"["30000.1"]"#, #"["-1","1"]"#, #"["0","1"]"#, #"["1","-1"]"#, #"["1e999","1"]"#, #"[1,2]"#, #"["a","1"]"#,
        #"["1.","1"]"#, #"["","1"]"#,
    ])
    func `a level that is none loses that book alone`(level: String) throws {
        var session = try session([.book(OKXScene.btc), .book(OKXScene.ltc)])
        for instrument in ["BTC-USDT", "LTC-USDT"] {
            _ = OKXScene.feed(
                &session, Self.book("snapshot", previous: -1, sequence: 1, bids: Self.bid, instrument: instrument))
        }
        let effects = OKXScene.feed(&session, Self.book("update", previous: 1, sequence: 2, bids: level))
        #expect(OKXScene.reconnects(effects).isEmpty)
        guard case .bookLost(OKXScene.btc, let failure) = OKXScene.events(effects).first else {
            return #expect(Bool(false), "\(effects)")
        }
        #expect(failure.kind == .badResponse)
        let other = OKXScene.feed(
            &session, Self.book("update", previous: 1, sequence: 2, bids: Self.bid, instrument: "LTC-USDT"))
        guard case .bookChange = OKXScene.events(other).first else { return #expect(Bool(false), "\(other)") }
    }

    @Test(arguments: ["", "{", "[]", "<html></html>", "pongpong", "null"])
    func `a frame that makes no sense ends the connection, and every book with it`(frame: String) throws {
        var session = try session()
        _ = OKXScene.feed(&session, Self.book("snapshot", previous: -1, sequence: 1, bids: Self.bid))
        let effects = OKXScene.feed(&session, frame)
        #expect(OKXScene.reconnects(effects).map(\.kind) == [.badResponse])
    }

    @Test func `half a message emits nothing of what it holds`() throws {
        var session = try session()
        let whole = Self.book("snapshot", previous: -1, sequence: 1, bids: Self.bid, asks: Self.ask)
        for length in 0..<whole.utf8.count {
            let effects = OKXScene.feed(&session, String(whole.utf8.prefix(length)) ?? "")
            #expect(!OKXScene.events(effects).contains { if case .book = $0 { true } else { false } })
        }
    }

    @Test func `keys may come in any order`() throws {
        var session = try session()
        let events = OKXScene.events(
            OKXScene.feed(
                &session,
                #"{"data":[{"seqId":5,"prevSeqId":-1,"ts":"1","bids":[],"asks":[],"new":{"a":[1]}}],"#
                    + #""action":"snapshot","arg":{"instId":"BTC-USDT","channel":"books"}}"#))
        guard case .book(let book) = events.first else { return #expect(Bool(false), "\(events)") }
        #expect(book.sequence == 5)
    }

    @Test func `trades, best prices, tickers and candles`() throws {
        var session = try session([.trades(OKXScene.btc), .bestPrices(OKXScene.btc), .ticker(OKXScene.btc)])
        let trade = OKXScene.events(
            OKXScene.feed(
                &session,
                #"{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"9","px":"2.5","#
                    + #""sz":"4","side":"sell","ts":"17","count":"3"}]}"#))
        #expect(
            trade == [
                .trade(
                    ExchangeTrade(
                        id: "9", symbol: OKXScene.btc, side: .sell, price: "2.5", amount: "4", cost: "10", time: 17))
            ])
        let best = OKXScene.events(
            OKXScene.feed(
                &session,
                #"{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"data":[{"asks":[["3","1","0","1"]],"#
                    + #""bids":[["2","5","0","1"]],"ts":"17","seqId":363996337}]}"#))
        guard case .bestPrices(let ticker) = best.first else { return #expect(Bool(false), "\(best)") }
        #expect([ticker.bid, ticker.bidAmount, ticker.ask, ticker.askAmount] == ["2", "5", "3", "1"])
        var candles = try self.session([.candles(OKXScene.btc, .oneDay)])
        let candle = OKXScene.events(
            OKXScene.feed(
                &candles,
                #"{"arg":{"channel":"candle1Dutc","instId":"BTC-USDT"},"data":[["17","1","4","1","2","9","9","9","0"]]}"#
            ))
        #expect(
            candle == [
                .candle(
                    OKXScene.btc, .oneDay,
                    ExchangeCandle(time: 17, open: "1", high: "4", low: "1", close: "2", volume: "9"))
            ])
    }

    @Test func `what OKX says beside data`() throws {
        var session = try session()
        func tell(_ frame: String) -> [StreamEffect] { OKXScene.feed(&session, frame) }
        #expect(
            OKXScene.events(
                tell(#"{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a"}"#)) == [
                    .confirmed("books BTC-USDT")
                ])
        let refused = OKXScene.events(tell(#"{"event":"error","code":"60012","msg":"Invalid request","connId":"a"}"#))
        guard case .refused(_, let failure) = refused.first else { return #expect(Bool(false), "\(refused)") }
        #expect(failure.kind == .badRequest)
        #expect(OKXScene.events(tell("pong")) == [.alive])
        #expect(
            OKXScene.reconnects(tell(#"{"event":"notice","code":"64008","msg":"upgrade","connId":"a"}"#)).count == 1)
        let unknown = tell(#"{"arg":{"channel":"trades","instId":"ETH-USD-SWAP"},"data":[]}"#)
        #expect(OKXScene.reconnects(unknown).isEmpty)
    }

    @Test func `a book that is refused is not waited for`() throws {
        var session = try session()
        _ = OKXScene.feed(
            &session,
            #"{"event":"error","code":"60018","msg":"Wrong URL or channel:books,instId:BTC-USDT doesn't exist."}"#)
        var effects: [StreamEffect] = []
        session.wake(OKXScene.now + 10_000, into: &effects)
        #expect(effects.isEmpty)
    }

    @Test func `pings what is silent, and gives up on a snapshot that does not come`() throws {
        var session = try session()
        #expect(session.silenceLimit == 30_000)
        #expect(session.nextWake == OKXScene.now + 10_000)
        var effects: [StreamEffect] = []
        session.wake(OKXScene.now + 9_999, into: &effects)
        #expect(effects.isEmpty)
        session.wake(OKXScene.now + 10_000, into: &effects)
        #expect(OKXScene.reconnects(effects).map(\.kind) == [.requestTimeout])
        var quiet = try self.session([.trades(OKXScene.btc)])
        effects = []
        quiet.wake(OKXScene.now + 15_000, into: &effects)
        #expect(OKXScene.sent(effects) == ["ping"])
        #expect(quiet.nextWake == OKXScene.now + 30_000)
        _ = OKXScene.feed(&quiet, "pong", at: OKXScene.now + 16_000)
        #expect(quiet.nextWake == OKXScene.now + 31_000)
    }
}
