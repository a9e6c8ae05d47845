import Exchanges
import Testing
import TradingCore

@testable import Simulators

@Suite("Who may ask")
struct SpotSecurityTests {
    /// Published by Binance, and computed with ccxt.
    @Test(
        "Known signatures hold, in capitals too; others do not",
        arguments: [
            (
                "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
                "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
                "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
            ),
            (
                "secretsecret", "apiKey=key&recvWindow=10000&timestamp=1700000000000",
                "9dd5a2a315b22089f917f112efda4f1c736baaf5a5ec579ebaf178bef4f4b197"
            ),
        ])
    func vectors(secret: String, text: String, signature: String) {
        #expect(SpotSecurity.isValid(signature, of: text, Secret(secret)))
        #expect(SpotSecurity.isValid(signature.uppercased(), of: text, Secret(secret)))
        #expect(!SpotSecurity.isValid(signature, of: text + " ", Secret(secret)))
        #expect(!SpotSecurity.isValid(String(signature.dropLast()), of: text, Secret(secret)))
        #expect(!SpotSecurity.isValid("+" + signature.dropFirst(), of: text, Secret(secret)))
        #expect(!SpotSecurity.isValid("", of: text, Secret(secret)))
    }

    private static let now: Int64 = 1_700_000_000_000

    /// Each breaks one rule and all that are looked at later, so that the order of the checks shows.
    @Test(
        "Checks come in Binance's order",
        arguments: [
            (nil, "signature=0", -2014), ("not a key", "signature=0", -2014), ("stranger", "signature=0", -2015),
            ("key", "signature=0", -1102), ("key", "timestamp=&signature=0", -1102), ("key", "timestamp=1", -1102),
            ("key", "timestamp=x&signature=0", -1100), ("key", "timestamp=1&recvWindow=60001&signature=0", -1131),
            ("key", "timestamp=1&recvWindow=-5&signature=0", -1100),
            ("key", "timestamp=1700000001000&signature=0", -1021),
            ("key", "timestamp=1699999994999&signature=0", -1021),
            ("key", "timestamp=1699999939999&recvWindow=60000&signature=0", -1021),
            ("key", "timestamp=1700000000999&signature=0", -1022),
            ("key", "timestamp=1699999995000&signature=0", -1022),
            ("key", "timestamp=1699999940000&recvWindow=60000&signature=0", -1022),
            // Microseconds.
            ("key", "timestamp=1700000000999000&signature=0", -1022),
            ("key", "timestamp=1700000001000000&signature=0", -1021),
        ] as [(String?, String, Int)])
    func order(key: String?, query: String, code: Int) throws {
        let security = SpotSecurity([SpotAccount(name: "alice", key: "key", secret: Secret("secretsecret"), funds: [:])]
        )
        let request = try RequestText(query: query, body: "")
        var reader = ParameterReader(request.parameters)
        let now = Timestamp(nanoseconds: Self.now * 1_000_000)
        do throws(SpotError) {
            try security.check(security.caller(key: key), request, &reader, now: now)
            Issue.record("was let in")
        } catch { #expect(error.code == code) }
    }

    @Test("Who signs well is let in")
    func good() throws {
        let query =
            "timestamp=1700000000000&symbol=BTCUSDT&origClientOrderId=mm-abc-1&recvWindow=10000&signature=66d2c2ad6e49906e7e5ad4bdc9b473c2761cfee386760165eed031cfcadd62ee"
        let security = SpotSecurity([SpotAccount(name: "alice", key: "key", secret: Secret("secretsecret"), funds: [:])]
        )
        let request = try RequestText(query: query, body: "")
        var reader = ParameterReader(request.parameters)
        let caller = try security.caller(key: "key")
        try security.check(
            caller, request, &reader, now: Timestamp(nanoseconds: Self.now * 1_000_000 + 5_000_000_000))
        #expect(caller.account == "alice")
    }
}
