/// What a job is to do: small values, ids rather than snapshots of state, which would be stale by the time it runs.
///
/// Stored as JSON, so a field added later must be optional or have jobs of the old form in mind.
public protocol JobArguments: Codable, Sendable {
    /// Names the kind of job in the database. Never changes once jobs of it may be stored.
    static var kind: String { get }
    static var queue: QueueName { get }
    /// How jobs of this kind are run unless the caller says otherwise.
    static var options: JobOptions { get }
}

extension JobArguments {
    public static var options: JobOptions { JobOptions() }
}

/// The number of a stored job. Never used again for another one.
public struct JobID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }

    public static func < (left: JobID, right: JobID) -> Bool { left.rawValue < right.rawValue }

    public var description: String { "\(rawValue)" }
}
