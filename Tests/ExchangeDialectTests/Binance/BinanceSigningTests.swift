import Exchanges
import Testing
import TradingCore

@Suite struct BinanceSigningTests {
    /// "SIGNED endpoint examples" sign a text of their own; these were made with the credentials of the fixtures.
    @Test(arguments: [
        (
            EndpointRequest.Verb.post,
            [
                "symbol=BTCUSDT", "side=BUY", "type=LIMIT_MAKER", "quantity=0.5", "price=29900",
                "newClientOrderId=mm-abc-1",
            ],
            "6be6f75c014f3b5473d3c8bea8c3d44f2fd10e4d5aadb8955bf48de996e60099"
        ),
        (
            .delete, ["symbol=BTCUSDT", "origClientOrderId=mm-abc-1"],
            "66d2c2ad6e49906e7e5ad4bdc9b473c2761cfee386760165eed031cfcadd62ee"
        ),
    ])
    func `the worked vectors`(verb: EndpointRequest.Verb, fields: [String], signature: String) throws {
        let members = fields.map { field in
            let parts = field.split(separator: "=")
            return JSONValue.Member(key: String(parts[0]), value: .string(String(parts[1])))
        }
        let signed = try BinanceBench.dialect.sign(
            EndpointRequest(verb, ["private"], "order", members), BinanceBench.context)
        let text =
            "timestamp=1700000000000&" + fields.joined(separator: "&") + "&recvWindow=10000&signature=" + signature
        let url = "https://api.binance.com/api/v3/order"
        #expect(signed.url == (verb == .delete ? url + "?" + text : url))
        #expect(signed.body == (verb == .delete ? nil : text))
        #expect(signed.headers.contains(SignedRequest.Header("X-MBX-APIKEY", "key")))
    }

    @Test func `the user stream is subscribed to with a signature over the sorted parameters`() throws {
        var session = try BinanceBench.dialect.privateStream(token: nil)
        var effects: [StreamEffect] = []
        session.opened(BinanceBench.context, into: &effects)
        #expect(
            effects.sent == [
                #"{"id":"1","method":"userDataStream.subscribe.signature","params":{"apiKey":"key","recvWindow":10000,"#
                    + #""timestamp":1700000000000,"#
                    + #""signature":"9dd5a2a315b22089f917f112efda4f1c736baaf5a5ec579ebaf178bef4f4b197"}}"#
            ])
    }

    @Test func `without a key nothing private leaves`() throws {
        let context = SigningContext(credentials: nil, now: BinanceBench.now)
        let call = try BinanceBench.dialect.balances([])
        #expect { try BinanceBench.dialect.sign(call.request, context) } throws: { error in
            (error as? ExchangeFailure)?.kind == .authenticationError
        }
        var session = try BinanceBench.dialect.privateStream(token: nil)
        var effects: [StreamEffect] = []
        session.opened(context, into: &effects)
        #expect(effects.sent.isEmpty)
        guard case .refused(_, let failure) = effects.events.first else {
            Issue.record("not refused")
            return
        }
        #expect(failure.kind == .authenticationError)
    }

    @Test func `the exchange's state can be asked for without a key`() throws {
        let request = try BinanceBench.dialect.status().request
        let signed = try BinanceBench.dialect.sign(
            request, SigningContext(credentials: nil, now: BinanceBench.now))
        #expect(signed.url == "https://api.binance.com/sapi/v1/system/status")
        #expect(signed.headers.isEmpty)
    }

    @Test func `what a form cannot hold plainly is written with percent signs, withdrawals too`() throws {
        for (address, written) in [("bc1qxy", "bc1qxy"), ("kaspa:qq", "kaspa:qq"), ("a&b c", "a%26b%20c")] {
            let call = try BinanceBench.dialect.withdraw(
                WithdrawalRequest(asset: AssetID("USDT"), amount: "10", address: address, network: "TRC20"))
            let body = try BinanceBench.dialect.sign(call.request, BinanceBench.context).body ?? ""
            #expect(body.contains("&address=\(written)&network=TRX&amount=10&"))
        }
    }

    @Test(arguments: [
        (BinanceDialect.Network.testnet, "https://testnet.binance.vision/api/v3/time"),
        (.demo, "https://demo-api.binance.com/api/v3/time"), (.production, "https://api.binance.com/api/v3/time"),
    ])
    func `each network has its own hosts`(network: BinanceDialect.Network, url: String) throws {
        let dialect = BinanceDialect(network: network)
        #expect(try dialect.sign(try dialect.serverTime().request, BinanceBench.context).url == url)
        #expect(try dialect.privateStream(token: nil).url.hasSuffix("/ws-api/v3"))
    }
}
