import HTTPTypes
import HummingbirdTesting
import Synchronization
import Testing
import TradingCore

@testable import API

/// Exchanges that could be added: the original's answers, whoever knows them.
@Suite struct ExchangeCatalogTests {
    private static let catalog = ExchangeCatalog(
        names: { () throws(ExchangeCatalog.Failure) in ["binance", "kraken"] },
        details: { id throws(ExchangeCatalog.Failure) in
            switch id {
            case "kraken": .object([.init(key: "id", value: .string(id)), .init(key: "version", value: .null)])
            case "broken": throw .failed("it fell over")
            default: throw .unknownExchange
            }
        },
        markets: { id throws(ExchangeCatalog.Failure) in
            guard id == "kraken" else { throw .failed("timed out for s3cret") }
            return .array([
                .object([.init(key: "precision", value: .object([.init(key: "price", value: .number("0.00000001"))]))])
            ])
        })

    private static func get(_ path: String, _ catalog: ExchangeCatalog) async throws -> (HTTPResponse.Status, JSONValue)
    {
        let api = try TestAPI(catalog: catalog)
        let answer = Box()
        try await api.withClient { client in
            let token = try await TestAPI.token(client)
            let response = try await client.execute(
                uri: "/admin/grow/exchange/" + path, method: .get, headers: [.authorization: "Bearer \(token)"])
            answer.set(response.status, try response.json())
        }
        return answer.value
    }

    private static func refusal(_ message: String, _ error: String, _ status: Int) throws -> JSONValue {
        try JSONValue("{\"message\":\"\(message)\",\"error\":\"\(error)\",\"statusCode\":\(status)}")
    }

    @Test func `names, details and markets are the original's`() async throws {
        #expect(try await Self.get("ccxt-supported", Self.catalog) == (.ok, try JSONValue(#"["binance","kraken"]"#)))
        #expect(
            try await Self.get("details/kraken", Self.catalog) == (
                .ok, try JSONValue(#"{"id":"kraken","version":null}"#)
            ))
        #expect(
            try await Self.get("markets/kraken", Self.catalog)
                == (.ok, try JSONValue(#"[{"precision":{"price":0.00000001}}]"#)))
    }

    @Test func `an exchange that nobody knows and one that fails are told apart (D34)`() async throws {
        #expect(
            try await Self.get("details/nowhere", Self.catalog)
                == (.badRequest, try Self.refusal("Exchange nowhere is not supported by CCXT.", "Bad Request", 400)))
        #expect(
            try await Self.get("details/broken", Self.catalog)
                == (
                    .internalServerError,
                    try Self.refusal("Failed to get details for broken", "Internal Server Error", 500)
                ))
        #expect(
            try await Self.get("markets/other", Self.catalog)
                == (
                    .internalServerError,
                    try Self.refusal("Failed to get markets for other", "Internal Server Error", 500)
                ))
    }

    @Test(arguments: ["ccxt-supported", "details/binance", "markets/binance"])
    func `without the sidecar they say so`(path: String) async throws {
        let (status, body) = try await Self.get(path, .absent("not set up"))
        #expect(status == .serviceUnavailable)
        #expect(body.text(at: "message") == "The ccxt sidecar is not available: not set up")
    }
}

private final class Box: Sendable {
    private let kept = Mutex<(HTTPResponse.Status, JSONValue)>((.ok, .null))
    var value: (HTTPResponse.Status, JSONValue) { kept.withLock { $0 } }
    func set(_ status: HTTPResponse.Status, _ body: JSONValue) { kept.withLock { $0 = (status, body) } }
}

extension JSONValue {
    fileprivate func text(at key: String) -> String? {
        if case .string(let text)? = self[key] { text } else { nil }
    }
}
