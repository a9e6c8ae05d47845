import Exchanges
import Testing
import TradingCore

@testable import ExchangeFixtures

@Suite struct AnswerJudgeTests {
    func differences(_ expected: String, _ found: String, skipping keys: Set<String> = []) throws -> [String] {
        AnswerJudge(skipKeys: keys).differences(try JSONValue(expected), try JSONValue(found))
    }

    @Test(arguments: [
        (#"{"a":50.0}"#, #"{"a":50}"#), (#"{"a":"0.1"}"#, #"{"a":0.10}"#), (#"{"a":1e-8}"#, #"{"a":0.00000001}"#),
        (#"{"a":null}"#, #"{}"#), (#"{}"#, #"{"a":null}"#), (#"{"a":{"min":null,"max":null}}"#, #"{}"#),
        (#"{"info":{"x":1}}"#, #"{}"#), (#"{"stopPrice":1,"reduceOnly":false,"nonce":7}"#, #"{}"#),
        (
            #"{"fee":{"cost":1,"currency":"A"},"fees":[{"cost":1,"currency":"A"}]}"#,
            #"{"fee":{"cost":1,"currency":"A"}}"#
        ),
        // The same double, as CCXT kept it.
        (#"{"a":1723237251.7018473}"#, #"{"a":1723237251.7018472}"#), (#"[[1,2.50]]"#, #"[["1","2.5"]]"#),
    ])
    func `what means the same is the same`(expected: String, found: String) throws {
        #expect(try differences(expected, found).isEmpty)
    }

    @Test(arguments: [
        (#"{"a":50}"#, #"{"a":51}"#), (#"{"a":"x"}"#, #"{"a":"y"}"#), (#"{"a":1}"#, #"{}"#), (#"{}"#, #"{"a":1}"#),
        (#"{"a":true}"#, #"{"a":false}"#), (#"{"a":false}"#, #"{}"#), (#"{"a":0}"#, #"{}"#), (#"[1,2]"#, #"[1]"#),
        (#"[1,2]"#, #"[2,1]"#), (#"{"a":[]}"#, #"{}"#), (#"{"a":"1"}"#, #"{"a":true}"#),
        (#"{"a":{"b":1}}"#, #"{"a":[1]}"#),
        (#"{"stopPrice":1}"#, #"{"stopPrice":2}"#), (#"{"nonce":7}"#, #"{"nonce":8}"#),
        (#"{"fee":{"cost":1},"fees":[]}"#, #"{"fee":{"cost":2}}"#), (#"{"fees":[{"cost":1}]}"#, #"{"fees":[]}"#),
        (#"{"a":1e400}"#, #"{"a":1}"#), (#"{"a":"0x1"}"#, #"{"a":1}"#),
    ])
    func `what differs is told`(expected: String, found: String) throws {
        #expect(try !differences(expected, found).isEmpty)
    }

    @Test func `keys to skip are skipped wherever they stand`() throws {
        #expect(try differences(#"{"a":[{"b":1,"c":2}]}"#, #"{"a":[{"b":9,"c":2}]}"#, skipping: ["b"]).isEmpty)
        #expect(try differences(#"{"a":[{"b":1,"c":2}]}"#, #"{"a":[{"b":9,"c":3}]}"#, skipping: ["b"]).count == 1)
    }
}
