import Foundation
import Hummingbird
import NIOCore
import TradingCore

/// Reading a request's body by the original's rules: JSON or a form, at most 100 KB.
enum RequestBody {
    static let limit = 100 * 1_024

    static func read(_ request: Request) async throws -> (members: [String: JSONValue], text: String) {
        let buffer: ByteBuffer
        do { buffer = try await request.body.collect(upTo: limit) } catch is NIOTooManyBytesError {
            throw APIError.tooLarge
        } catch { throw APIError.typed(400, "The request is not well-formed HTTP") }
        guard buffer.readableBytes > 0 else { return ([:], "") }
        let type = request.headers[.contentType]?.lowercased() ?? ""
        if type.hasPrefix("application/x-www-form-urlencoded") { return try form(buffer) }
        // The original's parser passes over other types; a body that is JSON is taken whatever it is called.
        guard type.isEmpty || type.contains("json") else { return ([:], "") }
        return try json(buffer)
    }

    private static func json(_ buffer: ByteBuffer) throws -> (members: [String: JSONValue], text: String) {
        let value: JSONValue
        do { value = try buffer.withUnsafeReadableBytes { bytes in try JSONValue(utf8: bytes) } } catch {
            throw APIError.typed(400, "The body is not JSON: \(error)")
        }
        guard case .object(let members) = value else {
            throw APIError.typed(400, "The body must be a JSON object")
        }
        return (
            Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first }),
            JSONTree(value).json
        )
    }

    private static func form(_ buffer: ByteBuffer) throws -> (members: [String: JSONValue], text: String) {
        let members = fields(String(buffer: buffer)).mapValues(JSONValue.string)
        let tree = JSONTree.object(
            members.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: JSONTree($0.value)) })
        return (members, tree.json)
    }

    /// The fields of a form or of a query, the first of each name.
    /// - Parameter asked: these alone; nil: all.
    static func fields(_ text: String, only asked: Set<String>? = nil) -> [String: String] {
        var fields: [String: String] = [:]
        // By bytes: whether two of them are one letter, which is long in finding out, matters to neither sign.
        for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let name = decoded(Substring(pair[..<equals]))
            guard asked?.contains(name) ?? true, fields[name] == nil else { continue }
            fields[name] = equals == pair.endIndex ? "" : decoded(Substring(pair[pair.index(after: equals)...]))
        }
        return fields
    }

    private static func decoded(_ text: Substring) -> String {
        // Most have nothing to be decoded, and Foundation takes longer for finding that out than making the answer does.
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        let spaced = text.replacing("+", with: " ")
        return spaced.removingPercentEncoding ?? String(spaced)
    }
}
