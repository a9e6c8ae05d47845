/// What the outbox refuses. Nothing is stored then.
public enum OutboxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The same name was put into the same lane with another payload.
    case conflict(lane: OutboxLane, name: String, stored: [UInt8], given: [UInt8])
    case tooLarge(lane: OutboxLane, name: String, bytes: Int, limit: Int)

    public var description: String {
        switch self {
        case .conflict(let lane, let name, let stored, let given):
            "message \(name) of \(lane) is stored as \(Self.text(stored)) and was put again as \(Self.text(given))"
        case .tooLarge(let lane, let name, let bytes, let limit):
            "message \(name) of \(lane) has \(bytes) bytes; at most \(limit) are taken"
        }
    }

    private static func text(_ payload: [UInt8]) -> String { String(decoding: payload.prefix(120), as: UTF8.self) }
}

/// What a sink throws when it will never take a message: the lane is parked at once instead of after many tries.
public struct MessageRefused: Error, Hashable, Sendable, CustomStringConvertible {
    public let reason: String

    public init(_ reason: String) { self.reason = reason }

    public var description: String { reason }
}
