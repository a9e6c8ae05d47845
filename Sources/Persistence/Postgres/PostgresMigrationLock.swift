import Dispatch

/// Held while one of several nodes brings the database forward. The server lets go of it when its holder is gone.
///
/// - Note: `@unchecked Sendable`: its session is used on its own serial queue alone.
final class PostgresMigrationLock: @unchecked Sendable {
    /// "MrMarket", as a number.
    static let key: Int64 = 0x4D72_4D61_726B_6574
    /// A node that waits so long for another's migrations gives up.
    static let patience = Duration.seconds(600)
    private static let pause = Duration.milliseconds(50)

    private let thread = DispatchQueue(label: "mrmarket.postgres.migration-lock")
    private let session: PostgresSession

    init(_ options: PostgresOptions) { session = PostgresSession(options, name: "mrmarket migration lock") }

    func take() async throws {
        try await withCheckedThrowingContinuation { continuation in
            thread.async { continuation.resume(with: Result { try self.wait() }) }
        }
    }

    func release() async {
        await withCheckedContinuation { continuation in
            thread.async {
                self.session.disconnect()
                continuation.resume()
            }
        }
    }

    private func wait() throws {
        let deadline = ContinuousClock.now + Self.patience
        while try !isTaken() {
            guard ContinuousClock.now < deadline else { throw SQLError.locked("another node migrates the database") }
            PostgresSession.pause(Self.pause)
        }
    }

    private func isTaken() throws -> Bool {
        let connection = try session.connected()
        do {
            let rows = try connection.query("SELECT pg_try_advisory_lock($1) AS taken", [.integer(Self.key)]).rows
            return try rows.first?.get("taken") ?? false
        } catch let failure as PostgresFailure {
            if failure.isConnectionLost { return false }
            throw failure.error
        }
    }
}
