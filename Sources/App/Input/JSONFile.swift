import Foundation
import Strategies
import TradingCore

/// Small files of JSON that people write.
enum JSONFile {
    private static let limit = 1 << 20

    static func value(path: String) throws -> JSONValue {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw BadInput("\(path): must be a file that can be read")
        }
        guard data.count <= limit else { throw BadInput("\(path): must be at most \(limit) bytes, is \(data.count)") }
        do { return try data.withUnsafeBytes { bytes in try JSONValue(utf8: bytes) } } catch {
            throw BadInput("\(path): must be JSON: \(error)")
        }
    }

    /// An object's members as parameters.
    static func parameters(_ value: JSONValue, path: String) throws -> ParameterDocument {
        guard case .object(let members) = value else { throw BadInput("\(path): must be a JSON object") }
        return ParameterDocument(members.map { ($0.key, ParameterDocument.Value($0.value)) })
    }
}

extension ParameterDocument.Value {
    init(_ value: JSONValue) {
        switch value {
        case .string(let text): self = .string(text)
        case .number(let text): self = .number(text)
        case .bool(let bool): self = .bool(bool)
        case .null: self = .null
        case .object, .array: self = .nested
        }
    }
}
