public import Persistence

/// Recomputes the books from their entries and says what does not add up.
///
/// It only reads, in pages, each in a short transaction of its own, while writers go on: what is read over several
/// pages never changes, and what changes (balance rows, open reservations) is read in one transaction with the number
/// of entries it stands for.
public enum LedgerVerifier {
    /// So many entries, postings or accounts are read in one transaction, about.
    public static let entriesPerRead = 2_000

    /// - Parameter progress: told what has been looked at so far, after each read.
    /// - Throws: what the database says when it cannot be read, `CancellationError` between two reads. What is wrong in the books is in the report, not an
    ///   error.
    public static func verify(
        _ database: any SQLDatabase, entriesPerRead: Int = Self.entriesPerRead,
        progress: @Sendable (LedgerReport) -> Void = { _ in }
    ) async throws -> LedgerReport {
        var audit = LedgerAudit(entriesPerRead: entriesPerRead)
        while !audit.report.isFinished {
            try Task.checkCancellation()
            let before = audit
            audit = try await database.read { transaction in
                var audit = before
                try audit.advance(transaction)
                return audit
            }
            progress(audit.report)
        }
        return audit.report
    }
}

/// A verification between two reads: where it stands, and what it has found.
package struct LedgerAudit: Sendable {
    private enum Stage: Sendable {
        /// Chains and balances, account by account, in the order of their rows.
        case accounts(after: Int64)
        /// What postings said, in the order of their rows.
        case postings(after: Int64)
        /// Which accounts there have ever been.
        case openings(OpeningAudit)
        /// The sums of all balances.
        case sums
    }

    package let entriesPerRead: Int
    package private(set) var report = LedgerReport()
    private var stage = Stage.accounts(after: 0)
    /// The account whose chain is being walked.
    private var chain: ChainAudit?

    package init(entriesPerRead: Int) { self.entriesPerRead = entriesPerRead }

    /// Looks at so much that about ``entriesPerRead`` rows are read.
    package mutating func advance(_ transaction: any SQLTransaction) throws {
        let reader = AuditReader(transaction: transaction)
        switch stage {
        case .accounts(let after): try advanceAccounts(reader, after)
        case .postings(let after):
            let last = try reader.checkPostings(after: after, limit: max(1, entriesPerRead / 4), &report)
            stage = last.map { .postings(after: $0) } ?? .openings(OpeningAudit())
        case .openings(var audit):
            let isMore = try reader.checkOpenings(&audit, limit: max(1, entriesPerRead), &report)
            stage = isMore ? .openings(audit) : .sums
        case .sums:
            try reader.checkSums(pageSize: entriesPerRead, &report)
            report.isFinished = true
        }
    }

    private mutating func advanceAccounts(_ reader: AuditReader, _ after: Int64) throws {
        var budget = entriesPerRead
        var last = after
        while budget > 0 {
            if chain == nil {
                budget -= 1
                guard let next = try reader.nextAccount(after: last, &report) else {
                    stage = .postings(after: 0)
                    return
                }
                last = next.rowID
                chain = next.row.map(ChainAudit.init)
            }
            if chain != nil { budget -= try walk(reader, limit: budget) }
        }
        stage = .accounts(after: last)
    }

    /// - Returns: how many entries were read.
    private mutating func walk(_ reader: AuditReader, limit: Int) throws -> Int {
        guard var chain, limit > 0 else { return 0 }
        let entries = try reader.entries(of: chain.row, after: chain.sequence, limit: limit)
        for entry in entries {
            switch entry {
            case .readable(let entry): chain.take(entry, &report)
            case .unreadable(let sequence, let finding):
                report.add(finding)
                chain.skip(sequence, &report)
            }
        }
        report.entries += entries.count
        if entries.count < limit {
            chain.finish(&report)
            self.chain = nil
        } else {
            self.chain = chain
        }
        return entries.count
    }
}
