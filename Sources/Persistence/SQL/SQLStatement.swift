/// A statement whose text is put together once, for places that run it ten thousand times a second: an engine gets the same
/// string each time and finds the prepared statement by identity. To be kept in a `static let`.
public final class SQLStatement: Sendable {
    /// What stands between the values.
    let pieces: [String]
    private let sqlite: String
    private let postgres: String
    /// How an engine behind a wire runs many of these at once.
    let gathered: GatheredStatement?

    /// - Parameters:
    ///   - text: a `?` for each value, and no other `?`.
    ///   - gathered: taken by ``SQLTransaction/executeLater(_:)`` alone.
    public init(_ text: String, gathered: GatheredStatement? = nil) {
        self.gathered = gathered
        let pieces = text.split(separator: "?", omittingEmptySubsequences: false).map(String.init)
        self.pieces = pieces
        sqlite = text
        postgres = pieces.indices.reduce(into: "") { text, index in
            text += index == 0 ? pieces[0] : SQLDialect.postgres.placeholder(index) + pieces[index]
        }
    }

    func text(_ dialect: SQLDialect) -> String { dialect == .sqlite ? sqlite : postgres }
}
