/// One row of an answer.
public struct SQLRow: Sendable {
    @usableFromInline let columns: SQLColumns
    @usableFromInline let values: [SQLValue]

    init(columns: SQLColumns, values: [SQLValue]) {
        self.columns = columns
        self.values = values
    }

    /// - Throws: ``SQLError/decoding(column:value:)`` when there is no such column or it holds something else.
    public func get<Value: SQLConvertible>(
        _ column: String, as type: Value.Type = Value.self
    ) throws(SQLError) -> Value {
        guard let index = columns.names.firstIndex(of: column) else {
            throw .decoding(column: column, value: "no such column")
        }
        return try get(index, as: type)
    }

    @inlinable
    public func get<Value: SQLConvertible>(_ index: Int, as type: Value.Type = Value.self) throws(SQLError) -> Value {
        guard values.indices.contains(index) else { throw .decoding(column: "\(index)", value: "no such column") }
        guard let value = Value(sqlValue: values[index]) else {
            throw .decoding(column: columns.names[index], value: "\(values[index])")
        }
        return value
    }
}

/// The names of an answer's columns, shared by its rows.
@usableFromInline
final class SQLColumns: Sendable {
    @usableFromInline let names: [String]

    init(_ names: [String]) { self.names = names }
}
