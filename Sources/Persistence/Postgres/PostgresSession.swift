import Foundation

/// A connection that is made when it is needed, and made anew when it was lost. For one thread.
final class PostgresSession {
    private let url: String
    private let name: String
    /// Run on every new connection.
    private let preparation: String
    private var outage: Outage
    private var connection: PostgresConnection?

    /// One attempt to connect takes no longer.
    static let connectingTime = Duration.seconds(5)

    /// What every session of ours says first. A commit that does not wait for the disk would be no commit; a lock that is not
    /// got, a transaction that its node forgot, end.
    private static let settings = """
        SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
        SET bytea_output = 'hex'; SET extra_float_digits = 1; SET standard_conforming_strings = on;
        SET jit = off; SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '10s';
        """

    init(_ options: PostgresOptions, name: String, preparation: String = "") {
        url = options.url
        self.name = name
        self.preparation = Self.settings + preparation
        outage = Outage(patience: options.patience)
    }

    /// The connection, waiting for the server as long as ``Outage`` says.
    func connected() throws(SQLError) -> PostgresConnection {
        while true {
            if let connection, connection.isAlive { return connection }
            connection = nil
            switch outage.advice(.now) {
            case .refuse: throw .unavailable(outage.reason)
            case .wait(let pause): Self.pause(pause)
            case .connect:
                do { return try connect() } catch {
                    outage.failed(.now, error.message)
                    if error.isFinalRefusal || outage.isOver(.now) { throw .unavailable(error.message) }
                }
            }
        }
    }

    private func connect() throws(PostgresFailure) -> PostgresConnection {
        let new = try PostgresConnection(url, name: name, patience: Self.connectingTime)
        try new.run(preparation)
        outage.ended()
        connection = new
        return new
    }

    func disconnect() { connection = nil }

    static func pause(_ pause: Duration) {
        let (seconds, attoseconds) = pause.components
        Thread.sleep(forTimeInterval: Double(seconds) + Double(attoseconds) * 1e-18)
    }
}
