internal import GRDB
public import TradingCore
public enum SQLValue: Sendable, Hashable { case null, integer(Int64), real(Double), text(String), blob([UInt8]) }
public protocol SQLConvertible: Sendable { var sqlValue: SQLValue { get }; init?(sqlValue: SQLValue) }
extension Int: SQLConvertible { public var sqlValue: SQLValue { .integer(Int64(self)) }; public init?(sqlValue: SQLValue) { if case .integer(let v) = sqlValue { self = Int(v) } else { return nil } } }
extension Int64: SQLConvertible { public var sqlValue: SQLValue { .integer(self) }; public init?(sqlValue: SQLValue) { if case .integer(let v) = sqlValue { self = v } else { return nil } } }
extension Bool: SQLConvertible { public var sqlValue: SQLValue { .integer(self ? 1 : 0) }; public init?(sqlValue: SQLValue) { if case .integer(let v) = sqlValue { self = v != 0 } else { return nil } } }
extension String: SQLConvertible { public var sqlValue: SQLValue { .text(self) }; public init?(sqlValue: SQLValue) { if case .text(let v) = sqlValue { self = v } else { return nil } } }
extension Timestamp: SQLConvertible { public var sqlValue: SQLValue { .integer(nanoseconds) }; public init?(sqlValue: SQLValue) { if case .integer(let v) = sqlValue { self.init(nanoseconds: v) } else { return nil } } }
extension FixedDecimal: SQLConvertible { public var sqlValue: SQLValue { .text(description) }; public init?(sqlValue: SQLValue) { if case .text(let v) = sqlValue { self.init(v) } else { return nil } } }
extension Optional: SQLConvertible where Wrapped: SQLConvertible { public var sqlValue: SQLValue { self?.sqlValue ?? .null }; public init?(sqlValue: SQLValue) { if sqlValue == .null { self = .none } else if let w = Wrapped(sqlValue: sqlValue) { self = .some(w) } else { return nil } } }
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    var text = ""; var values: [SQLValue] = []
    public init(stringLiteral value: String) { text = value }
    public struct StringInterpolation: StringInterpolationProtocol { var sql = SQL(stringLiteral: "")
        public init(literalCapacity: Int, interpolationCount: Int) {}
        public mutating func appendLiteral(_ l: String) { sql.text += l }
        public mutating func appendInterpolation(_ v: some SQLConvertible) { sql.text += "?"; sql.values.append(v.sqlValue) }
    }
    public init(stringInterpolation: StringInterpolation) { self = stringInterpolation.sql }
    public static func + (l: SQL, r: SQL) -> SQL { var s = l; s.text += r.text; s.values += r.values; return s }
}
public struct SQLError: Error { public var message: String }
public struct SQLRow: Sendable { var values: [String: SQLValue]
 public func get<T: SQLConvertible>(_ column: String, as: T.Type = T.self) throws(SQLError) -> T { guard let v = values[column], let t = T(sqlValue: v) else { throw SQLError(message: "column \(column)") }; return t } }
public protocol SQLTransaction {
    @discardableResult func execute(_ sql: SQL) throws(SQLError) -> Int
    func rows(_ sql: SQL) throws(SQLError) -> [SQLRow]
    func row(_ sql: SQL) throws(SQLError) -> SQLRow?
}
public protocol SQLDatabase: Sendable {
    func write<T: Sendable>(_ body: @escaping @Sendable (any SQLTransaction) throws -> T) async throws -> T
    func read<T: Sendable>(_ body: @escaping @Sendable (any SQLTransaction) throws -> T) async throws -> T
}
public struct Migration: Sendable { let name: String; let body: @Sendable (any SQLTransaction) throws -> Void
 public init(_ name: String, _ body: @escaping @Sendable (any SQLTransaction) throws -> Void) { self.name = name; self.body = body } }
public struct Migrator { let m: [Migration]; public init(_ m: [Migration]) { self.m = m }
 public func migrate(_ db: any SQLDatabase) async throws { for x in m { try await db.write { tx in
   try tx.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)")
   if try tx.row("SELECT name FROM migrations WHERE name = \(x.name)") != nil { return }
   try x.body(tx); try tx.execute("INSERT INTO migrations (name) VALUES (\(x.name))") } } } }
struct Tx: SQLTransaction { let db: Database
  func args(_ s: SQL) -> StatementArguments { StatementArguments(s.values.map { v -> (any DatabaseValueConvertible)? in switch v { case .null: nil; case .integer(let i): i; case .real(let d): d; case .text(let t): t; case .blob: nil } }) }
  func execute(_ sql: SQL) throws(SQLError) -> Int { do { let s = try db.cachedStatement(sql: sql.text); try s.execute(arguments: args(sql)); return db.changesCount } catch { throw SQLError(message: "\(error)") } }
  func rows(_ sql: SQL) throws(SQLError) -> [SQLRow] { do { let s = try db.cachedStatement(sql: sql.text); return try Row.fetchAll(s, arguments: args(sql)).map { r in
     var d: [String: SQLValue] = [:]; for (c, v) in r { switch v.storage { case .null: d[c] = .null; case .int64(let i): d[c] = .integer(i); case .double(let x): d[c] = .real(x); case .string(let t): d[c] = .text(t); case .blob: d[c] = .null } }; return SQLRow(values: d) } } catch { throw SQLError(message: "\(error)") } }
  func row(_ sql: SQL) throws(SQLError) -> SQLRow? { try rows(sql).first }
}
public final class SQLiteDatabase: SQLDatabase { let pool: DatabasePool
  init(_ p: DatabasePool) { pool = p }
  public static func open(path: String) async throws -> SQLiteDatabase { SQLiteDatabase(try DatabasePool(path: path)) }
  public func write<T: Sendable>(_ body: @escaping @Sendable (any SQLTransaction) throws -> T) async throws -> T { try await pool.write { try body(Tx(db: $0)) } }
  public func read<T: Sendable>(_ body: @escaping @Sendable (any SQLTransaction) throws -> T) async throws -> T { try await pool.read { try body(Tx(db: $0)) } }
  public func close() async {}
}

extension SQLValue: SQLConvertible { public var sqlValue: SQLValue { self }; public init?(sqlValue: SQLValue) { self = sqlValue } }
