import Exchanges
import Testing
import TradingCore

@Suite struct BinancePrivateStreamTests {
    func open() throws -> any StreamSession { try BinanceBench.dialect.privateStream(token: nil) }

    static func report(_ changes: String = "", x: String = "NEW", state: String = "NEW") -> String {
        #"{"subscriptionId":0,"event":{"e":"executionReport","E":9,"s":"BTCUSDT","c":"mm-1","S":"BUY","o":"LIMIT","f":"GTC","q":"1","p":"100","P":"0","C":"","x":"\#(x)","X":"\#(state)","r":"NONE","i":77,"l":"0","z":"0","L":"0","n":"0","N":null,"T":8,"t":-1,"w":true,"m":false,"O":7,"Z":"0","Y":"0"\#(changes)}}"#
    }

    @Test func `a subscription is confirmed or refused with its cause`() throws {
        var session = try open()
        #expect(
            session.receive(#"{"id":"1","status":200,"result":{"subscriptionId":0}}"#).events == [
                .confirmed("user data")
            ])
        guard
            case .refused(_, let failure) = session.receive(
                #"{"id":"1","status":400,"error":{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}}"#
            ).events.first
        else {
            Issue.record("not refused")
            return
        }
        #expect(failure.kind == .invalidNonce)
    }

    @Test func `a fill comes as a fill and as the order's new state`() throws {
        var session = try open()
        let text = Self.report(x: "TRADE", state: "PARTIALLY_FILLED")
            .replacing(#""l":"0""#, with: #""l":"0.4""#).replacing(#""z":"0""#, with: #""z":"0.4""#)
            .replacing(#""L":"0""#, with: #""L":"99.5""#).replacing(
                #""n":"0","N":null"#, with: #""n":"0.001","N":"BNB""#
            )
            .replacing(#""t":-1"#, with: #""t":5"#).replacing(#""Z":"0","Y":"0""#, with: #""Z":"39.8","Y":"39.8""#)
        let events = session.receive(text).events
        guard events.count == 2, case .fill(let fill) = events[0], case .order(let order) = events[1] else {
            Issue.record("\(events)")
            return
        }
        #expect(fill.id == "5")
        #expect(fill.orderID == "77")
        #expect(fill.clientOrderID == "mm-1")
        #expect(fill.fees == [ExchangeFee(cost: "0.001", asset: AssetID("BNB"))])
        #expect(fill.liquidity == .taker)
        #expect(order.status == .open)
        #expect(order.filled == "0.4")
        #expect(order.remaining == "0.6")
        #expect(order.average == "99.5")
        #expect(order.lastTradeAt == 8)
    }

    @Test func `a cancelled order keeps its client id, an ended one its reason`() throws {
        var session = try open()
        let cancelled = Self.report(x: "CANCELED", state: "CANCELED").replacing(#""c":"mm-1""#, with: #""c":"cancel9""#)
            .replacing(#""C":"""#, with: #""C":"mm-1""#)
        guard case .order(let order) = session.receive(cancelled).events.first else {
            Issue.record("no order")
            return
        }
        #expect(order.clientOrderID == "mm-1")
        #expect(order.status == .cancelled)
        let expired = Self.report(#","eR":"INSUFFICIENT_LIQUIDITY""#, x: "EXPIRED", state: "EXPIRED")
        guard case .order(let ended) = session.receive(expired).events.first else {
            Issue.record("no order")
            return
        }
        #expect(ended.status == .expired)
        #expect(ended.reason == "INSUFFICIENT_LIQUIDITY")
    }

    @Test func `a difference counts on what was told before, and says nothing without it`() throws {
        var session = try open()
        let difference = #"{"subscriptionId":0,"event":{"e":"balanceUpdate","E":5,"a":"USDT","d":"-3.5","T":4}}"#
        #expect(session.receive(difference).events == [.alive])
        _ = session.receive(
            #"{"subscriptionId":0,"event":{"e":"outboundAccountPosition","E":1,"u":1,"B":[{"a":"USDT","f":"10","l":"2"}]}}"#
        )
        guard case .balances(let balances, isWhole: false) = session.receive(difference).events.first else {
            Issue.record("no balances")
            return
        }
        #expect(balances.balances.first?.free == "6.5")
        #expect(balances.balances.first?.used == nil)
    }

    @Test(arguments: [
        #"{"subscriptionId":0,"event":{"e":"eventStreamTerminated","E":1}}"#, #"{"e":"serverShutdown","E":1}"#,
        // An order's change may have been in it.
        #"{"subscriptionId":0,"event":{"e":"executionReport","s":"BTCUSDT"}}"#, "{", "",
        #"{"event":{"e":"outboundAccountPosition","E":1,"B":[{"a":"USDT","f":"x","l":"2"}]}}"#,
    ])
    func `what ends the stream, or cannot be read, ends the connection`(frame: String) throws {
        var session = try open()
        #expect(session.receive(frame).reconnects.count == 1)
    }
}
