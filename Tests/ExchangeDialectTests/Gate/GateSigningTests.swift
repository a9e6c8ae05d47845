import Exchanges
import Testing
import TradingCore

@Suite struct GateSigningTests {
    let dialect = GateDialect(catalog: Rigged.catalog(separator: "_"))
    let context = SigningContext(credentials: RiggedSession.credentials, now: 1_700_000_000_999)

    private func header(_ name: String, _ request: SignedRequest) -> String? {
        request.headers.first { $0.name == name }?.value
    }

    @Test func `signs a call without a query`() throws {
        let signed = try dialect.sign(EndpointRequest(.get, ["private", "spot"], "accounts"), context)
        #expect(signed.url == "https://api.gateio.ws/api/v4/spot/accounts")
        #expect(header("Timestamp", signed) == "1700000000")
        #expect(
            header("SIGN", signed)
                == "6fbce6af9fecb9541e9a44f5e698a786406c2dcea30ea0a66d63cfe0b4e678bc6b2fd4dd68b222f0b646d44083f1dbe8285e3994f69d8aaae94a342d59ec509f"
        )
    }

    @Test func `signs a query`() throws {
        let request = EndpointRequest(
            .delete, ["private", "spot"], "orders/30784435",
            [JSONValue.Member(key: "currency_pair", value: .string("BTC_USDT"))])
        #expect(
            header("SIGN", try dialect.sign(request, context))
                == "f7bdca9f03e768c69ca6bf9741a1e94840e0aafa525786de93ba261d7e6a2ccc9dea523d8b5000be98ea7c512b67022cacf56a8499bf9c941f840953e0cda765"
        )
    }

    @Test func `sends a query with percent signs and signs it without`() throws {
        let fields = [JSONValue.Member(key: "address", value: .string("a b:c"))]
        let encoded = try dialect.sign(EndpointRequest(.get, ["private", "wallet"], "x", fields), context)
        #expect(encoded.url.hasSuffix("?address=a%20b%3Ac"))
        let plain = try dialect.sign(
            EndpointRequest(.get, ["private", "wallet"], "x", [.init(key: "address", value: .string("abc"))]), context)
        #expect(header("SIGN", encoded) != header("SIGN", plain))
    }

    @Test func `a withdrawal stands at the root`() throws {
        let call = try dialect.withdraw(
            WithdrawalRequest(asset: AssetID("USDT"), amount: "5.5", address: "0x1", network: "TRC20"))
        let signed = try dialect.sign(call.request, context)
        #expect(signed.url == "https://api.gateio.ws/api/v4/withdrawals")
        #expect(signed.body == #"{"currency":"USDT","address":"0x1","amount":"5.5","chain":"TRX"}"#)
    }

    @Test func `without credentials a private call says so, and a public one needs none`() throws {
        let nobody = SigningContext(credentials: nil, now: 0)
        #expect(throws: ExchangeFailure.self) {
            try dialect.sign(EndpointRequest(.get, ["private", "spot"], "accounts"), nobody)
        }
        let open = try dialect.sign(try dialect.serverTime().request, nobody)
        #expect(open.headers.isEmpty && open.body == nil)
    }

    @Test func `a placement may carry the time after which Gate shall refuse it`() throws {
        var careful = dialect
        careful.refusesLateOrders = true
        let order = OrderPlacement(symbol: Rigged.bitcoin, kind: .limit, side: .buy, amount: "1", price: "30000")
        #expect(header("X-Gate-Exptime", try careful.sign(careful.place(order).request, context)) == "1700000010999")
        #expect(header("X-Gate-Exptime", try careful.sign(careful.balances([]).request, context)) == nil)
        #expect(header("X-Gate-Exptime", try dialect.sign(dialect.place(order).request, context)) == nil)
    }

    @Test func `a secret is never printed`() {
        #expect(!"\(context)".contains("secretsecret"))
    }
}
