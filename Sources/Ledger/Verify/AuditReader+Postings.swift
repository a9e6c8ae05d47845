internal import Persistence
internal import TradingCore

extension AuditReader {
    // MARK: - Postings

    /// Compares a page of postings with their hashes.
    /// - Returns: the last row looked at; nil when there was none.
    func checkPostings(after rowID: Int64, limit: Int, _ report: inout LedgerReport) throws -> Int64? {
        let heads = try transaction.rows(
            StoredStep.query + "WHERE t.id > \(rowID) AND t.list_id IS NULL ORDER BY t.id LIMIT \(limit)")
        guard let last = heads.last else { return nil }
        let lastID: Int64 = try last.get(0)
        var tails = try transaction.rows(
            StoredStep.query
                + "WHERE t.list_id > \(rowID) AND t.list_id <= \(lastID) ORDER BY t.list_id, t.step")[...]
        for head in heads {
            let id: Int64 = try head.get(0)
            var rows = [head]
            // Both are in the order of the first step's row.
            while let tail = tails.first, try tail.get(StoredStep.listColumn) == id { rows.append(tails.removeFirst()) }
            report.postings += 1
            try checkPosting(rows, &report)
        }
        return lastID
    }

    private func checkPosting(_ rows: [SQLRow], _ report: inout LedgerReport) throws {
        let key: String = try rows[0].get(1)
        do {
            let steps = try rows.map(StoredStep.init)
            let content = LedgerContent.text(try steps.map { try $0.asked() })
            let hash = LedgerContent.hash(key: key, content: content)
            let isInOrder = steps.indices.allSatisfy { steps[$0].step == $0 }
            guard let stored = steps[0].contentHash, stored == hash, isInOrder else {
                report.add(
                    LedgerFinding(
                        rule: .changedPosting, account: steps[0].from.path, sequence: steps[0].debitSequence,
                        step: key, expected: "steps of hash \(steps[0].contentHash.map { "\($0)" } ?? "none")",
                        found: "[\(content)] of hash \(hash)"))
                return
            }
        } catch {
            var finding = try Self.finding(error, in: "posting \(key)")
            finding.step = key
            report.add(finding)
        }
    }

    // MARK: - Sums

    /// Sums all balances by asset, in this one transaction: from the outside they are of one moment.
    func checkSums(pageSize: Int, _ report: inout LedgerReport) throws {
        var sums: [String: Int128] = [:]
        var last: Int64 = 0
        while true {
            let rows = try transaction.rows(
                """
                SELECT id, path, available, locked FROM ledger_accounts WHERE id > \(last) ORDER BY id
                LIMIT \(pageSize)
                """)
            for row in rows {
                last = try row.get(0)
                let path: String = try row.get(1)
                // One that cannot be read was found with its account.
                guard let available = try? row.get(2, as: FixedDecimal.self),
                    let locked = try? row.get(3, as: FixedDecimal.self)
                else { continue }
                let asset = path.split(separator: "/").last.map(String.init) ?? path
                // Wrapping: a sum of zero is zero whatever is passed on the way.
                sums[asset, default: 0] &+= available.raw &+ locked.raw
            }
            if rows.count < pageSize { break }
        }
        for (asset, sum) in sums.sorted(by: { $0.key < $1.key }) where sum != 0 {
            report.add(
                LedgerFinding(
                    rule: .assetSum, account: asset, sequence: nil, step: nil, expected: "0",
                    found: "\(FixedDecimal(raw: sum))"))
        }
    }
}
