/// One statement for PostgreSQL that does what a ``SQLStatement`` does, for many rows of values at once: what a statement costs there
/// is for the most part the same however little it does.
///
/// Such statements wait for each other until the next one that is none, or the commit; those of different texts are not kept in
/// their order. So what one does must not depend on another that may wait at the same time.
public struct GatheredStatement: Sendable {
    public enum Column: Hashable, Sendable {
        case integer
        case text
    }

    let text: String
    let columns: [Column]

    /// - Parameters:
    ///   - text: `$1`, `$2` … are arrays, one for each value of the single statement, with an element for each row. It answers with
    ///     the numbers, from 1, of the rows that changed something, one change for each; or, where it answers with nothing, every row
    ///     changes exactly one.
    ///   - columns: what the values are; NULL is of every kind.
    public init(_ text: String, _ columns: [Column]) {
        self.text = text
        self.columns = columns
    }

    /// Whether these values can be elements of its arrays.
    func takes(_ values: [SQLValue]) -> Bool {
        values.count == columns.count
            && zip(values, columns).allSatisfy { value, column in
                switch (value, column) {
                case (.null, _), (.integer, .integer), (.text, .text): true
                default: false
                }
            }
    }
}
