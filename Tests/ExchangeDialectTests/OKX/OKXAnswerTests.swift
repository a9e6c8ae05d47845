import Testing
import TradingCore

@testable import Exchanges

@Suite("OKX: answers")
struct OKXAnswerTests {
    let dialect = OKXScene.dialect

    func order(_ members: String) throws -> ExchangeOrder {
        try dialect.order(try JSONValue(#"{"instId":"BTC-USDT","side":"buy",\#(members)}"#))
    }

    @Test(arguments: [
        ("live", OrderState.open), ("partially_filled", .open), ("filled", .closed), ("effective", .closed),
        ("canceled", .cancelled), ("mmp_canceled", .cancelled), ("order_failed", .cancelled), ("new", .other("new")),
    ])
    func `states of orders`(word: String, state: OrderState) throws {
        #expect(try order(#""state":"\#(word)","sz":"1""#).status == state)
    }

    @Test func `a market order by cost has no amount but what was filled`() throws {
        let filled = try order(
            #""ordType":"market","tgtCcy":"quote_ccy","sz":"100","accFillSz":"0.005","avgPx":"20000","state":"filled""#)
        #expect(filled.filled == "0.005")
        #expect(filled.cost == "100")
        #expect(filled.average == "20000")
        #expect(filled.amount == nil || filled.amount == "0.005")
        #expect(filled.timeInForce == .immediateOrCancel)
    }

    @Test func `what was paid is positive, a rebate negative and told apart`() throws {
        let both = try order(
            #""fee":"-0.0001","feeCcy":"BTC","rebate":"0.5","rebateCcy":"USDT","sz":"1","accFillSz":"1""#)
        #expect(
            both.fees == [
                ExchangeFee(cost: "0.0001", asset: AssetID("BTC")), ExchangeFee(cost: "-0.5", asset: AssetID("USDT")),
            ])
    }

    @Test func `why an order ended or was not changed`() throws {
        #expect(try order(#""cancelSource":"31","state":"canceled""#).reason == "cancelSource 31")
        #expect(try order(#""code":"51008","msg":"no money","state":"live""#).reason == "51008 no money")
        #expect(try order(#""code":"0","msg":"","cancelSource":"""#).reason == nil)
    }

    @Test func `an instrument that is not listed keeps its name`() throws {
        #expect(dialect.symbol(ofInstrument: "BCHSV-USDT")?.description == "BSV/USDT")
        #expect(dialect.symbol(ofInstrument: "BTC-USD-220527") == nil)
        #expect(dialect.symbol(ofInstrument: "BTC") == nil)
        #expect(dialect.symbol(ofInstrument: "-") == nil)
    }

    @Test func `an unreadable number is an error with its field`() {
        #expect { try order(#""sz":"1,5""#) } throws: { "\($0)".contains("sz") }
        #expect { try order(#""cTime":"tomorrow""#) } throws: { "\($0)".contains("cTime") }
        #expect { try dialect.order(try JSONValue(#"{"side":"hold"}"#)) } throws: { "\($0)".contains("side") }
    }

    @Test func `fees of an account change their sign`() throws {
        let call = try dialect.tradingFees(OKXScene.btc, [])
        let body = #"{"code":"0","msg":"","data":[{"maker":"-0.0008","taker":"-0.001","level":"Lv1"}]}"#
        let fees = try call.answer(in: OKXScene.answer(body), dialect)
        #expect(fees.maker == "0.0008")
        #expect(fees.taker == "0.001")
    }

    @Test func `what a key may do`() throws {
        let call = try dialect.permissions()
        func ask(_ perm: String, _ ip: String) throws -> KeyPermissions {
            let body = #"{"code":"0","msg":"","data":[{"perm":"\#(perm)","ip":"\#(ip)"}]}"#
            return try call.answer(in: OKXScene.answer(body), dialect)
        }
        #expect(
            try ask("read_only,trade", "1.2.3.4")
                == KeyPermissions(canRead: true, canTrade: true, canWithdraw: false, isBoundToAddresses: true))
        #expect(try ask("read_only,withdraw,trade", "").canWithdraw == true)
        #expect(try ask("read_only", "").isBoundToAddresses == false)
        let told = #"{"code":"0","msg":"","data":[{"perm":"trade","uid":"44705892343619584","ip":""}]}"#
        #expect(try call.answer(in: OKXScene.answer(told), dialect).accountID == "44705892343619584")
    }

    @Test(
        arguments: [
            (nil, "T2"), ("TRC20", "T2"), ("ERC20", "E1"), ("TON", "O1"), ("ARBONE", "A1"),
        ] as [(String?, String)])
    func `an address on the network that was asked for`(network: String?, address: String) throws {
        let call = try dialect.depositAddress(AssetID("USDT"), network: network, [])
        let rows = [
            ("USDT-TRC20", "T1", false), ("USDT-TRC20", "T2", true), ("USDT-ERC20", "E1", true),
            ("USDT-Arbitrum One", "A1", true), ("USDT-TON", "O1", true),
        ].map { #"{"ccy":"USDT","chain":"\#($0)","addr":"\#($1)","selected":\#($2),"addrEx":{"comment":"5"}}"# }
        let body = #"{"code":"0","msg":"","data":[\#(rows.joined(separator: ","))]}"#
        let found = try call.answer(in: OKXScene.answer(body), dialect)
        #expect(found.address == address)
        #expect(found.tag == "5")
        let none = OKXScene.answer(#"{"code":"0","msg":"","data":[]}"#)
        #expect(OKXScene.kind { try call.answer(in: none, dialect) } == .invalidAddress)
    }

    @Test func `a withdrawal names chain, fee and tag`() throws {
        var withdrawal = WithdrawalRequest(
            asset: AssetID("USDT"), amount: "10.5", address: "T9", tag: "7", network: "TRC20")
        #expect(OKXScene.kind { try dialect.withdraw(withdrawal) } == .argumentsRequired)
        withdrawal.fee = "1.5"
        let call = try dialect.withdraw(withdrawal)
        #expect(
            try dialect.sign(call.request, OKXScene.context).body
                == #"{"ccy":"USDT","toAddr":"T9:7","dest":"4","amt":"10.5","chain":"USDT-TRC20","fee":"1.5"}"#)
        withdrawal.network = nil
        #expect(OKXScene.kind { try dialect.withdraw(withdrawal) } == .argumentsRequired)
    }

    @Test func `candles from a start come out of the history, between exclusive ends`() throws {
        let query = HistoryQuery(symbol: OKXScene.btc, since: 1_000_000, limit: 2)
        let call = try dialect.candles(query, .oneDay)
        #expect(call.request.path == "market/history-candles")
        #expect(
            try dialect.sign(call.request, OKXScene.context).url.hasSuffix(
                "?instId=BTC-USDT&bar=1Dutc&limit=2&before=999999&after=173800000"))
        let body = #"{"code":"0","msg":"","data":[["3000000","1","2","1","2","5"],["1000000","1","2","1","2","4"]]}"#
        #expect(try call.answer(in: OKXScene.answer(body), dialect).map(\.time) == [1_000_000, 3_000_000])
        #expect(OKXScene.kind { try dialect.candles(query, .eightHours) } == .badRequest)
        var late = query
        late.since = .max
        #expect(OKXScene.kind { try dialect.candles(late, .oneMonth) } == nil)
    }
}
