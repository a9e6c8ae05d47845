import Jobs
import Ledger
import Logging
import Persistence
import Scheduling
import TradingCore

/// Gives back the reservations whose time has come.
struct ExpireReservations: JobArguments {
    static let kind = "ledger.expire-reservations"
    static let queue = LedgerJobs.queue
    static let options = JobOptions(attempts: 1, isRemovedWhenFinished: true)
}

struct ExpireReservationsHandler: JobHandler {
    typealias Arguments = ExpireReservations

    /// What is left over is due at the next tick.
    private static let limit = 500

    let database: any SQLDatabase
    let time: any TimeSource
    let logger: Logger

    /// A failure is a dead letter, which the next success ends. While one stands, later failures leave none beside it: they come
    /// every ten seconds.
    func perform(_ arguments: ExpireReservations, context: JobContext) async throws -> JobOutcome {
        let time = time
        do {
            let refused = try await database.write { try Self.expire($0, now: time.now()) }
            for refusal in refused {
                logger.error(
                    "a reservation could not be given back",
                    metadata: ["transfer": "\(refusal.rowID)", "error": "\(refusal.reason)"])
            }
            return .done
        } catch let error as SQLError where error.isOfTheEngine {
            throw error
        } catch {
            let stands = try await database.read { transaction in
                try !JobStore(transaction: transaction).newestDead(LedgerJobs.queue, kind: ExpireReservations.kind)
                    .isEmpty
            }
            return .fail(stands ? .discard : .deadLetter, reason: "\(error)")
        }
    }

    /// - Returns: those that could not be given back and were not known yet.
    static func expire(_ transaction: any SQLTransaction, now: Timestamp) throws -> [LedgerStore.Refusal] {
        let expiry = try LedgerStore(transaction: transaction).expireDue(now: now, limit: limit)
        let store = JobStore(transaction: transaction)
        try store.discardDead(LedgerJobs.queue, kind: ExpireReservations.kind, now: now)
        return try expiry.refused.filter { try store.enqueue(ExpireReservation.job($0.rowID), now: now).isNew }
    }
}

/// Gives back one reservation that could not be given back with the others. As long as it cannot, this is a dead letter with the reason,
/// one for each such reservation: retried, it does what it was for, and given up, it is there again at the next tick.
struct ExpireReservation: JobArguments {
    static let kind = "ledger.expire-reservation"
    static let queue = LedgerJobs.queue
    static let options = JobOptions(attempts: 1, isRemovedWhenFinished: true)

    /// Of `ledger_transfers`.
    let rowID: Int64

    static func job(_ rowID: Int64) throws -> NewJob {
        var options = options
        options.id = "ledger.expire-reservation \(rowID)"
        return try NewJob(ExpireReservation(rowID: rowID), options)
    }
}

struct ExpireReservationHandler: TransactionalJobHandler {
    func perform(_ arguments: ExpireReservation, run: JobRun, transaction: any SQLTransaction) throws {
        _ = try LedgerStore(transaction: transaction).expire(rowID: arguments.rowID, now: run.startedAt)
    }
}
