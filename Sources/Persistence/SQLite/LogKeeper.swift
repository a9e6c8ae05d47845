internal import GRDB
import Synchronization

/// A connection that can only read, held open while others are closed.
///
/// The last connection to be closed moves the log into the file and deletes it, and of a damaged file what the log holds may be all
/// that is left. One that cannot write does neither, and while it is open no other is the last.
struct LogKeeper {
    let reader: DatabaseQueue

    init(_ path: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "mrmarket.sqlite.keeper"
        reader = try DatabaseQueue(path: path, configuration: configuration)
        // Only who has read holds the lock that says so.
        _ = try? reader.read { try Row.fetchOne($0, sql: "SELECT 1 FROM sqlite_schema LIMIT 1") }
    }

    func close() { try? reader.close() }
}

/// Whether a page was met that makes no sense. Then nothing is moved into the file any more, and its log stays beside it.
final class Damage: Sendable {
    private let flag = Atomic(false)

    var isKnown: Bool { flag.load(ordering: .relaxed) }

    func note(_ error: SQLError) { if case .corrupt = error { flag.store(true, ordering: .relaxed) } }
}
