import Scheduling
import Testing
import TradingCore

@testable import Exchanges

@Suite("Bybit: streams")
struct BybitStreamTests {
    static func book(
        _ type: String, _ update: Int64, bids: String = "", asks: String = "", topic: String = "orderbook.50.BTCUSDT"
    ) -> String {
        #"{"topic":"\#(topic)","type":"\#(type)","ts":1672304484978,"data":{"s":"BTCUSDT","b":[\#(bids)],"#
            + #""a":[\#(asks)],"u":\#(update),"seq":7961638724},"cts":1672304484976}"#
    }

    static let bid = #"["16493.50","0.006"]"#
    static let ask = #"["16611.00","0.029"]"#

    func session(_ channels: [StreamChannel] = [.book(OKXScene.btc)]) throws -> any StreamSession {
        OKXScene.opened(try BybitScene.dialect.publicStream(channels)).0
    }

    @Test func `subscribes ten topics in a frame`() throws {
        let channels: [StreamChannel] = CandleInterval.allCases.filter { BybitDialect.intervals[$0] != nil }
            .map { .candles(OKXScene.btc, $0) }
        let session = try BybitScene.dialect.publicStream(channels + [.book(OKXScene.btc), .book(OKXScene.btc)])
        #expect(session.url == "wss://stream.bybit.com/v5/public/spot")
        let frames = OKXScene.sent(OKXScene.opened(session).1).compactMap { try? JSONValue($0) }
        #expect(frames.compactMap { $0["args"]?.elements?.count } == [10, 4])
    }

