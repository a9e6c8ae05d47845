import Testing
import TradingCore

@testable import Simulators

@Suite("A request as it was signed")
struct RequestTextTests {
    @Test(
        "The signature is cut out wherever it stands, and nothing else is touched",
        arguments: [
            ("a=1&b=2&signature=ff", "", "a=1&b=2", "ff"),
            ("signature=ff&a=1&b=2", "", "a=1&b=2", "ff"),
            ("a=1&signature=ff&b=2", "", "a=1&b=2", "ff"),
            ("", "a=1&signature=ff", "a=1", "ff"),
            ("a=1&b=2", "c=3&signature=ff", "a=1&b=2c=3", "ff"),
            ("signature=ff", "a=1", "a=1", "ff"),
            ("symbols=%5B%22BTCUSDT%22%5D&x=%2b+&signature=AB", "", "symbols=%5B%22BTCUSDT%22%5D&x=%2b+", "AB"),
        ])
    func cut(query: String, body: String, text: String, signature: String) throws {
        let request = try RequestText(query: query, body: body)
        #expect(request.signedText == text)
        #expect(request.signature == signature)
    }

    @Test("Values are decoded; a name in query and body is the query's")
    func values() throws {
        let request = try RequestText(query: "a=%5B%22x%22%5D&b=1+2", body: "b=9&c=3")
        #expect(
            request.parameters == [
                .init(name: "a", value: "[\"x\"]"), .init(name: "b", value: "1 2"), .init(name: "c", value: "3"),
            ])
    }

    @Test("What is no encoded text is refused", arguments: ["a=%zz", "a=%f", "a=%ff%fe", "%=1"])
    func broken(query: String) {
        #expect(throws: SpotError.self) { try RequestText(query: query, body: "") }
    }

    @Test("A name twice is refused")
    func twice() {
        #expect(throws: SpotError(-1101, "Duplicate values for parameter 'a' detected.")) {
            try RequestText(query: "a=1&a=2", body: "")
        }
    }

    @Test("Over the WebSocket API all is sorted by name and joined as it stands")
    func socket() {
        let request = RequestText(members: [
            .init(name: "timestamp", value: "1700000000000"), .init(name: "signature", value: "x"),
            .init(name: "apiKey", value: "key"), .init(name: "recvWindow", value: "10000"),
        ])
        #expect(request.signedText == "apiKey=key&recvWindow=10000&timestamp=1700000000000")
    }
}
