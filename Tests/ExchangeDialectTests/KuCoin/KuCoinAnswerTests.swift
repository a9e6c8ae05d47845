import Exchanges
import Testing
import TradingCore

@Suite struct KuCoinAnswerTests {
    let dialect = KuCoinDialect(catalog: Rigged.catalog(separator: "-"))

    private func failure(_ body: String, _ status: Int = 200) -> ExchangeFailure? {
        dialect.failure(
            in: EndpointAnswer(
                status: status, headers: [.init("gw-ratelimit-reset", "1234")], body: Array(body.utf8)),
            to: EndpointRequest(.get, ["private"], "x"))
    }

    @Test(arguments: [
        ("400100", "order_not_exist_or_not_allow_to_cancel", ExchangeFailure.Kind.invalidOrder),
        ("400100", "Order not exist or not allow to be cancelled", .orderNotFound),
        ("400100", "Price increment invalid.", .invalidOrder), ("400100", "anything else", .badRequest),
        ("200004", "Balance insufficient!", .insufficientFunds), ("400002", "KC-API-TIMESTAMP Invalid", .invalidNonce),
        ("429000", "Too Many Requests", .rateLimitExceeded), ("999999", "new", .exchangeError),
        ("411100", "User are frozen", .accountSuspended), ("400500", "", .restrictedLocation),
    ])
    func `a failure is told by its message, else by its code`(code: String, message: String, kind: ExchangeFailure.Kind)
    {
        let told = failure(#"{"code":"\#(code)","msg":"\#(message)"}"#)
        #expect(told?.kind == kind && told?.code == code)
    }

    @Test func `too many requests say for how long to stay away`() {
        #expect(failure(#"{"code":"429000","msg":"Too Many Requests"}"#, 429)?.retryAfter == 1_234)
        #expect(failure("", 429)?.retryAfter == 1_234)
        #expect(failure(#"{"code":"400100","msg":"x"}"#)?.retryAfter == nil)
    }

    @Test(arguments: [(502, ExchangeFailure.Kind.exchangeNotAvailable), (504, .requestTimeout), (418, .ddosProtection)])
    func `pages that are none are told by their status`(status: Int, kind: ExchangeFailure.Kind) {
        #expect(failure("<html>", status)?.kind == kind)
        #expect(failure("{\"cod", status)?.kind == kind)
    }

    @Test(arguments: ["", "null", "{}", #"{"code":"200000"}"#, #"{"code":"200000","data":5}"#, "<html>"])
    func `an answer that is none is a bad response`(body: String) throws {
        #expect(throws: ExchangeFailure.self) { try Rigged.read(dialect.balances([]), body, dialect) }
    }

    @Test func `headers tell the pool that the request took from`() throws {
        let headers: [SignedRequest.Header] = [
            .init("gw-ratelimit-limit", "4000"), .init("GW-RateLimit-Remaining", "3998"),
            .init("gw-ratelimit-reset", "21000"),
        ]
        let answer = EndpointAnswer(status: 200, headers: headers, body: [])
        let order = OrderPlacement(symbol: Rigged.bitcoin, kind: .limit, side: .buy, amount: "1", price: "2")
        #expect(
            dialect.usage(in: answer, to: try dialect.place(order).request)
                == [RateUsage("spot", used: 2, capacity: 4_000, resetsIn: 21_000)])
        #expect(dialect.usage(in: EndpointAnswer(status: 200, body: []), to: try dialect.place(order).request).isEmpty)
        let names = Set(dialect.limits.map(\.name))
        for request in [
            try dialect.place(order).request, try dialect.balances([]).request, try dialect.markets().request,
        ] {
            #expect(request.costs.allSatisfy { names.contains($0.limit) && $0.weight > 0 })
        }
    }

    @Test func `money of other accounts is left out`() throws {
        let balances = try Rigged.read(
            dialect.balances([]),
            #"{"code":"200000","data":[{"id":"1","currency":"USDT","type":"main","balance":"9","available":"9","holds":"0"},{"id":"2","currency":"USDT","type":"trade","balance":"3","available":"1","holds":"2"}]}"#,
            dialect)
        #expect(balances.balances.count == 1 && balances.balances[0].free == "1" && balances.balances[0].total == "3")
    }

    @Test func `an asset's own chain is called after it`() throws {
        let body =
            #"{"code":"200000","data":[{"currency":"ETH","fullName":"Ethereum","chains":[{"chainName":"ERC20","chainId":"eth","withdrawPrecision":8,"isDepositEnabled":true,"isWithdrawEnabled":false}]},{"currency":"BCHSV","fullName":"x","chains":null}]}"#
        let currencies = try Rigged.read(dialect.currencies(), body, dialect)
        #expect(currencies[0].networks.map(\.code) == ["ETH"] && currencies[0].precision == "0.00000001")
        #expect(currencies[1].asset == AssetID("BSV") && currencies[1].networks.isEmpty)
    }

    @Test func `deposit addresses`() throws {
        let call = try dialect.depositAddress(AssetID("USDT"), network: "TRC20", [])
        #expect(Rigged.text(call.request) == #"{"currency":"USDT","chain":"trx"}"#)
        let address = try Rigged.read(
            call, #"{"code":"200000","data":{"address":"T1","memo":"","chain":"TRX","currency":"USDT"}}"#, dialect)
        #expect(address == DepositAddress(asset: AssetID("USDT"), network: "TRC20", address: "T1"))
        for none in ["[]", "{}", #"{"address":""}"#] {
            #expect(throws: ExchangeFailure.self) {
                try Rigged.read(call, #"{"code":"200000","data":\#(none)}"#, dialect)
            }
        }
    }

    @Test func `a withdrawal is cut to the network's digits and sent as a number`() throws {
        var rich = dialect
        rich.catalog = MarketCatalog(
            markets: [],
            currencies: [
                ExchangeCurrency(
                    id: "USDT", asset: AssetID("USDT"), precision: "0.01",
                    networks: [ExchangeNetwork(id: "optimism", code: "OP", precision: "0.000001")])
            ])
        var withdrawal = WithdrawalRequest(
            asset: AssetID("USDT"), amount: "5.123456789", address: "0x1", tag: "7", network: "OP")
        #expect(
            Rigged.text(try rich.withdraw(withdrawal).request)
                == #"{"currency":"USDT","toAddress":"0x1","withdrawType":"ADDRESS","memo":"7","chain":"optimism","amount":5.123456}"#
        )
        withdrawal.amount = "0.0000001"
        #expect(throws: ExchangeFailure.self) { try rich.withdraw(withdrawal) }
    }

    @Test(arguments: [
        ("General,Spot", true, false), ("General", false, false), ("General, Spot, Withdrawal", true, true),
        ("General,Trade,Transfer", true, true),
    ])
    func `a key's rights`(text: String, canTrade: Bool, canWithdraw: Bool) throws {
        let rights = try Rigged.read(
            dialect.permissions(),
            #"{"code":"200000","data":{"permission":"\#(text)","ipWhitelist":"127.0.0.1","uid":165111215}}"#, dialect)
        #expect(rights.accountID == "165111215")
        #expect(rights.canTrade == canTrade && rights.canWithdraw == canWithdraw && rights.canRead == true)
        #expect(rights.isBoundToAddresses == true)
    }

    @Test func `times are told in three units`() throws {
        for time in ["1700000000123", "1700000000123456", "1700000000123456789"] {
            let trades = try Rigged.read(
                dialect.trades(HistoryQuery(symbol: Rigged.bitcoin)),
                #"{"code":"200000","data":[{"sequence":"1","price":"1","size":"1","side":"buy","time":\#(time)}]}"#,
                dialect)
            #expect(trades[0].time == 1_700_000_000_123)
        }
    }
}