    @Test func `a book begins with a snapshot and counts up`() throws {
        var session = try session()
        #expect(OKXScene.events(OKXScene.feed(&session, Self.book("delta", 6))).isEmpty)
        let begun = OKXScene.events(
            OKXScene.feed(&session, Self.book("snapshot", 7, bids: Self.bid, asks: Self.ask)))
        guard case .book(let book) = begun.first else { return #expect(Bool(false), "\(begun)") }
        #expect(book.bids == [PriceLevel(price: "16493.5", amount: "0.006")])
        #expect(book.time == 1_672_304_484_978)
        let next = OKXScene.events(OKXScene.feed(&session, Self.book("delta", 8, bids: #"["16493.50","0"]"#)))
        guard case .bookChange(let change) = next.first else { return #expect(Bool(false), "\(next)") }
        #expect(change.bids == [PriceLevel(price: "16493.5", amount: .zero)])
        // The service was started again: whatever it says is whole.
        let anew = OKXScene.events(OKXScene.feed(&session, Self.book("delta", 1, bids: Self.bid)))
        guard case .book = anew.first else { return #expect(Bool(false), "\(anew)") }
    }

    @Test(arguments: [Int64(9), 7, 3, .max, .min])
    func `a hole loses the book, and the topic is subscribed anew`(update: Int64) throws {
        var session = try session()
        _ = OKXScene.feed(&session, Self.book("snapshot", 7, bids: Self.bid))
        let effects = OKXScene.feed(&session, Self.book("delta", update))
        guard case .bookLost(OKXScene.btc, let failure) = OKXScene.events(effects).first else {
            return #expect(Bool(false), "\(effects)")
        }
        #expect(failure.kind == .invalidNonce || failure.kind == .badResponse)
        #expect(OKXScene.sent(effects).map { $0.contains("subscribe") } == [true, true])
        #expect(OKXScene.events(OKXScene.feed(&session, Self.book("delta", 8))).isEmpty)
        guard case .book = OKXScene.events(OKXScene.feed(&session, Self.book("snapshot", 20, bids: Self.bid))).first
        else { return #expect(Bool(false), "no new book") }
    }

    @Test func `best prices are told whole, from snapshots and changes`() throws {
        var session = try session([.bestPrices(OKXScene.btc)])
        let topic = "orderbook.1.BTCUSDT"
        _ = OKXScene.feed(&session, Self.book("snapshot", 7, bids: Self.bid, asks: Self.ask, topic: topic))
        let events = OKXScene.events(
            OKXScene.feed(
                &session, Self.book("delta", 8, asks: #"["16611.00","0"],["16610","1"]"#, topic: topic)))
        guard case .bestPrices(let best) = events.first else { return #expect(Bool(false), "\(events)") }
        #expect([best.bid, best.bidAmount, best.ask, best.askAmount] == ["16493.5", "0.006", "16610", "1"])
    }

    @Test func `trades, tickers and candles`() throws {
        var session = try session([.trades(OKXScene.btc), .ticker(OKXScene.btc), .candles(OKXScene.btc, .fiveMinutes)])
        let trades = OKXScene.events(
            OKXScene.feed(
                &session,
                #"{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,"data":[{"T":1672304486865,"#
                    + #""s":"BTCUSDT","S":"Buy","v":"0.001","p":"16578.50","L":"PlusTick","i":"20f4","BT":false}]}"#))
        #expect(
            trades == [
                .trade(
                    ExchangeTrade(
                        id: "20f4", symbol: OKXScene.btc, side: .buy, price: "16578.5", amount: "0.001",
                        cost: "16.5785", time: 1_672_304_486_865))
            ])
        let tickers = OKXScene.events(
            OKXScene.feed(
                &session,
                #"{"topic":"tickers.BTCUSDT","ts":1672305380595,"type":"snapshot","cs":496622841,"data":{"#
                    + #""symbol":"BTCUSDT","lastPrice":"16363.78","prevPrice24h":"16443.66","price24hPcnt":"-0.0049"}}"#
            ))
        guard case .ticker(let ticker) = tickers.first else { return #expect(Bool(false), "\(tickers)") }
        #expect(ticker.percentage == "-0.49")
        #expect(ticker.time == 1_672_305_380_595)
        let candles = OKXScene.events(
            OKXScene.feed(
                &session,
                #"{"topic":"kline.5.BTCUSDT","data":[{"start":1672324800000,"interval":"5","open":"16649.5","#
                    + #""close":"16677","high":"16677","low":"16608","volume":"2.081","confirm":false}],"#
                    + #""ts":1672324988882,"type":"snapshot"}"#))
        guard case .candle(OKXScene.btc, .fiveMinutes, let candle) = candles.first else {
            return #expect(Bool(false), "\(candles)")
        }
        #expect(candle.close == "16677")
    }

    @Test func `what Bybit answers`() throws {
        var session = try session()
        func tell(_ frame: String) -> [StreamEvent] { OKXScene.events(OKXScene.feed(&session, frame)) }
        #expect(
            tell(
                #"{"success":true,"ret_msg":"subscribe","conn_id":"a","req_id":"orderbook.50.BTCUSDT","op":"subscribe"}"#
            )
                == [.confirmed("orderbook.50.BTCUSDT")])
        #expect(tell(#"{"success":true,"ret_msg":"pong","conn_id":"a","op":"ping"}"#) == [.alive])
        #expect(tell(#"{"req_id":"t","op":"pong","args":["1675418560633"],"conn_id":"a"}"#) == [.alive])
        let refused = tell(#"{"success":false,"ret_msg":"Invalid symbol","conn_id":"a","req_id":"x","op":"subscribe"}"#)
        _ = tell(#"{"success":false,"ret_msg":"no","req_id":"orderbook.50.BTCUSDT","op":"subscribe"}"#)
        var effects: [StreamEffect] = []
        session.wake(OKXScene.now + 10_000, into: &effects)
        #expect(effects.isEmpty)
        guard case .refused("x", let failure) = refused.first else { return #expect(Bool(false), "\(refused)") }
        #expect(failure.kind == .badRequest)
        guard case .unexplained = tell(#"{"news":1}"#).first else { return #expect(Bool(false), "a new message") }
    }

    @Test func `pings in time, and gives up on a snapshot that does not come`() throws {
        var session = try session()
        var effects: [StreamEffect] = []
        session.wake(OKXScene.now + 10_000, into: &effects)
        #expect(OKXScene.reconnects(effects).map(\.kind) == [.requestTimeout])
        effects = []
        session.wake(OKXScene.now + 20_000, into: &effects)
        #expect(OKXScene.sent(effects) == [#"{"op":"ping"}"#])
        #expect(session.nextWake == OKXScene.now + 40_000)
    }

    @Test func `private: logs in, subscribes, tells orders, fills and balances`() throws {
        let (opened, effects) = OKXScene.opened(try BybitScene.dialect.privateStream(token: nil))
        #expect(opened.url == "wss://stream.bybit.com/v5/private")
        #expect(OKXScene.sent(effects).map { $0.hasPrefix(#"{"op":"auth""#) } == [true])
        var session = opened
        let next = OKXScene.feed(&session, #"{"success":true,"ret_msg":"","op":"auth","conn_id":"a"}"#)
        #expect(
            OKXScene.sent(next) == [
                #"{"req_id":"account","op":"subscribe","args":["order","execution","wallet"]}"#
            ])
        func tell(_ topic: String, _ row: String) -> [StreamEvent] {
            OKXScene.events(
                OKXScene.feed(&session, #"{"id":"5","topic":"\#(topic)","creationTime":6,"data":[\#(row)]}"#))
        }
        guard case .order(let order) = tell("order", BybitAnswerTests.row("New")).first else {
            return #expect(Bool(false), "no order")
        }
        #expect(order.clientOrderID == "mrm00000000a")
        let fill =
            #"{"category":"spot","symbol":"BTCUSDT","execFee":"0.005","execId":"7e","execPrice":"2","execQty":"25","#
            + #""execType":"Trade","execValue":"50","isMaker":true,"orderId":"f6","orderLinkId":"","side":"Sell","#
            + #""orderType":"Limit","execTime":"9"}"#
        guard case .fill(let trade) = tell("execution", fill).first else { return #expect(Bool(false), "no fill") }
        #expect(trade.liquidity == .maker)
        #expect(trade.fees == [ExchangeFee(cost: "0.005", asset: AssetID("USDT"))])
        #expect(tell("execution", fill.replacing("spot", with: "linear")) == [.alive])
        guard
            case .balances(let balances, isWhole: false) = tell(
                "wallet", #"{"accountType":"UNIFIED","coin":[{"coin":"BTC","walletBalance":"2","locked":"1"}]}"#
            ).first
        else { return #expect(Bool(false), "no balances") }
        #expect(balances.time == 6)
        #expect(balances.balances.map(\.free) == ["1"])
    }

    @Test func `private: a wrong key is said to be one`() throws {
        var session = OKXScene.opened(try BybitScene.dialect.privateStream(token: nil)).0
        let effects = OKXScene.feed(
            &session, #"{"success":false,"ret_msg":"error:RequestInvalid","op":"auth","conn_id":"a"}"#)
        guard case .refused("auth", let failure) = OKXScene.events(effects).first else {
            return #expect(Bool(false), "\(effects)")
        }
        #expect(failure.kind == .authenticationError)
        #expect(OKXScene.sent(effects).isEmpty)
    }

    @Test(arguments: Array(21...28) as [UInt64])
    func `spoiled frames never stop the program`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let frames = [
            Self.book("snapshot", 7, bids: Self.bid, asks: Self.ask), Self.book("delta", 8, bids: Self.bid),
            #"{"topic":"publicTrade.BTCUSDT","ts":1,"data":[{"T":1,"S":"Buy","v":"0.001","p":"16578.50","i":"20f4"}]}"#,
            #"{"topic":"order","creationTime":6,"data":[\#(BybitAnswerTests.row("New"))]}"#,
        ]
        for isPrivate in [false, true] {
            var session = OKXScene.opened(
                isPrivate
                    ? try BybitScene.dialect.privateStream(token: nil)
                    : try BybitScene.dialect.publicStream([.book(OKXScene.btc), .trades(OKXScene.btc)])
            ).0
            for _ in 0..<500 {
                let frame = SpoiledText.spoil(frames[Int(random.below(UInt64(frames.count)))], &random)
                var effects: [StreamEffect] = []
                frame.withUnsafeBytes {
                    session.received($0, isBinary: false, now: OKXScene.now, into: &effects)
                }
                for event in OKXScene.events(effects) {
                    guard case .book(let book) = event else { continue }
                    #expect((book.bids + book.asks).allSatisfy { $0.price.isPositive && $0.amount.isPositive })
                }
            }
        }
    }
}
