/// What a database refuses, or cannot do.
public enum SQLError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Constraint: String, Hashable, Sendable {
        case unique, check, foreignKey, notNull, other
    }

    case constraint(Constraint, String)
    /// Somebody else holds the database for longer than we wait.
    case locked(String)
    /// Another session, perhaps not even one of ours, has locked what one caller needs, for longer than it waits. Others are not
    /// concerned.
    case rowLocked(String)
    case diskFull(String)
    case inputOutput(String)
    case readOnly(String)
    case corrupt(String)
    /// What the server has open is not under its name any more: what is committed now no start would find.
    case fileLost(String)
    /// The file at our path is somebody else's. It has not been touched.
    case notOurDatabase(path: String, found: String)
    /// Written by a newer server than this one.
    case newerSchema(path: String, migrations: [String])
    /// Another server runs on the same file.
    case inUse(path: String)
    case migrationFailed(name: String, cause: String)
    case decoding(column: String, value: String)
    /// More wait than are let in, or one waited too long.
    case overloaded
    /// The database server cannot be reached, or was lost too often. Nothing was committed.
    case unavailable(String)
    /// The database server was lost, or the disk failed, during a commit, and it could not be found out whether it was taken:
    /// it may be there after the next start.
    case outcomeUnknown(String)
    case closed
    /// A statement that is wrong, or anything else.
    case other(String)

    public var description: String {
        switch self {
        case .constraint(let kind, let message): "\(kind.rawValue) constraint: \(message)"
        case .locked(let message): "database is locked: \(message)"
        case .rowLocked(let row): "\(row) is locked by another session"
        case .diskFull(let message): "disk full: \(message)"
        case .inputOutput(let message): "disk I/O error: \(message)"
        case .readOnly(let message): "database is read-only: \(message)"
        case .corrupt(let message): "database is corrupt: \(message)"
        case .fileLost(let message): "\(message): nothing more is stored until it is back, or the server started again"
        case .notOurDatabase(let path, let found):
            "\(path) is not this server's database but \(found); it has not been touched. "
                + (path.contains("://") ? "Set DATABASE_URL to another database" : "Set DATABASE_PATH to another file")
        case .newerSchema(let path, let migrations):
            "\(path) was written by a newer server; this one does not know \(migrations.joined(separator: ", "))"
        case .inUse(let path): "\(path) is in use by another server process"
        case .migrationFailed(let name, let cause): "migration \(name) failed, nothing of it was kept: \(cause)"
        case .decoding(let column, let value): "column \(column) holds something unexpected: \(value)"
        case .overloaded: "too much waits for the database"
        case .unavailable(let message): "the database server cannot be reached: \(message)"
        case .outcomeUnknown(let message):
            "a commit was cut short and may have been taken: \(message)"
        case .closed: "the database is closed"
        case .other(let message): message
        }
    }
}
