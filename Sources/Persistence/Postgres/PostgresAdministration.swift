import Dispatch
import Foundation

/// What is done to a server outside of transactions: tests make and drop databases with it, and break what they test.
package enum PostgresAdministration {
    /// - Returns: the rows' values, as text of what they are.
    @discardableResult
    package static func run(_ statement: String, url: String) async throws -> [[SQLValue]] {
        let thread = DispatchQueue(label: "mrmarket.postgres.administration")
        return try await withCheckedThrowingContinuation { continuation in
            thread.async { continuation.resume(with: Result { try runNow(statement, url) }) }
        }
    }

    private static func runNow(_ statement: String, _ url: String) throws(SQLError) -> [[SQLValue]] {
        do throws(PostgresFailure) {
            let connection = try PostgresConnection(
                url, name: "mrmarket administration", patience: PostgresSession.connectingTime)
            return try connection.query(statement, []).rows.map(\.values)
        } catch { throw error.error }
    }

    /// The same server's URL, for another of its databases.
    package static func url(_ server: String, database: String) -> String {
        let parameters = server.drop { $0 != "?" }
        let place = server.prefix { $0 != "?" }
        let authority = place.range(of: "://").map { place[$0.upperBound...].prefix { $0 != "/" } } ?? place
        return String(place[..<authority.endIndex]) + "/" + database + parameters
    }
}
