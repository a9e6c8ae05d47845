import CPostgres
import Foundation

/// Which engine holds the data, and where: what `DATABASE_URL` and `DATABASE_PATH` say.
public enum DatabaseLocation: Hashable, Sendable {
    /// A file of the embedded engine.
    case sqlite(path: String)
    /// A server's database, as libpq takes it.
    case postgres(url: String)

    /// - Parameters:
    ///   - url: `postgres://…`, `postgresql://…`, `sqlite:PATH`; nil or empty leaves it to `path`.
    ///   - path: the embedded engine's file.
    /// - Throws: ``InvalidDatabaseURL``.
    public init(url: String?, path: String) throws(InvalidDatabaseURL) {
        guard let url = url?.trimmingCharacters(in: .whitespaces), !url.isEmpty else {
            self = .sqlite(path: path)
            return
        }
        let scheme = url.prefix { $0 != ":" }.lowercased()
        switch scheme {
        case "postgres", "postgresql":
            try Self.check(url)
            self = .postgres(url: url)
        case "sqlite" where url.contains(":"):
            var file = String(url.dropFirst("sqlite:".count))
            if file.hasPrefix("//") { file = String(file.dropFirst(2)) }
            guard !file.isEmpty, !file.contains(":memory:") else {
                throw InvalidDatabaseURL(url: url, rule: "sqlite: must name a file")
            }
            self = .sqlite(path: file)
        default:
            throw InvalidDatabaseURL(
                url: Self.withoutSecrets(url),
                rule: "it must begin with postgres://, postgresql:// or sqlite:, or be empty")
        }
    }

    /// As libpq reads it, without connecting.
    private static func check(_ url: String) throws(InvalidDatabaseURL) {
        var message: UnsafeMutablePointer<CChar>?
        let settings = PQconninfoParse(url, &message)
        defer {
            PQconninfoFree(settings)
            PQfreemem(message)
        }
        guard let settings, url.contains("://") else {
            // Most of what libpq says quotes the URL, and so the password.
            let said = message.map { String(cString: $0).trimmingCharacters(in: .whitespacesAndNewlines) } ?? ""
            let isSafe = said.hasPrefix("invalid URI query parameter")
            throw InvalidDatabaseURL(
                url: withoutSecrets(url),
                rule: isSafe ? said : "it must read postgres://user:password@host:port/database")
        }
        let ports = value(of: "port", settings)?.split(separator: ",", omittingEmptySubsequences: false) ?? []
        guard ports.allSatisfy({ $0.isEmpty || UInt16($0).map { $0 > 0 } ?? false }) else {
            throw InvalidDatabaseURL(url: withoutSecrets(url), rule: "its port must be from 1 to 65535")
        }
    }

    private static func value(of name: String, _ settings: UnsafeMutablePointer<PQconninfoOption>) -> String? {
        var setting = settings
        while let keyword = setting.pointee.keyword {
            if String(cString: keyword) == name { return setting.pointee.val.map { String(cString: $0) } }
            setting += 1
        }
        return nil
    }

    /// As it may be shown: the file, or the URL without user, password and parameters.
    public var shown: String {
        switch self {
        case .sqlite(let path): path
        case .postgres(let url): Self.withoutSecrets(url)
        }
    }

    /// The URL as it may be shown: no user, password or parameters.
    static func withoutSecrets(_ url: String) -> String {
        guard let mark = url.range(of: "://") else { return String(url.prefix { $0 != ":" }) + ":…" }
        let rest = url[mark.upperBound...].prefix { $0 != "?" }
        let place = rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
        return String(url[..<mark.upperBound] + place)
    }
}

public struct InvalidDatabaseURL: Error, Hashable, Sendable, CustomStringConvertible {
    /// Without secrets.
    public let url: String
    public let rule: String

    public var description: String { "DATABASE_URL \(url) cannot be used: \(rule)" }
}

/// Opens whichever engine is configured.
public enum Databases {
    /// - Parameter migrator: with which it will be brought forward.
    /// - Throws: ``SQLError``; what cannot be opened is left as it is.
    public static func open(
        _ location: DatabaseLocation, for migrator: Migrator? = nil
    ) async throws -> any SQLDatabase {
        switch location {
        case .sqlite(let path): try await SQLiteDatabase.open(path: path, tuning: .server, for: migrator)
        case .postgres(let url): try await PostgresDatabase.open(url: url)
        }
    }

    /// - Throws: ``InvalidDatabaseURL``, ``SQLError``.
    public static func open(url: String?, path: String) async throws -> any SQLDatabase {
        try await open(DatabaseLocation(url: url, path: path))
    }
}
