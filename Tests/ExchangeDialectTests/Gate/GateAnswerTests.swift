import Exchanges
import Testing
import TradingCore

@Suite struct GateAnswerTests {
    let dialect = GateDialect(catalog: Rigged.catalog(separator: "_"))

    private func failure(_ body: String, _ status: Int) -> ExchangeFailure? {
        dialect.failure(
            in: EndpointAnswer(status: status, body: Array(body.utf8)), to: EndpointRequest(.get, ["private"], "x"))
    }

    @Test(arguments: [
        (#"{"label":"BALANCE_NOT_ENOUGH","message":"m"}"#, 400, ExchangeFailure.Kind.insufficientFunds),
        (#"{"label":"INVALID_KEY","message":"m"}"#, 401, .authenticationError),
        (#"{"label":"SOMETHING_NEW","message":"m"}"#, 400, .exchangeError),
        ("<html>Bad Gateway</html>", 502, .exchangeNotAvailable), ("", 504, .requestTimeout),
        ("{\"label\":", 500, .exchangeNotAvailable), ("[]", 429, .rateLimitExceeded),
    ])
    func `a failure is told by its label, else by its status`(body: String, status: Int, kind: ExchangeFailure.Kind) {
        #expect(failure(body, status)?.kind == kind)
    }

    @Test func `a good answer is none`() {
        #expect(failure(#"{"id":"1","label":""}"#, 200) == nil)
        #expect(failure("[]", 200) == nil)
    }

    @Test func `a rate limit is unknown, a refusal is not`() {
        #expect(failure(#"{"label":"TOO_BUSY","message":""}"#, 503)?.isOutcomeUnknown == true)
        #expect(failure(#"{"label":"INVALID_PARAM_VALUE","message":""}"#, 400)?.isOutcomeUnknown == false)
    }

    @Test(arguments: ["", "null", "{}", "[{}]", "[{\"currency\":1}]", "<html>", "[[[", "{\"currency\":\"BTC\"}"])
    func `an answer that is none is a bad response`(body: String) throws {
        #expect(throws: ExchangeFailure.self) { try Rigged.read(dialect.balances([]), body, dialect) }
    }

    @Test func `headers tell the limit that the request took from`() throws {
        let order = OrderPlacement(symbol: Rigged.bitcoin, kind: .limit, side: .buy, amount: "1", price: "2")
        let headers: [SignedRequest.Header] = [
            .init("x-gate-ratelimit-requests-remain", "7"), .init("X-Gate-RateLimit-Limit", "10"),
        ]
        let answer = EndpointAnswer(status: 200, headers: headers, body: [])
        #expect(
            dialect.usage(in: answer, to: try dialect.place(order).request)
                == [RateUsage("place", used: 3, capacity: 10)])
        #expect(dialect.usage(in: EndpointAnswer(status: 200, body: []), to: try dialect.balances([]).request).isEmpty)
        let names = Set(dialect.limits.map(\.name))
        #expect(try names.contains(dialect.withdrawals(HistoryQuery()).request.costs[0].limit))
    }

    @Test func `grouped open orders are one list`() throws {
        let row =
            #"{"id":"1","currency_pair":"BTC_USDT","type":"limit","side":"buy","amount":"1","price":"2","left":"1","status":"open","create_time_ms":1}"#
        let call = try dialect.openOrders(HistoryQuery())
        let orders = try Rigged.read(
            call,
            #"[{"currency_pair":"BTC_USDT","total":1,"orders":["# + row
                + #"]},{"currency_pair":"ETH_USDT","total":0,"orders":[]}]"#,
            dialect)
        #expect(orders.map(\.id) == ["1"])
        #expect(try Rigged.read(call, "[" + row + "]", dialect).count == 1)
    }

    @Test func `names that mean something else are told apart`() throws {
        let balances = try Rigged.read(
            dialect.balances([]),
            #"[{"currency":"GTC","available":"1","locked":"2"},{"currency":"88MPH","available":"0","locked":"0"}]"#,
            dialect)
        #expect(balances.balances.map(\.asset.rawValue) == ["GAMECOM", "MPH"])
        #expect(balances.balances[0].total == "3")
        let address = try dialect.depositAddress(AssetID("GAMECOM"), network: nil, [])
        #expect(Rigged.text(address.request) == #"{"currency":"GTC"}"#)
    }

    @Test func `an address that is being made, and one that is not there`() throws {
        let call = try dialect.depositAddress(AssetID("USDT"), network: "ERC20", [])
        func kind(_ rows: String) -> ExchangeFailure.Kind? {
            do throws(ExchangeFailure) {
                _ = try Rigged.read(call, #"{"currency":"USDT","multichain_addresses":["# + rows + "]}", dialect)
                return nil
            } catch { return error.kind }
        }
        #expect(kind(#"{"chain":"ETH","address":"","obtain_failed":1}"#) == .addressPending)
        #expect(kind(#"{"chain":"TRX","address":"T","obtain_failed":0}"#) == .invalidAddress)
        #expect(kind(#"{"chain":"ETH","address":"0x","obtain_failed":0}"#) == nil)
    }

    @Test func `a key's rights`() throws {
        let key =
            #"{"perms":[{"name":"spot","read_only":false},{"name":"wallet","read_only":true}],"ip_whitelist":["1.1.1.1"]}"#
        let rights = try Rigged.read(dialect.permissions(), key, dialect)
        #expect(rights.canRead == true && rights.canTrade == true && rights.canWithdraw == false)
        #expect(rights.isBoundToAddresses == true)
        let told = key.replacing(#"{"perms""#, with: #"{"user_id":10003,"perms""#)
        #expect(try Rigged.read(dialect.permissions(), told, dialect).accountID == "10003")
        #expect(try Rigged.read(dialect.permissions(), "[\(key),\(key)]", dialect) == KeyPermissions())
    }

    @Test func `windows of transfers are thirty days`() throws {
        let call = try dialect.deposits(HistoryQuery(since: 1_700_000_000_000))
        #expect(Rigged.text(call.request) == #"{"from":1700000000,"to":1702592000}"#)
        let later = try dialect.withdrawals(HistoryQuery(since: 1_700_000_000_000, until: 1_800_000_000_000))
        #expect(Rigged.text(later.request) == #"{"from":1700000000,"to":1702592000}"#)
    }

    @Test(arguments: ["-1", "19", "1000", "9223372036854775807"])
    func `a market of absurd precision cannot be read`(digits: String) throws {
        let row = #"[{"id":"A_B","base":"A","quote":"B","precision":"# + digits + #","amount_precision":2}]"#
        #expect(throws: ExchangeFailure.self) { try Rigged.read(dialect.markets(), row, dialect) }
    }
}
