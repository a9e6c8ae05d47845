import Persistence

/// The handlers of a process, by kind. Each module lists its own; `App` joins them.
public struct JobHandlers: Sendable {
    /// A handler that takes its arguments as stored.
    struct Entry: Sendable {
        enum Work: Sendable {
            case outside(@Sendable (String, JobContext) async throws -> JobOutcome)
            /// Reads the arguments, and gives the work.
            case transactional(
                isImmediate: Bool, @Sendable (String) throws -> @Sendable (JobRun, any SQLTransaction) throws -> Void)
        }

        let queue: QueueName
        let work: Work
        let disposition: @Sendable (any Error, JobRun) -> JobDisposition
    }

    private var entries: [String: Entry] = [:]
    /// In the order of their addition.
    public private(set) var kinds: [String] = []

    public init() {}

    /// Two handlers of one kind are a mistake in the wiring and stop the program.
    public mutating func add<Handler: JobHandler>(_ handler: Handler) {
        add(
            Handler.Arguments.self,
            .outside { text, context in
                try await handler.perform(try Self.decode(text), context: context)
            },
            handler.disposition)
    }

    public mutating func add<Handler: TransactionalJobHandler>(_ handler: Handler) {
        add(
            Handler.Arguments.self,
            .transactional(isImmediate: Handler.isImmediate) { text in
                let arguments: Handler.Arguments = try Self.decode(text)
                return { run, transaction in try handler.perform(arguments, run: run, transaction: transaction) }
            },
            handler.disposition)
    }

    private mutating func add<Arguments: JobArguments>(
        _: Arguments.Type, _ work: Entry.Work,
        _ disposition: @escaping @Sendable (any Error, JobRun) -> JobDisposition
    ) {
        precondition(entries[Arguments.kind] == nil, "two handlers of \(Arguments.kind)")
        kinds.append(Arguments.kind)
        entries[Arguments.kind] = Entry(queue: Arguments.queue, work: work) { error, run in
            error is UnusableJob ? .deadLetter : disposition(error, run)
        }
    }

    func entry(_ kind: String) throws(UnusableJob) -> Entry {
        guard let entry = entries[kind] else { throw UnusableJob(reason: "no handler for jobs of kind \(kind)") }
        return entry
    }

    private static func decode<Arguments: JobArguments>(_ text: String) throws(UnusableJob) -> Arguments {
        do { return try JobCoding.decode(Arguments.self, from: text) } catch {
            throw UnusableJob(reason: "arguments of \(Arguments.kind) cannot be read: \(error)")
        }
    }
}

/// A job that no attempt can succeed at: it goes to the dead letters at once.
struct UnusableJob: JobFailure, CustomStringConvertible {
    let reason: String

    var disposition: JobDisposition { .deadLetter }
    var description: String { reason }
}
