import Jobs
import Ledger
import Persistence
import TradingCore

/// Gives back the reservations whose time has come.
struct ExpireReservations: JobArguments {
    static let kind = "ledger.expire-reservations"
    static let queue = LedgerJobs.queue
    static let options = JobOptions(attempts: 1, isRemovedWhenFinished: true)
}

/// One that cannot be given back becomes a job of its own, which tells why.
struct ExpireReservationsHandler: TransactionalJobHandler {
    /// What is left over is due at the next tick.
    private static let limit = 500

    /// A failure is a dead letter, which the next success ends. While one stands, later failures leave none beside it: they come
    /// every ten seconds.
    func perform(_ arguments: ExpireReservations, run: JobRun, transaction: any SQLTransaction) throws {
        let store = JobStore(transaction: transaction)
        let stands = try !store.newestDead(LedgerJobs.queue, kind: ExpireReservations.kind).isEmpty
        do {
            let expiry = try LedgerStore(transaction: transaction).expireDue(now: run.startedAt, limit: Self.limit)
            try store.discardDead(LedgerJobs.queue, kind: ExpireReservations.kind, now: run.startedAt)
            for refusal in expiry.refused {
                try store.enqueue(ExpireReservation.job(refusal.rowID), now: run.startedAt)
            }
        } catch let error as SQLError where error.isOfTheEngine {
            throw error
        } catch {
            throw ExpiryFailed(disposition: stands ? .discard : .deadLetter, description: "\(error)")
        }
    }
}

struct ExpiryFailed: JobFailure, CustomStringConvertible {
    let disposition: JobDisposition
    let description: String
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
