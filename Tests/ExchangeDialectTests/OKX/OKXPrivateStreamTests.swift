import Testing
import TradingCore

@testable import Exchanges

@Suite("OKX: private stream")
struct OKXPrivateStreamTests {
    func session() throws -> any StreamSession {
        OKXScene.opened(try OKXScene.dialect.privateStream(token: nil)).0
    }

    static func row(_ state: String, filled: String, fill: String = #""fillSz":"0","tradeId":"""#) -> String {
        """
        {"arg":{"channel":"orders","instType":"SPOT","uid":"1"},"data":[{"instType":"SPOT","instId":"BTC-USDT",\
        "ordId":"31","clOrdId":"mrm00000000a","px":"29900","sz":"0.5","ordType":"post_only","side":"buy",\
        "accFillSz":"\(filled)","avgPx":"29900","state":"\(state)","fee":"-0.0001","feeCcy":"BTC","uTime":"9",\
        "cTime":"1",\(fill)}]}
        """
    }

    @Test func `logs in first, then subscribes orders and balances`() throws {
        let (opened, effects) = OKXScene.opened(try OKXScene.dialect.privateStream(token: nil))
        #expect(OKXScene.sent(effects).map { $0.hasPrefix(#"{"op":"login""#) } == [true])
        var session = opened
        let next = OKXScene.feed(&session, #"{"event":"login","code":"0","msg":"","connId":"a"}"#)
        #expect(OKXScene.events(next) == [.confirmed("login")])
        #expect(
            OKXScene.sent(next) == [
                #"{"op":"subscribe","args":[{"channel":"orders","instType":"SPOT"},{"channel":"account"}]}"#
            ])
    }

    @Test func `says why it cannot log in`() throws {
        var bare = try OKXScene.dialect.privateStream(token: nil)
        var effects: [StreamEffect] = []
        bare.opened(SigningContext(credentials: nil, now: 0), into: &effects)
        guard case .refused("login", let missing) = OKXScene.events(effects).first else {
            return #expect(Bool(false), "\(effects)")
        }
        #expect(missing.kind == .authenticationError)
        var session = try session()
        let wrong = OKXScene.events(
            OKXScene.feed(&session, #"{"event":"error","code":"60009","msg":"Login failed.","connId":"a"}"#))
        guard case .refused(_, let failure) = wrong.first else { return #expect(Bool(false), "\(wrong)") }
        #expect(failure.kind == .authenticationError)
    }

    @Test func `a fill is told before the state it leads to`() throws {
        var session = try session()
        let fill =
            #""fillSz":"0.2","fillPx":"29900","tradeId":"771","fillTime":"8","fillFee":"-0.00016","#
            + #""fillFeeCcy":"BTC","execType":"M""#
        let events = OKXScene.events(
            OKXScene.feed(&session, Self.row("partially_filled", filled: "0.2", fill: fill)))
        guard events.count == 2, case .fill(let trade) = events[0], case .order(let order) = events[1] else {
            return #expect(Bool(false), "\(events)")
        }
        #expect(trade.fees == [ExchangeFee(cost: "0.00016", asset: AssetID("BTC"))])
        #expect(trade.liquidity == .maker)
        #expect(trade.cost == "5980")
        #expect(trade.clientOrderID == "mrm00000000a")
        #expect(order.filled == "0.2")
        #expect(order.remaining == "0.3")
        #expect(order.status == .open)
        #expect(order.lastTradeAt == 8)
    }

    @Test func `a change of state alone is no fill`() throws {
        var session = try session()
        let events = OKXScene.events(OKXScene.feed(&session, Self.row("canceled", filled: "0.2")))
        guard events.count == 1, case .order(let order) = events[0] else { return #expect(Bool(false), "\(events)") }
        #expect(order.status == .cancelled)
    }

    @Test func `balances come whole once, then as they change`() throws {
        var session = try session()
        let frame =
            #"{"arg":{"channel":"account","uid":"1"},"data":[{"uTime":"5","details":[{"ccy":"BTC","eq":"2","#
            + #""availBal":"1.5","availEq":"","frozenBal":"0.5"}]}]}"#
        for isWhole in [true, false] {
            let events = OKXScene.events(OKXScene.feed(&session, frame))
            guard case .balances(let balances, isWhole) = events.first else { return #expect(Bool(false), "\(events)") }
            #expect(balances.time == 5)
            #expect(balances.balances.map(\.free) == ["1.5"])
            #expect(balances.balances.map(\.used) == ["0.5"])
            #expect(balances.balances.map(\.total) == ["2"])
        }
    }

    @Test(arguments: ["{", "{}", #"{"arg":{"channel":"orders"},"data":[{"side":"up"}]}"#, #"{"arg":{},"data":[{}]}"#])
    func `what cannot be read may have been a fill: the connection begins anew`(frame: String) throws {
        var session = try session()
        let effects = OKXScene.feed(&session, frame)
        #expect(OKXScene.reconnects(effects).map(\.kind) == [.badResponse])
        #expect(OKXScene.events(effects).isEmpty)
    }
}
