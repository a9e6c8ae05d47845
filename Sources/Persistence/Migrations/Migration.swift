/// One step of the schema. Its name never changes, and its body neither, once released.
public struct Migration: Sendable {
    public let name: String
    let body: @Sendable (any SQLTransaction) throws -> Void

    public init(_ name: String, _ body: @escaping @Sendable (any SQLTransaction) throws -> Void) {
        self.name = name
        self.body = body
    }
}

/// Brings a database forward, each step in a transaction of its own with the note that it was done.
public struct Migrator: Sendable {
    static let table = "mrmarket_migrations"
    private let migrations: [Migration]

    public init(_ migrations: [Migration]) { self.migrations = migrations }

    /// Where several nodes share the database, one of them migrates and the others wait for it.
    /// - Returns: the names of the steps taken.
    /// - Throws: ``SQLError/newerSchema(path:migrations:)``, ``SQLError/migrationFailed(name:cause:)``.
    @discardableResult
    public func migrate(_ database: any SQLDatabase) async throws -> [String] {
        guard let shared = database as? any MigratedAlone else { return try await takeSteps(database) }
        return try await shared.alone { try await takeSteps(database) }
    }

    private func takeSteps(_ database: any SQLDatabase) async throws -> [String] {
        let pending = try await pending(database)
        for migration in migrations where pending.contains(migration.name) {
            do {
                try await database.write { transaction in
                    try migration.body(transaction)
                    try transaction.execute(
                        "INSERT INTO \(raw: Migrator.table) (name) VALUES (\(migration.name))")
                }
            } catch { throw SQLError.migrationFailed(name: migration.name, cause: "\(error)") }
        }
        return pending
    }

    /// The steps that have not been taken yet, in order.
    public func pending(_ database: any SQLDatabase) async throws -> [String] {
        let done = try await done(database)
        try refuseNewer(done, at: (database as? any PlacedDatabase)?.place ?? "the database")
        return migrations.map(\.name).filter { !done.contains($0) }
    }

    /// - Throws: ``SQLError/newerSchema(path:migrations:)``.
    func refuseNewer(_ done: [String], at place: String) throws(SQLError) {
        let known = Set(migrations.map(\.name))
        let unknown = done.filter { !known.contains($0) }
        guard unknown.isEmpty else { throw .newerSchema(path: place, migrations: unknown) }
    }

    private func done(_ database: any SQLDatabase) async throws -> [String] {
        try await database.read { transaction in
            try transaction.rows("SELECT name FROM \(raw: Migrator.table) ORDER BY name").map { try $0.get("name") }
        }
    }
}

/// A database that people find by a name: its file, or its URL without secrets.
protocol PlacedDatabase: SQLDatabase {
    var place: String { get }
}

extension SQLiteDatabase: PlacedDatabase {
    var place: String { path }
}

extension PostgresDatabase: PlacedDatabase {}

/// A database whose migrations have to be kept apart from those of other processes.
protocol MigratedAlone: SQLDatabase {
    func alone<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value
}
