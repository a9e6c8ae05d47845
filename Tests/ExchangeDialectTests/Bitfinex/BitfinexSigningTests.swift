import Testing
import TradingCore

@testable import Exchanges

@Suite("Bitfinex signing and names")
struct BitfinexSigningTests {
    private func signature(_ request: EndpointRequest) throws -> String? {
        let signed = try BitfinexSamples.dialect().sign(request, BitfinexSamples.context)
        return signed.headers.first { $0.name == "bfx-signature" }?.value
    }

    @Test func `the worked vectors`() throws {
        let body =
            "{\"type\":\"EXCHANGE LIMIT\",\"symbol\":\"tBTCUST\",\"amount\":\"0.5\",\"price\":\"29900\",\"flags\":4096,"
        let fields = try #require(try JSONValue(body + "\"cid\":1700000000001}").members)
        let order = EndpointRequest(.post, ["private"], "auth/w/order/submit", fields)
        #expect(
            try signature(order)
                == "47f2294da5fcfdbd3ec935e4e59eb99ed5c7e53d2e68674d27485030903c6b68e783a4e9b0349db59523a11f4a192062")
        #expect(
            try signature(BitfinexSamples.dialect().balances([]).request)
                == "3c43ca4990289e1576e45b2527fef27ea3dc8d04bc8c895f910fb3126c6a2719fe58e96aa1c5b204161539f979f6cd43")
    }

    @Test func `what is signed is what is sent`() throws {
        let request = EndpointRequest(.post, ["private"], "auth/r/wallets")
        let signed = try BitfinexSamples.dialect().sign(
            request, SigningContext(credentials: BitfinexSamples.credentials, now: 5, nonce: 7))
        #expect(signed.body == "{}")
        #expect(signed.headers.first == .init("bfx-nonce", "7"))
        #expect(signed.url == "https://api.bitfinex.com/v2/auth/r/wallets")
    }

    @Test func `a private call without a key is refused`() throws {
        let request = try BitfinexSamples.dialect().balances([]).request
        let failure = #expect(throws: ExchangeFailure.self) {
            try BitfinexSamples.dialect().sign(request, SigningContext(credentials: nil, now: 1))
        }
        #expect(failure?.kind == .authenticationError)
    }

    @Test func `the login, with and without the dead man's switch`() throws {
        let plain = BitfinexDialect.login(
            BitfinexSamples.credentials, nonce: BitfinexSamples.now, cancelsOnDisconnect: false)
        let message = try JSONValue(plain)
        #expect(message.text("authPayload") == "AUTH1700000000000")
        #expect(
            message.text("authSig")
                == "386f51bf23ab140ea3e2d227dd631b74e6b435e24c5eb513053e8ec7d7c9d35199f4f29369b72daa795694b56f1bd6ad")
        #expect(message["dms"] == nil)
        let armed = BitfinexDialect.login(BitfinexSamples.credentials, nonce: 1, cancelsOnDisconnect: true)
        #expect(try JSONValue(armed)["dms"] == .number("4"))
        #expect(!plain.contains("secretsecret"))
    }

    @Test func `client order ids come back, the first too`() throws {
        let dialect = try BitfinexSamples.dialect()
        for number: UInt64 in [0, 1, 1_655_029_337_026, (1 << 45) - 1] {
            let id = try #require(ClientOrderID(rawValue: number))
            let text = try #require(dialect.clientOrderID(id))
            #expect(text != "0")
            #expect(dialect.clientOrderID(text) == id)
        }
    }

    @Test(arguments: ["", "0", "-1", "abc", "007", "35184372088833", "1e3", "99999999999999999999"])
    func `other texts are no ids of ours`(_ text: String) throws {
        #expect(try BitfinexSamples.dialect().clientOrderID(text) == nil)
    }

    @Test(arguments: [
        (0, "1970-01-01"), (-1, "1969-12-31"), (1_700_000_000_000, "2023-11-14"), (1_709_164_800_000, "2024-02-29"),
        (1_709_251_199_999, "2024-02-29"), (1_709_251_200_000, "2024-03-01"), (951_782_400_000, "2000-02-29"),
        (4_107_542_400_000, "2100-03-01"),
    ])
    func `days in UTC`(_ time: Int64, _ expected: String) {
        #expect(CivilDate(milliseconds: time).description == expected)
    }
}
