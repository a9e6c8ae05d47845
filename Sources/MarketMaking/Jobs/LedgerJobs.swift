public import Jobs
import Ledger
public import Logging
public import Persistence
public import Scheduling
import TradingCore

/// The ledger's housekeeping: reservations whose time has come, and a look every night whether everything adds up.
public enum LedgerJobs {
    public static let queue: QueueName = "maintenance"

    public static func add(
        to handlers: inout JobHandlers, database: any SQLDatabase, time: any TimeSource, logger: Logger
    ) {
        handlers.add(ExpireReservationsHandler())
        handlers.add(ExpireReservationHandler())
        handlers.add(VerifyLedgerHandler(database: database, time: time, logger: logger))
    }

    public static let schedules = [
        JobSchedule("ledger.expire-reservations", .every(.seconds(10)), catchUp: .once) { _ in
            try NewJob(ExpireReservations(), ExpireReservations.options)
        },
        JobSchedule("ledger.verify", .every(.seconds(86_400)), catchUp: .once) { _ in
            try NewJob(VerifyLedger(), VerifyLedger.options)
        },
    ]
}

struct VerifyLedger: JobArguments {
    static let kind = "ledger.verify"
    static let queue = LedgerJobs.queue
    /// Six hours are enough for a thousand million entries, and one that hangs is over before the next night's.
    /// One that found something waits for an operator, and the next night's does not wait for it: it may find that all is well again.
    static let options = JobOptions(
        attempts: 3, backoff: .fixed(.seconds(60)), serialKey: "ledger.verify", timeout: .seconds(6 * 3_600),
        deadLetterHoldsKey: false)
}

/// What it finds is a dead letter with the findings as its reason: a fault of the server, see ``LedgerFindings``.
struct VerifyLedgerHandler: JobHandler {
    let database: any SQLDatabase
    let time: any TimeSource
    let logger: Logger

    func perform(_ arguments: VerifyLedger, context: JobContext) async throws -> JobOutcome {
        let report = try await LedgerVerifier.verify(database)
        if report.isSound {
            let now = time.now()
            return .commit { try LedgerFindings.settle($0, now: now) }
        }
        let lines = report.findings.prefix(10).map(\.description).joined(separator: "; ")
        let reason = LedgerFindings.reason(report.findingCount, lines)
        logger.critical("the ledger: \(reason)", metadata: ["job": "\(context.id)"])
        return .fail(.deadLetter, reason: reason)
    }
}
