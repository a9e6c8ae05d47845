import Exchanges
import Testing
import TradingCore

@Suite struct KuCoinPrivateStreamTests {
    let dialect = KuCoinDialect(catalog: Rigged.catalog(separator: "-"))

    private func session() throws -> RiggedSession {
        RiggedSession(try dialect.privateStream(token: StreamToken(token: Secret("t"), endpoint: "wss://x/endpoint")))
    }

    private func order(_ type: String, _ rest: String) -> String {
        #"{"topic":"/spotMarket/tradeOrdersV2","type":"message","subject":"orderChange","userId":"1","channelType":"private","data":{"clientOid":"mm1","orderId":"6720","orderTime":1700000000000,"orderType":"limit","originSize":"0.5","price":"100","side":"buy","size":"0.5","symbol":"BTC-USDT","ts":1700000000030000000,"type":"\#(type)",\#(rest)}}"#
    }

    private func orders(_ effects: RiggedEffects) -> [ExchangeOrder] {
        effects.events.compactMap { if case .order(let order) = $0 { order } else { nil } }
    }

    @Test func `subscribes after the welcome`() throws {
        var session = try session()
        #expect(session.session.url == "wss://x/endpoint?token=t")
        #expect(session.open().sent.isEmpty)
        let sent = session.receive(#"{"id":"x","type":"welcome"}"#).sent
        #expect(
            sent == [
                #"{"id":"1","type":"subscribe","topic":"/spotMarket/tradeOrdersV2","privateChannel":true,"response":true}"#,
                #"{"id":"2","type":"subscribe","topic":"/account/balance","privateChannel":true,"response":true}"#,
            ])
    }

    @Test func `an order's life`() throws {
        var session = try session()
        let open = orders(session.receive(order("open", #""filledSize":"0","remainSize":"0.5","status":"open""#)))
        #expect(open.map(\.status) == [.open] && open[0].remaining == "0.5" && open[0].clientOrderID == "mm1")
        #expect(open[0].updatedAt == 1_700_000_000_030 && open[0].createdAt == 1_700_000_000_000)
        let matched = session.receive(
            order(
                "match",
                #""filledSize":"0.2","remainSize":"0.3","status":"match","matchPrice":"99","matchSize":"0.2","tradeId":"t1","liquidity":"maker","feeType":"makerFee""#
            ))
        #expect(orders(matched).map(\.status) == [.open] && orders(matched)[0].filled == "0.2")
        guard case .fill(let fill) = matched.events.first else {
            Issue.record("\(matched)")
            return
        }
        #expect(fill.id == "t1" && fill.price == "99" && fill.amount == "0.2" && fill.liquidity == .maker)
        #expect(fill.cost == "19.8" && fill.orderID == "6720" && fill.clientOrderID == "mm1")
        let cancelled = orders(
            session.receive(
                order("canceled", #""filledSize":"0.2","remainSize":"0","canceledSize":"0.3","status":"done""#)))
        #expect(cancelled.map(\.status) == [.cancelled] && cancelled[0].remaining == "0.3")
        let filled = orders(session.receive(order("filled", #""filledSize":"0.5","remainSize":"0","status":"done""#)))
        #expect(filled.map(\.status) == [.closed] && filled[0].remaining == .zero)
        let unknown = orders(session.receive(order("frozen", #""filledSize":"0","status":"open""#)))
        #expect(unknown.map(\.status) == [.other("frozen")] && unknown[0].status?.isFinal == false)
    }

    private func balance(_ event: String) -> String {
        #"{"topic":"/account/balance","type":"message","subject":"account.balance","data":{"accountId":"1","available":"1","availableChange":"-1","currency":"USDT","hold":"2","holdChange":"1","relationEvent":"\#(event)","relationEventId":"2","time":"1729843222921","total":"3"}}"#
    }

    @Test(arguments: ["trade.hold", "trade_hf.setted"])
    func `balances of the trading accounts`(event: String) throws {
        var session = try session()
        let effects = session.receive(balance(event))
        guard case .balances(let balances, false) = effects.events.first else {
            Issue.record("\(effects)")
            return
        }
        #expect(balances.time == 1_729_843_222_921 && balances.balances[0].free == "1")
        #expect(balances.balances[0].used == "2" && balances.balances[0].total == "3")
    }

    @Test(arguments: ["main.deposit", "margin.hold", "contract.deposit"])
    func `balances of other accounts are not ours`(event: String) throws {
        var session = try session()
        #expect(session.receive(balance(event)).events == [.alive])
    }

    @Test func `news that cannot be read are made good by a new connection`() throws {
        var session = try session()
        #expect(session.receive(order("match", #""filledSize":"0.2""#)).wantsReconnect)
        #expect(session.receive(order("open", #""filledSize":"x""#)).wantsReconnect)
        #expect(session.receive("half a mess").wantsReconnect)
    }

    @Test(arguments: [31, 32] as [UInt64])
    func `damaged frames stop nothing`(seed: UInt64) throws {
        let frames = [
            order("match", #""filledSize":"0.2","matchPrice":"99","matchSize":"0.2","tradeId":"t1""#),
            order("open", #""filledSize":"0""#), balance("trade.hold"),
        ]
        try RiggedFuzz.run(seed: seed, rounds: 200, frames, Rigged.bitcoin) {
            var session = try session()
            _ = session.open()
            return session
        }
    }
}
