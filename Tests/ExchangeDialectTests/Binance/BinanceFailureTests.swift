import Exchanges
import Testing

@Suite struct BinanceFailureTests {
    func failure(_ body: String, status: Int = 400, headers: [SignedRequest.Header] = []) -> ExchangeFailure? {
        BinanceBench.dialect.failure(
            in: BinanceBench.answer(body, status: status, headers: headers),
            to: EndpointRequest(.post, ["private"], "order"))
    }

    @Test(arguments: [
        (
            #"{"code":-1002,"msg":"You are not authorized to execute this request."}"#,
            ExchangeFailure.Kind.authenticationError
        ),
        (#"{"code":-1002,"msg":"Something"}"#, .authenticationError),
        (#"{"code":-2010,"msg":"Order would immediately match and take."}"#, .orderImmediatelyFillable),
        (#"{"code":-2010,"msg":"Market is closed."}"#, .marketClosed),
        (#"{"code":-2010,"msg":"Duplicate order sent."}"#, .invalidOrder),
        (#"{"code":-2011,"msg":"Unknown order sent."}"#, .orderNotFound),
        (#"{"code":-2013,"msg":"Order does not exist."}"#, .orderNotFound),
        (#"{"code":-1013,"msg":"Filter failure: PERCENT_PRICE_BY_SIDE"}"#, .invalidOrder),
        (
            #"{"code":-1015,"msg":"Too many new orders; current limit is 100 orders per 10 SECOND."}"#,
            .rateLimitExceeded
        ),
        (#"[{"code":-2011,"msg":"Unknown order sent."}]"#, .orderNotFound),
    ])
    func `message first, then code`(body: String, kind: ExchangeFailure.Kind) {
        #expect(failure(body)?.kind == kind)
    }

    @Test func `an order whose fate is unknown is told from one refused`() {
        for body in [#"{"code":-1006,"msg":"x"}"#, #"{"code":-1007,"msg":"x"}"#, #"{"code":-1000,"msg":"x"}"#] {
            #expect(failure(body)?.isOutcomeUnknown == true)
        }
        #expect(failure("<html>502</html>", status: 502)?.isOutcomeUnknown == true)
        #expect(failure(#"{"code":-2010,"msg":"x"}"#)?.isOutcomeUnknown == false)
    }

    @Test func `a ban says how long`() {
        let banned = failure(
            #"{"code":-1003,"msg":"Way too much request weight used; IP banned until 1700000120000."}"#, status: 418,
            headers: [.init("retry-after", "120")])
        #expect(banned?.kind == .ddosProtection)
        #expect(banned?.retryAfter == 120_000)
        #expect(failure("", status: 429, headers: [.init("Retry-After", "soon")])?.retryAfter == nil)
        #expect(failure("", status: 429, headers: [.init("Retry-After", "9223372036854775807")]) != nil)
    }

    @Test func `a cancel and replace that went wrong says which half`() {
        let neither = failure(
            #"{"code":-2022,"msg":"Order cancel-replace failed.","data":{"cancelResult":"FAILURE","newOrderResult":"NOT_ATTEMPTED","cancelResponse":{"code":-2011,"msg":"Unknown order sent."},"newOrderResponse":null}}"#
        )
        #expect(neither?.kind == .orderNotFound)
        #expect(neither?.message.hasPrefix("neither") == true)
        let half = failure(
            #"{"code":-2021,"msg":"Order cancel-replace partially failed.","data":{"cancelResult":"SUCCESS","newOrderResult":"FAILURE","cancelResponse":{"orderId":1},"newOrderResponse":{"code":-2010,"msg":"Account has insufficient balance for requested action."}}}"#,
            status: 409)
        #expect(half?.kind == .insufficientFunds)
        #expect(half?.message.hasPrefix("cancelled, and not replaced") == true)
    }

    @Test(arguments: [
        (#"{"orderId":1}"#, 200), ("[]", 200), (#"{"code":200,"msg":"success"}"#, 200),
        (#"{"code":"000000","message":"success","data":[],"success":true}"#, 200),
    ])
    func `a good answer is no failure`(body: String, status: Int) {
        #expect(failure(body, status: status) == nil)
    }

    @Test(arguments: ["", "<html>", #"{"a":"#, "nul"])
    func `an answer that is no JSON is a bad one, whatever its status`(body: String) {
        #expect(failure(body, status: 200)?.kind == .badResponse)
    }

    @Test func `a call's answer carries exchange, endpoint and status`() throws {
        let call = try BinanceBench.dialect.book(BinanceBench.btc, limit: nil, [])
        let thrown = #expect(throws: ExchangeFailure.self) {
            try call.answer(in: BinanceBench.answer(#"{"bids":[["0","1"]],"asks":[]}"#), BinanceBench.dialect)
        }
        #expect(thrown?.kind == .badResponse)
        #expect(thrown?.exchange == "binance")
        #expect(thrown?.endpoint == "GET depth")
        #expect(thrown?.status == 200)
    }
}
