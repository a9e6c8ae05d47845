/// A statement with its values apart: `"SELECT * FROM orders WHERE id = \(id)"` binds `id`, it never becomes text.
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    enum Part: Sendable {
        case text(String)
        case value(SQLValue)
        /// Text for one engine alone.
        case only(SQLDialect, String)
    }

    var parts: [Part]

    public init(stringLiteral text: String) { parts = [.text(text)] }

    public init(stringInterpolation: StringInterpolation) { parts = stringInterpolation.parts }

    public static func + (left: SQL, right: SQL) -> SQL {
        var sum = left
        sum.parts += right.parts
        return sum
    }

    public struct StringInterpolation: StringInterpolationProtocol {
        var parts: [Part] = []

        public init(literalCapacity: Int, interpolationCount: Int) {
            parts.reserveCapacity(2 * interpolationCount + 1)
        }

        public mutating func appendLiteral(_ literal: String) { parts.append(.text(literal)) }

        public mutating func appendInterpolation(_ value: some SQLConvertible) {
            parts.append(.value(value.sqlValue))
        }

        /// Text that becomes part of the statement: names of tables, never anything that came from outside.
        public mutating func appendInterpolation(raw text: String) { parts.append(.text(text)) }

        /// Text that only PostgreSQL is told, such as `FOR UPDATE SKIP LOCKED`.
        public mutating func appendInterpolation(postgres text: String) { parts.append(.only(.postgres, text)) }

        /// Text that only SQLite is told.
        public mutating func appendInterpolation(sqlite text: String) { parts.append(.only(.sqlite, text)) }
    }

    /// The statement as an engine takes it, and its values in order.
    func rendered(_ dialect: SQLDialect) -> (text: String, values: [SQLValue]) {
        var text = ""
        text.reserveCapacity(1_024)
        var values: [SQLValue] = []
        values.reserveCapacity(parts.count / 2)
        for part in parts {
            switch part {
            case .text(let literal): text += literal
            case .only(let engine, let literal): if engine == dialect { text += literal }
            case .value(let value):
                values.append(value)
                text += dialect.placeholder(values.count)
            }
        }
        return (text, values)
    }
}

/// Which engine's SQL is spoken. Statements are written once; where engines differ, the driver adapts.
public enum SQLDialect: Hashable, Sendable {
    case sqlite
    case postgres

    func placeholder(_ number: Int) -> String { self == .sqlite ? "?" : "$\(number)" }
}
