import Exchanges
import Testing

@testable import ExchangeFixtures

@Suite struct RequestJudgeTests {
    func differences(
        _ type: String, _ expected: (url: String, body: String?), _ found: (url: String, body: String?)
    ) -> [String] {
        RequestJudge(outputType: type, skipKeys: ["signature"], droppedKeys: ["tag"]).differences(
            expectedURL: expected.url, expectedBody: expected.body,
            found: SignedRequest(.get, found.url, body: found.body))
    }

    @Test(arguments: [
        ("https://a.com/v1/x?b=2&a=1&signature=9", "http://localhost:1/v1/x?signature=8&a=1&b=2"),
        ("https://a.com/v1/x", "https://b.com/v1/x"),
        // Pairs that do not split in two are ignored.
        ("https://a.com/v1/x?a=1&b", "https://a.com/v1/x?a=1&c=1=2"),
        ("https://a.com/v1/x?a=1&tag=q", "https://a.com/v1/x?a=1"),
    ])
    func `hosts, order and skipped values do not count`(expected: String, found: String) {
        #expect(differences("urlencoded", (expected, nil), (found, nil)).isEmpty)
    }

    @Test(arguments: [
        ("https://a.com/v1/x?a=1", "https://a.com/v2/x?a=1"), ("https://a.com/x?a=1", "https://a.com/x?a=2"),
        ("https://a.com/x?a=1", "https://a.com/x?a=1&b=2"), ("https://a.com/x?a=1&b=2", "https://a.com/x?a=1"),
        ("https://a.com/x?a=1.0", "https://a.com/x?a=1"),
        // A skipped key has to be there.
        ("https://a.com/x?a=1&signature=1", "https://a.com/x?a=1"),
    ])
    func `paths, values and keys do`(expected: String, found: String) {
        #expect(!differences("urlencoded", (expected, nil), (found, nil)).isEmpty)
    }

    @Test(arguments: [
        (#"{"a":"5","n":1}"#, #"{"n":1.0,"a":"5"}"#, true), (#"{"a":"5"}"#, #"{"a":5}"#, false),
        (#"{"a":1}"#, #"{"a":true}"#, false), (#"[{"a":1}]"#, #"{"a":1}"#, false), (#"[1,2]"#, #"[1,2,3]"#, false),
        (#"{"a":{"b":null}}"#, #"{"a":{"b":null}}"#, true), (#"{"a":{"b":null}}"#, #"{"a":{}}"#, false),
    ])
    func `bodies are compared by value and type`(expected: String, found: String, isSame: Bool) {
        let url = "https://a.com/x"
        #expect(differences("json", (url, expected), (url, found)).isEmpty == isSame)
        #expect(differences("both", (url, expected), (url, found)).isEmpty == isSame)
    }

    @Test func `a body on one side only is a difference, and beside a body the query does not count`() {
        let url = "https://a.com/x?a=1"
        #expect(!differences("json", (url, "{}"), (url, nil)).isEmpty)
        #expect(!differences("json", (url, nil), (url, "{}")).isEmpty)
        #expect(differences("json", (url, "{}"), ("https://a.com/x?a=2&b=3", "{}")).isEmpty)
        #expect(differences("urlencoded", (url, "a=1&b=2"), (url, "b=2&a=1")).isEmpty)
        #expect(!differences("urlencoded", (url, "a=1&b=2"), (url, "b=3&a=1")).isEmpty)
    }
}
