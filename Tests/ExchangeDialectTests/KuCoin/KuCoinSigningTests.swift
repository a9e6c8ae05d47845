import Exchanges
import Testing
import TradingCore

@Suite struct KuCoinSigningTests {
    let dialect = KuCoinDialect(catalog: Rigged.catalog(separator: "-"), trading: .highFrequency(isSynchronous: false))
    let context = SigningContext(credentials: RiggedSession.credentials, now: 1_700_000_000_000)

    private func header(_ name: String, _ request: SignedRequest) -> String? {
        request.headers.first { $0.name == name }?.value
    }

    @Test func `signs a body`() throws {
        let order = OrderPlacement(
            symbol: Rigged.bitcoin, kind: .limit, side: .buy, amount: "0.5", price: "29900", isPostOnly: true,
            clientOrderID: "mm-abc-1")
        let signed = try dialect.sign(dialect.place(order).request, context)
        #expect(signed.url == "https://api.kucoin.com/api/v1/hf/orders")
        #expect(
            signed.body
                == #"{"clientOid":"mm-abc-1","side":"buy","symbol":"BTC-USDT","type":"limit","size":"0.5","price":"29900","postOnly":true}"#
        )
        #expect(header("KC-API-SIGN", signed) == "2BYth+oitsmGc2ydv71zevO93IlsLS9LU8pSJDYm8Z0=")
        #expect(header("KC-API-PASSPHRASE", signed) == "83BSnDgvVG77/EMM4JKOwnmF2++4sF+VMRXPHSOlxDo=")
        #expect(header("KC-API-KEY-VERSION", signed) == "2")
    }

    @Test func `signs a query`() throws {
        let signed = try dialect.sign(dialect.openOrders(HistoryQuery(symbol: Rigged.bitcoin)).request, context)
        #expect(signed.url == "https://api.kucoin.com/api/v1/hf/orders/active?symbol=BTC-USDT")
        #expect(header("KC-API-SIGN", signed) == "XyD00MxYMgUM4uxE59WPTpmxBY/3+tmD3pydMpDz/Zo=")
    }

    @Test func `a query is sent with percent signs`() throws {
        let request = EndpointRequest(
            .get, ["private"], "sub/api-key", [JSONValue.Member(key: "passphrase", value: .string("abc!@#11"))])
        #expect(try dialect.sign(request, context).url.hasSuffix("?passphrase=abc%21%40%2311"))
    }

    @Test func `without a passphrase a private call says so, and a public one needs nothing`() throws {
        let half = SigningContext(
            credentials: ExchangeCredentials(apiKey: "key", secret: Secret("secretsecret")), now: 0)
        #expect(throws: ExchangeFailure.self) { try dialect.sign(dialect.balances([]).request, half) }
        let token = try #require(dialect.streamToken(isPrivate: false))
        let open = try dialect.sign(token.request, SigningContext(credentials: nil, now: 0))
        #expect(open.url == "https://api.kucoin.com/api/v1/bullet-public" && open.body == nil && open.headers.isEmpty)
        let closed = try #require(dialect.streamToken(isPrivate: true))
        #expect(header("KC-API-SIGN", try dialect.sign(closed.request, context)) != nil)
    }
}
