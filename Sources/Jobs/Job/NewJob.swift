#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A job on its way into the store, its arguments already as text. Made outside a transaction it keeps the encoding off the
/// database's one writer.
public struct NewJob: Sendable {
    public let kind: String
    public let queue: QueueName
    public var options: JobOptions
    let arguments: String

    /// - Throws: ``JobOptionsError``, or what the encoding throws.
    public init<Arguments: JobArguments>(_ arguments: Arguments, _ options: JobOptions = Arguments.options) throws {
        kind = Arguments.kind
        queue = Arguments.queue
        self.options = options
        self.arguments = try JobCoding.encode(arguments)
    }
}

/// An option outside its range.
public struct JobOptionsError: Error, Hashable, Sendable, CustomStringConvertible {
    public let kind: String
    public let field: String
    public let value: String
    public let rule: String

    public var description: String { "job \(kind): \(field) is \(value), \(rule)" }
}

extension NewJob {
    static let maximumTextLength = 255

    func validate() throws {
        func require(_ isTrue: Bool, _ field: String, _ value: some CustomStringConvertible, _ rule: String) throws {
            if !isTrue { throw JobOptionsError(kind: kind, field: field, value: "\(value)", rule: rule) }
        }
        let length = 1...Self.maximumTextLength
        try require(options.attempts >= 1, "attempts", options.attempts, "must be 1 or more")
        try require(options.maximumRescues >= 0, "maximumRescues", options.maximumRescues, "must be 0 or more")
        try require(
            options.timeout.map { $0 > .zero } ?? true, "timeout", "\(options.timeout ?? .zero)", "must be above 0")
        try require(length.contains(kind.utf8.count), "kind", kind, "must have 1 to 255 bytes")
        for (field, text) in [("id", options.id), ("serialKey", options.serialKey)] {
            guard let text else { continue }
            try require(length.contains(text.utf8.count), field, text, "must have 1 to 255 bytes")
        }
    }
}

package enum JobCoding {
    /// Keys are sorted, so that the same arguments are the same text.
    package static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }
}
