public import Persistence

/// Brings a new database to every prefix of `migrations`, the empty and the whole one too, has it filled, brings it forward to
/// the newest schema and has it checked.
/// - Parameters:
///   - fill: what an older server would have stored; told how many steps were taken.
///   - check: what must hold of it on the newest schema; told the same number.
public func withEveryEarlierSchema(
    _ engine: DatabaseEngine, _ migrations: [Migration],
    fill: (any SQLDatabase, Int) async throws -> Void = { _, _ in },
    check: (any SQLDatabase, Int) async throws -> Void = { _, _ in }
) async throws {
    for taken in 0...migrations.count {
        try await withTemporaryDatabase(engine, Array(migrations.prefix(taken))) { database in
            try await fill(database, taken)
            let names = try await Migrator(migrations).migrate(database)
            guard names == migrations.dropFirst(taken).map(\.name) else { throw UnexpectedSteps(names: names) }
            try await check(database, taken)
        }
    }
}

public struct UnexpectedSteps: Error {
    public let names: [String]
}
