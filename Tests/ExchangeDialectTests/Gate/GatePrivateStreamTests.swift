import Exchanges
import Testing
import TradingCore

@Suite struct GatePrivateStreamTests {
    let dialect = GateDialect(catalog: Rigged.catalog(separator: "_"))

    private func session() throws -> RiggedSession { RiggedSession(try dialect.privateStream(token: nil)) }

    @Test func `signs each subscription`() throws {
        var session = try session()
        let sent = session.open().sent
        #expect(sent.count == 3)
        #expect(
            sent[0]
                == #"{"time":1700000000,"id":1,"channel":"spot.orders","event":"subscribe","payload":["!all"],"auth":{"method":"api_key","KEY":"key","SIGN":"de8774749974b19b0074a8c70633a0030eed0fe76f60610b1a62aed6fa3921c7cd9bc84f1c8772998b913f50998b77a806715c1a9b405d1846193e8972730ae0"}}"#
        )
        #expect(!sent[2].contains("payload"))
    }

    @Test func `without credentials nothing is sent`() throws {
        var session = try session()
        let effects = session.open(nil)
        #expect(effects.sent.isEmpty && effects.refused == [.authenticationError])
    }

    @Test func `a refused login is told`() throws {
        var session = try session()
        _ = session.open()
        let effects = session.receive(
            #"{"time":1,"id":1,"channel":"spot.orders","event":"subscribe","error":{"code":4,"message":"invalid key"},"result":null}"#
        )
        #expect(effects.refused == [.authenticationError])
    }

    @Test func `a fill with a fee in GT`() throws {
        var session = try session()
        let effects = session.receive(
            #"{"time":1,"channel":"spot.usertrades","event":"update","result":[{"id":5736713,"user_id":1,"order_id":"30784428","currency_pair":"BTC_USDT","create_time":1605176741,"create_time_ms":"1605176741763.123","side":"buy","amount":"1","role":"maker","price":"10000","fee":"0","fee_currency":"BTC","point_fee":"0","gt_fee":"0.5","text":"t-mm000000000001"}]}"#
        )
        guard case .fill(let fill) = effects.events.first else {
            Issue.record("\(effects)")
            return
        }
        #expect(fill.id == "5736713" && fill.orderID == "30784428" && fill.liquidity == .maker)
        #expect(fill.clientOrderID == "t-mm000000000001" && fill.time == 1_605_176_741_763)
        #expect(fill.fees.contains(ExchangeFee(cost: "0.5", asset: AssetID("GT"))))
    }

    /// The documentation's own example has no `fee_currency`.
    @Test(arguments: [("buy", "BTC"), ("sell", "USDT")])
    func `a fill that does not say what its fee was paid in paid it in what it brought`(
        _ side: String, _ asset: String
    ) throws {
        var session = try session()
        let effects = session.receive(
            #"{"time":1,"channel":"spot.usertrades","event":"update","result":[{"id":5736713,"user_id":1,"order_id":"30784428","currency_pair":"BTC_USDT","create_time":1605176741,"create_time_ms":"1605176741763.123","side":"\#(side)","amount":"1","role":"maker","price":"10000","fee":"0.002","point_fee":"0","gt_fee":"0","text":"t-mm000000000001"}]}"#
        )
        guard case .fill(let fill) = effects.events.first else {
            Issue.record("\(effects)")
            return
        }
        #expect(fill.fees == [ExchangeFee(cost: "0.002", asset: AssetID(asset))])
    }

    @Test func `balances that changed`() throws {
        var session = try session()
        let effects = session.receive(
            #"{"time":1,"channel":"spot.balances","event":"update","result":[{"timestamp":"1","timestamp_ms":"1000","currency":"USDT","change":"-1","total":"3","available":"1","freeze":"2"}]}"#
        )
        guard case .balances(let balances, false) = effects.events.first else {
            Issue.record("\(effects)")
            return
        }
        #expect(balances.time == 1_000 && balances.balances[0].used == "2" && balances.balances[0].total == "3")
    }

    @Test(arguments: [
        #"{"channel":"spot.orders","event":"update","result":[{"id":"1","amount":"x"}]}"#,
        #"{"channel":"spot.orders","event":"update","result":{}}"#,
        #"{"channel":"spot.balances","event":"update"}"#, "nothing",
    ])
    func `news that cannot be read are made good by a new connection`(frame: String) throws {
        var session = try session()
        #expect(session.receive(frame).wantsReconnect)
    }

    @Test(arguments: [11, 12] as [UInt64])
    func `damaged frames stop nothing`(seed: UInt64) throws {
        let frames = [
            #"{"time":1,"channel":"spot.orders","event":"update","result":[{"id":"3","text":"t-mm-1","create_time_ms":"1700000000000.001","update_time_ms":"1700000000009","event":"update","currency_pair":"BTC_USDT","type":"market","side":"buy","amount":"0.5","price":"29900","time_in_force":"ioc","left":"0.3","filled_total":"5980","filled_amount":"0.2","avg_deal_price":"29900","fee":"0.0002","fee_currency":"BTC","gt_fee":"0","rebated_fee":"0","rebated_fee_currency":"USDT","finish_as":"open"}]}"#,
            #"{"time":1,"channel":"spot.balances","event":"update","result":[{"timestamp_ms":"1000","currency":"USDT","total":"3","available":"1","freeze":"2"}]}"#,
        ]
        try RiggedFuzz.run(seed: seed, rounds: 200, frames, Rigged.bitcoin) {
            var session = try session()
            _ = session.open()
            return session
        }
    }
}
