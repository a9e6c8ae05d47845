import Testing
import TradingCore

@testable import Exchanges

@Suite("OKX: failures")
struct OKXFailureTests {
    static let single = EndpointRequest(.post, ["private"], "trade/cancel-order")

    @Test(
        arguments: [
            (200, #"{"code":"0","data":[],"msg":""}"#, nil),
            (200, #"{"msg":"","code":"0","data":[]}"#, nil),
            (200, #"{"code":"50011","msg":"slow down","data":[]}"#, .rateLimitExceeded),
            (200, #"{"code":"50102","msg":"Timestamp request expired.","data":[]}"#, .invalidNonce),
            (200, #"{"code":"50110","msg":"not in the whitelist","data":[]}"#, .permissionDenied),
            (200, #"{"code":"50105","msg":"passphrase incorrect","data":[]}"#, .authenticationError),
            (200, #"{"code":"1","msg":"","data":[{"sCode":"51008","sMsg":"Insufficient"}]}"#, .insufficientFunds),
            (200, #"{"code":"1","msg":"","data":[{"sCode":"0"},{"sCode":"51603","sMsg":"no"}]}"#, .orderNotFound),
            (200, #"{"code":"1","msg":"failed","data":[]}"#, .exchangeError),
            (200, #"{"code":"424242","msg":"new","data":[]}"#, .exchangeError),
            (200, #"{"code":"424242","msg":"Internal Server Error","data":[]}"#, .exchangeNotAvailable),
            (401, #"{"msg":"Invalid Sign","code":"50113"}"#, .authenticationError),
            (503, "<html><body>503 Service Temporarily Unavailable</body></html>", .exchangeNotAvailable),
            (504, "", .requestTimeout), (429, "slow", .rateLimitExceeded),
            (500, #"{"code":"0"}"#, .exchangeNotAvailable),
        ] as [(Int, String, ExchangeFailure.Kind?)])
    func `an answer says what went wrong`(status: Int, body: String, kind: ExchangeFailure.Kind?) {
        let failure = OKXDialect().failure(in: OKXScene.answer(body, status: status), to: Self.single)
        #expect(failure?.kind == kind)
    }

    @Test func `a refusal keeps the code and words of its order`() {
        let body = #"{"code":"1","msg":"All operations failed","data":[{"sCode":"51121","sMsg":"lot size"}]}"#
        let failure = OKXDialect().failure(in: OKXScene.answer(body), to: Self.single)
        #expect(failure?.code == "51121")
        #expect(failure?.message == "lot size")
    }

    @Test func `an HTML page with status 200 is an unreadable answer, not a success`() throws {
        let call = try OKXDialect().serverTime()
        #expect(OKXScene.kind { try call.answer(in: OKXScene.answer("<html></html>"), OKXDialect()) } == .badResponse)
        #expect(OKXScene.kind { try call.answer(in: OKXScene.answer(#"{"code":"0"}"#), OKXDialect()) } == .badResponse)
    }

    @Test func `timeouts and overload say nothing of the outcome, refusals do`() {
        for code in ["50001", "50004", "50013", "50026", "50102", "51410"] {
            #expect(OKXDialect.failure(code: code, nil).isOutcomeUnknown)
        }
        for code in ["50014", "51008", "51020", "51603", "50113", "99999"] {
            #expect(!OKXDialect.failure(code: code, nil).isOutcomeUnknown)
        }
    }
}
