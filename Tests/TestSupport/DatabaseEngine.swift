import Foundation
public import Persistence

/// An engine that a storage suite runs on: one set of facts, `arguments: DatabaseEngine.available`.
public enum DatabaseEngine: String, CaseIterable, Sendable {
    case sqlite
    case postgres

    /// SQLite always; PostgreSQL where `MRMARKET_TEST_POSTGRES` holds the URL of a server, with a role that may create
    /// databases. `./test` sees to that, see Scripts/test-postgres.sh.
    public static let available: [DatabaseEngine] = postgresURL == nil ? [.sqlite] : [.sqlite, .postgres]

    /// Why a test of PostgreSQL alone is skipped.
    public static let postgresAbsence = "no PostgreSQL: source Scripts/test-postgres.sh, or set MRMARKET_TEST_POSTGRES"
    public static var hasPostgres: Bool { postgresURL != nil }

    public static let postgresURL: String? = {
        let url = ProcessInfo.processInfo.environment["MRMARKET_TEST_POSTGRES"] ?? ""
        return url.isEmpty ? nil : url
    }()

}

/// A database of a test's own, brought forward to `migrations`, closed and gone afterwards.
@discardableResult
public func withTemporaryDatabase<Value>(
    _ engine: DatabaseEngine, _ migrations: [Migration] = [], _ body: (any SQLDatabase) async throws -> Value
) async throws -> Value {
    try await withTemporaryPlace(engine) { place in
        let database = try await Databases.open(place)
        do {
            try await Migrator(migrations).migrate(database)
            let value = try await body(database)
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }
}

/// A place where a test can open a database, close it, and open it again.
@discardableResult
public func withTemporaryPlace<Value>(
    _ engine: DatabaseEngine, _ body: (DatabaseLocation) async throws -> Value
) async throws -> Value {
    switch engine {
    case .sqlite:
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        return try await body(.sqlite(path: folder.path + "/test.db"))
    case .postgres:
        guard let server = DatabaseEngine.postgresURL else { throw PostgresIsAbsent() }
        return try await withTemporaryPostgres(on: server) { try await body(.postgres(url: $0)) }
    }
}

/// A database of a test's own on a PostgreSQL server, dropped afterwards whoever is still connected.
@discardableResult
public func withTemporaryPostgres<Value>(
    on server: String, _ body: (_ url: String) async throws -> Value
) async throws -> Value {
    await postgresSlots.enter()
    defer { postgresSlots.leave() }
    let name = "mrmarket_test_" + UUID().uuidString.lowercased().replacing("-", with: "")
    try await PostgresAdministration.run("CREATE DATABASE \(name)", url: server)
    do {
        let value = try await body(PostgresAdministration.url(server, database: name))
        try await PostgresAdministration.run("DROP DATABASE \(name) WITH (FORCE)", url: server)
        return value
    } catch {
        _ = try? await PostgresAdministration.run("DROP DATABASE \(name) WITH (FORCE)", url: server)
        throw error
    }
}

public struct PostgresIsAbsent: Error, CustomStringConvertible {
    public let description = DatabaseEngine.postgresAbsence
}
