/// A statement with its values apart: `"SELECT * FROM orders WHERE id = \(id)"` binds `id`, it never becomes text.
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    enum Part: Sendable {
        case text(String)
        case value(SQLValue)
        /// Several values with commas between them.
        case values([SQLValue])
        case statement(SQLStatement, [SQLValue])
        /// Text for one engine alone.
        case only(SQLDialect, String)
    }

    var parts: [Part]

    public init(stringLiteral text: String) { parts = [.text(text)] }

    /// - Parameter values: one for each `?` of the statement.
    public init(_ statement: SQLStatement, _ values: [SQLValue]) {
        precondition(values.count == statement.pieces.count - 1, "a value for each ?")
        parts = [.statement(statement, values)]
    }

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

        /// Several values with commas between them, as in `VALUES (\(values: row))`: a short way for a long row.
        public mutating func appendInterpolation(values: [SQLValue]) { parts.append(.values(values)) }

        /// Text that becomes part of the statement: names of tables, never anything that came from outside.
        public mutating func appendInterpolation(raw text: String) { parts.append(.text(text)) }

        /// Text that only PostgreSQL is told, such as `FOR UPDATE SKIP LOCKED`.
        public mutating func appendInterpolation(postgres text: String) { parts.append(.only(.postgres, text)) }

        /// Text that only SQLite is told.
        public mutating func appendInterpolation(sqlite text: String) { parts.append(.only(.sqlite, text)) }
    }

    /// Where it is a kept statement and nothing else.
    var statement: (SQLStatement, [SQLValue])? {
        guard parts.count == 1, case .statement(let statement, let values) = parts[0] else { return nil }
        return (statement, values)
    }

    /// The statement as an engine takes it, and its values in order.
    func rendered(_ dialect: SQLDialect) -> (text: String, values: [SQLValue]) {
        if let (statement, values) = statement { return (statement.text(dialect), values) }
        // Bytes, for which appending is a copy: a string looks at what it has and gets, each time.
        var text: [UInt8] = []
        text.reserveCapacity(parts.reduce(0) { $0 + $1.length })
        var values: [SQLValue] = []
        values.reserveCapacity(parts.count)
        func append(_ literal: String) { text.append(contentsOf: literal.utf8) }
        func append(_ value: SQLValue) {
            values.append(value)
            append(dialect.placeholder(values.count))
        }
        for part in parts {
            switch part {
            case .text(let literal): append(literal)
            case .only(let engine, let literal): if engine == dialect { append(literal) }
            case .value(let value): append(value)
            case .statement(let statement, let list):
                append(statement.pieces[0])
                for (value, piece) in zip(list, statement.pieces.dropFirst()) {
                    append(value)
                    append(piece)
                }
            case .values(let list):
                for (index, value) in list.enumerated() {
                    if index > 0 { append(", ") }
                    append(value)
                }
            }
        }
        return (String(decoding: text, as: UTF8.self), values)
    }
}

extension SQL.Part {
    /// About how much text it becomes.
    fileprivate var length: Int {
        switch self {
        case .text(let text), .only(_, let text): text.utf8.count
        case .value: 4
        case .values(let list): 6 * list.count
        case .statement(let statement, _): statement.text(.postgres).utf8.count
        }
    }
}

/// Which engine's SQL is spoken. Statements are written once; where engines differ, the driver adapts.
public enum SQLDialect: Hashable, Sendable {
    case sqlite
    case postgres

    func placeholder(_ number: Int) -> String { self == .sqlite ? "?" : "$\(number)" }
}
