import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing
import TradingCore

@testable import API

/// A client for which every answer has to be as the OpenAPI document says: what any test asks for is held to it.
struct ConformingClient: TestClientProtocol {
    let client: any TestClientProtocol
    let document: JSONValue

    var port: Int? { client.port }

    func executeRequest(
        uri: String, method: HTTPRequest.Method, headers: HTTPFields, body: ByteBuffer?
    ) async throws -> TestResponse {
        let answer = try await client.executeRequest(uri: uri, method: method, headers: headers, body: body)
        if let operation = operation(method, uri) {
            for fault in faults(answer, operation) {
                Issue.record(
                    "\(method) \(uri) \(answer.status.code), not as documented: \(fault)\n\(answer.text.prefix(500))")
            }
        }
        return answer
    }

    /// - Returns: nil for what is no endpoint.
    private func operation(_ method: HTTPRequest.Method, _ uri: String) -> JSONValue? {
        let path = uri.prefix { $0 != "?" }.split(separator: "/", omittingEmptySubsequences: true)
        guard case .object(let paths)? = document["paths"] else { return nil }
        let fitting = paths.filter { candidate in
            let parts = candidate.key.split(separator: "/", omittingEmptySubsequences: true)
            return parts.count == path.count && zip(parts, path).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
        // The one that names most of it.
        let best = fitting.min { left, right in
            left.key.count { $0 == "{" } < right.key.count { $0 == "{" }
        }
        return best?.value[method.rawValue.lowercased()]
    }

    func faults(_ answer: TestResponse, _ operation: JSONValue) -> [String] {
        let responses = operation["responses"]
        guard let response = responses?["\(answer.status.code)"] ?? responses?["default"] else {
            return ["the status is not declared"]
        }
        // A refusal of the whole server, not of the endpoint, has no need to be one of its own.
        guard case .object(let contents)? = response["content"], let content = contents.first else {
            return answer.body.readableBytes == 0 ? [] : ["a body where none is declared"]
        }
        let type = answer.headers[.contentType] ?? "none"
        guard type.hasPrefix(content.key) else { return ["it is \(type), declared is \(content.key)"] }
        guard content.key == "application/json", let schema = content.value["schema"] else { return [] }
        guard let value = try? answer.json() else { return ["it is no JSON"] }
        return SchemaCheck(components: document["components"]?["schemas"] ?? .null).faults(value, schema)
    }
}

extension TestAPI {
    func document() async throws -> JSONValue {
        let authentication = await AdminAuthentication(
            password: server.secrets.adminPassword, signingKey: server.secrets.signingKey, time: time)
        return try JSONValue(
            OpenAPIDocument(endpoints: server.endpoints(RequestMetrics(), authentication)).tree.json)
    }
}
