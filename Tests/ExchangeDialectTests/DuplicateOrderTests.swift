import Exchanges
import Testing
import TradingCore

/// An id that is doubled means that an order of it exists: no refusal.
@Suite struct DuplicateOrderTests {
    @Test(arguments: [
        ("binance", 400, #"{"code":-2010,"msg":"Duplicate order sent."}"#, true),
        ("binance", 400, #"{"code":-2010,"msg":"Account has insufficient balance for requested action."}"#, false),
        ("okx", 200, #"{"code":"1","msg":"","data":[{"sCode":"51016","sMsg":"any words"}]}"#, true),
        ("okx", 200, #"{"code":"1","msg":"","data":[{"sCode":"51008","sMsg":"Insufficient balance"}]}"#, false),
        ("bybit", 200, #"{"retCode":110072,"retMsg":"OrderLinkedID is x","result":{}}"#, true),
        ("bybit", 200, #"{"retCode":170141,"retMsg":"x","result":{}}"#, true),
        ("bybit", 200, #"{"retCode":170131,"retMsg":"Balance insufficient","result":{}}"#, false),
        ("gate", 400, #"{"label":"REPEATED_CREATION","message":"x"}"#, true),
        ("gate", 400, #"{"label":"BALANCE_NOT_ENOUGH","message":"x"}"#, false),
        ("kucoin", 200, #"{"code":"400100","msg":"Duplicate clientOid"}"#, true),
        ("mexc", 400, #"{"code":30000,"msg":"duplicate client order id"}"#, true),
        ("mexc", 400, #"{"code":10101,"msg":"Insufficient balance"}"#, false),
        ("bitfinex", 500, #"["error",10001,"Invalid order: cid: duplicate"]"#, true),
        ("bitfinex", 500, #"["error",10001,"Invalid order: not enough exchange balance for 1"]"#, false),
    ])
    func `a doubled id is told apart from refusals`(
        _ exchange: String, _ status: Int, _ body: String, _ isDuplicate: Bool
    ) throws {
        try fails(exchange, status, body) { #expect($0.tellsOfDuplicate == isDuplicate, "\($0)") }
    }

    @Test(arguments: [
        ("okx", #"{"code":"1","msg":"","data":[{"sCode":"51149","sMsg":"Order timed out. Please try again later."}]}"#),
        ("kucoin", #"{"code":"408000","msg":"Network timeout, please try again later"}"#),
    ])
    func `a timeout within the exchange says nothing of the order`(_ exchange: String, _ body: String) throws {
        try fails(exchange, 200, body) { #expect($0.isOutcomeUnknown, "\($0)") }
    }

    private func fails(
        _ exchange: String, _ status: Int, _ body: String, _ check: (ExchangeFailure) -> Void
    ) throws {
        let dialects: [any ExchangeDialect] = [
            BinanceDialect(), BitfinexDialect(), BybitDialect(), GateDialect(), KuCoinDialect(), MEXCDialect(),
            OKXDialect(),
        ]
        let dialect = try #require(dialects.first { $0.id.rawValue == exchange })
        let call = EndpointCall(EndpointRequest(.post, ["private"], "order")) { $0 }
        do throws(ExchangeFailure) {
            _ = try self.answer(call, EndpointAnswer(status: status, body: Array(body.utf8)), dialect)
            Issue.record("no failure")
        } catch { check(error) }
    }

    private func answer(
        _ call: EndpointCall<JSONValue>, _ answer: EndpointAnswer, _ dialect: some ExchangeDialect
    ) throws(ExchangeFailure) -> JSONValue { try call.answer(in: answer, dialect) }
}
