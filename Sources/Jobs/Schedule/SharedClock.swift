import Persistence
import Scheduling
import Synchronization
import TradingCore

/// The time by which the nodes of one database agree on what is due and what is over: the database server's, where there is one, or
/// this process's own. A node whose clock is a day ahead would take everybody's delayed jobs, and forget what has just ended.
///
/// The difference from the own clock is measured now and then and kept, so that telling the time costs no round trip. What waits in this
/// process, alarms and sleeps, goes by the own clock.
final class SharedClock: Sendable {
    private let time: any TimeSource
    private let goesByDatabase: Bool
    /// Of the shared clock before the own one.
    private let lead = Mutex<Int64>(0)

    /// A smaller change of the difference is noise of the measurement: the time shall not jump to and fro by it.
    static let noise = Nanoseconds.milliseconds(100)

    init(_ time: any TimeSource, goesByDatabase: Bool) {
        self.time = time
        self.goesByDatabase = goesByDatabase
    }

    func now() -> Timestamp { time.now().advanced(byNanoseconds: lead.withLock { $0 }) }

    /// What the own clock shows at a moment of the shared one.
    func own(_ moment: Timestamp) -> Timestamp {
        moment == .distantFuture ? moment : moment.advanced(byNanoseconds: -lead.withLock { $0 })
    }

    /// The time, after asking the database for it.
    func measured(_ transaction: any SQLTransaction) throws -> Timestamp {
        guard goesByDatabase else { return now() }
        let before = time.now()
        let told = try JobScheduleStore(transaction: transaction).sharedNow(or: before)
        let after = time.now()
        let roundTrip = after.nanoseconds(since: before)
        let measured = told.nanoseconds(since: before) - roundTrip / 2
        lead.withLock { lead in
            // The answer may have come at any moment of the round trip.
            if abs(measured - lead) > max(Self.noise, roundTrip) { lead = measured }
        }
        return now()
    }
}
