/// The name of a queue: 1 to 50 lower-case letters, digits, `-` and `_`.
public struct QueueName: RawRepresentable, Hashable, Comparable, Sendable, ExpressibleByStringLiteral {
    public let rawValue: String

    /// - Returns: nil when `rawValue` is no such name.
    public init?(rawValue: String) {
        guard (1...50).contains(rawValue.utf8.count), rawValue.utf8.allSatisfy(Self.isAllowed) else { return nil }
        self.rawValue = rawValue
    }

    /// For names written in code: one that is not allowed stops the program.
    public init(stringLiteral value: String) {
        guard let name = QueueName(rawValue: value) else { preconditionFailure("\(value) is no name of a queue") }
        self = name
    }

    public static func < (left: QueueName, right: QueueName) -> Bool { left.rawValue < right.rawValue }

    /// Where word of new work in this queue goes, see `SQLTransaction.notify(_:)`.
    package var channel: String { "jobs_" + String(rawValue.map { $0 == "-" ? "_" : $0 }) }

    /// Where word goes that concerns workers of every queue: cancellations.
    package static let controlChannel = "jobs_control"

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
