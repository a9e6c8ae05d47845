import Persistence
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import Jobs

/// Nodes whose clocks differ tick by one clock.
@Suite struct SharedClockTests {
    @Test(arguments: [-1, 1]) func `a node whose clock is a day off ticks by the database server's, where there is one`(
        _ days: Int64
    ) async throws {
        for engine in DatabaseEngine.available {
            try await withTemporaryDatabase(engine) { database in
                let real = SystemTime().now()
                let wrong = real.advanced(byNanoseconds: days * Nanoseconds.perDay)
                let told = try await database.read { try JobScheduleStore(transaction: $0).sharedNow(or: wrong) }
                switch engine {
                // One process has one clock.
                case .sqlite: #expect(told == wrong)
                case .postgres: #expect(abs(told.nanoseconds(since: real)) < Nanoseconds.seconds(60))
                }
            }
        }
    }
}
