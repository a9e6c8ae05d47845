public import Jobs
public import Persistence
import TradingCore

/// That a verification found the books not to add up. Stands as a dead letter until an operator discards it, or a later
/// verification finds that they do: so it is found again after a restart, and on every node. One that is tried again stands until that
/// has come to its end.
public struct LedgerFindings: Hashable, Sendable, CustomStringConvertible {
    public let job: JobID
    /// How many findings, and the first of them.
    public let reason: String

    public var description: String { "the ledger does not add up, as job \(job) (ledger.verify) found: \(reason)" }

    /// Sets such a dead letter apart from that of a verification which could not be finished.
    private static let mark = "the books do not add up: "

    static func reason(_ count: Int, _ lines: String) -> String { "\(mark)\(count) findings: \(lines)" }

    /// - Returns: the newest; nil when none stands.
    public static func standing(_ transaction: any SQLTransaction) throws -> LedgerFindings? {
        try all(transaction).first
    }

    /// Newest first.
    private static func all(_ transaction: any SQLTransaction) throws -> [LedgerFindings] {
        // By kind: what stands must not be hidden by newer dead letters of other kinds, which damaged books bring.
        try JobStore(transaction: transaction).newestFailed(LedgerJobs.queue, kind: VerifyLedger.kind).compactMap {
            job in
            guard let reason = job.reason, reason.hasPrefix(mark) else { return nil }
            return LedgerFindings(job: job.id, reason: String(reason.dropFirst(mark.count)))
        }
    }

    /// The books add up by now: what was found before is over. The rows stay, as discarded ones, as long as their queue keeps them.
    static func settle(_ transaction: any SQLTransaction, now: Timestamp) throws {
        let store = JobStore(transaction: transaction)
        for finding in try all(transaction) {
            // One that an operator has tried again, and that has not begun, has nothing left to find.
            if try !store.discard(finding.job, now: now), try !store.isRunning(finding.job) {
                _ = try store.cancel(finding.job, now: now)
            }
        }
    }
}
