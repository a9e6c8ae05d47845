/// What a handler may ask of its worker.
@dynamicMemberLookup
public struct JobContext: Sendable {
    public let run: JobRun
    let storeProgress: @Sendable (String) async throws -> Void

    public subscript<Value>(dynamicMember path: KeyPath<JobRun, Value>) -> Value { run[keyPath: path] }

    /// Stores how far the job is, for operators and for the next attempt.
    /// - Parameter text: at most 4,096 bytes, longer text is cut.
    /// - Throws: ``JobLeaseLost`` when the job belongs to another worker by now: stop at once then.
    public func progress(_ text: String) async throws { try await storeProgress(text) }
}

/// The job belongs to another worker, or is over: nothing was changed.
public struct JobLeaseLost: Error, Hashable, Sendable, CustomStringConvertible {
    public let id: JobID

    public var description: String { "job \(id) is no longer this worker's" }
}
