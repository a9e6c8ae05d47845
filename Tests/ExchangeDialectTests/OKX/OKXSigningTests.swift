import Testing
import TradingCore

@testable import Exchanges

@Suite("OKX: signing")
struct OKXSigningTests {
    static let context = SigningContext(
        credentials: ExchangeCredentials(
            apiKey: "key", secret: Secret("secretsecret"), passphrase: Secret("password")), now: 1_700_000_000_000)

    @Test func `the worked vector of an order`() throws {
        let fields = RequestFields([
            "instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "post_only", "sz": "0.5", "px": "29900",
            "clOrdId": "mmabc1",
        ])
        let request = EndpointRequest(.post, ["private"], "trade/order", fields.members)
        let signed = try OKXDialect().sign(request, Self.context)
        #expect(signed.url == "https://www.okx.com/api/v5/trade/order")
        #expect(
            signed.headers == [
                SignedRequest.Header("OK-ACCESS-KEY", "key"), SignedRequest.Header("OK-ACCESS-PASSPHRASE", "password"),
                SignedRequest.Header("OK-ACCESS-TIMESTAMP", "2023-11-14T22:13:20.000Z"),
                SignedRequest.Header("Content-Type", "application/json"),
                SignedRequest.Header("OK-ACCESS-SIGN", "mFgXnhQSrwnm1BsUnoY0wD01GFNCIl4Xy8vRIWdTb+c="),
            ])
    }

    @Test func `the worked vector of a query`() throws {
        let fields = RequestFields(["instType": "SPOT", "instId": "BTC-USDT"])
        let request = EndpointRequest(.get, ["private"], "trade/orders-pending", fields.members)
        let signed = try OKXDialect().sign(request, Self.context)
        #expect(signed.body == nil)
        #expect(signed.headers.last?.value == "/Vb41bZQywGT4pXc0IrgauhOTH4pogzglHhw65r9Pq0=")
    }

    @Test func `the worked vector of the login`() throws {
        let frame = try OKXDialect().login(Self.context)
        #expect(frame.contains(#""sign":"mKpVzoo3Xr8MCo7nkBiqYDBHHy2c9IA3M0nV1T25dEU=""#))
        #expect(frame.contains(#""timestamp":"1700000000""#))
    }

    @Test func `demo trading says so with every request`() throws {
        let dialect = OKXDialect(hosts: OKXDialect.demoHosts)
        let marker = SignedRequest.Header("x-simulated-trading", "1")
        let open = EndpointRequest(.get, ["public"], "public/time")
        let closed = EndpointRequest(.get, ["private"], "account/balance")
        #expect(try dialect.sign(open, Self.context).headers == [marker])
        #expect(try dialect.sign(closed, Self.context).headers.contains(marker))
    }

    @Test func `a private call without key or passphrase is refused before it leaves`() {
        let request = EndpointRequest(.get, ["private"], "account/balance")
        let bare = SigningContext(credentials: nil, now: 0)
        let half = SigningContext(
            credentials: ExchangeCredentials(apiKey: "key", secret: Secret("secret")), now: 0)
        for context in [bare, half] {
            #expect { try OKXDialect().sign(request, context) } throws: { error in
                (error as? ExchangeFailure)?.kind == .authenticationError
            }
        }
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_704_067_199_001, "2023-12-31T23:59:59.001Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (-1, "1970-01-01T00:00:00.000Z"),
        (.max, "9999-12-31T23:59:59.999Z"),
    ])
    func `moments as ISO 8601`(time: Int64, text: String) {
        #expect(UTCTimeText.milliseconds(time) == text)
    }
}
