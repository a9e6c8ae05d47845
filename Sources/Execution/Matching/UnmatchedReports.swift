import TradingCore

/// Drops of levels and trades of the last report window that do not explain each other yet, for orders that join in
/// between: the trade behind a drop they never saw takes nothing from before them.
///
/// Two short rings; a busy window forgets its oldest. Not kept at all where both reports come in one message.
struct UnmatchedReports: Codable, Sendable {
    private struct Report: Codable, Sendable {
        var ticks: Int64
        var lots: Int64
        var since: Int64
        var side: Side
    }

    private struct Ring: Codable, Sendable {
        private static let capacity = 64
        private var reports: [Report] = []
        private var next = 0

        init() {
            reports.reserveCapacity(Ring.capacity)
        }

        mutating func add(_ report: Report) {
            guard report.lots > 0 else { return }
            if reports.count < Ring.capacity {
                reports.append(report)
            } else {
                reports[next] = report
                next = (next + 1) % Ring.capacity
            }
        }

        /// Takes up to `limit` lots of reports of one level away, oldest first.
        mutating func take(_ limit: Int64, _ side: Side, _ ticks: Int64, after oldest: Int64) -> Int64 {
            var left = limit
            for offset in reports.indices where left > 0 {
                let index = (next + offset) % reports.count
                guard reports[index].ticks == ticks, reports[index].side == side, reports[index].since > oldest
                else { continue }
                let part = min(left, reports[index].lots)
                reports[index].lots -= part
                left -= part
            }
            return limit - left
        }

        func pending(_ side: Side, _ ticks: Int64, after oldest: Int64) -> PendingVolume {
            var pending = PendingVolume()
            for offset in reports.indices {
                let report = reports[(next + offset) % reports.count]
                if report.ticks == ticks, report.side == side, report.since > oldest {
                    pending.add(report.lots, at: report.since)
                }
            }
            return pending
        }

        mutating func removeAll() {
            reports.removeAll(keepingCapacity: true)
            next = 0
        }
    }

    let window: Int64
    private var drops = Ring()
    private var trades = Ring()

    init(window: Int64) {
        self.window = window
    }

    mutating func levelDropped(_ side: Side, _ ticks: Int64, by lots: Int64, at now: Int64) {
        let rest = lots - trades.take(lots, side, ticks, after: now - window)
        drops.add(Report(ticks: ticks, lots: rest, since: now, side: side))
    }

    /// - Parameter side: the side that rested.
    mutating func traded(_ side: Side, _ ticks: Int64, _ lots: Int64, at now: Int64) {
        let rest = lots - drops.take(lots, side, ticks, after: now - window)
        trades.add(Report(ticks: ticks, lots: rest, since: now, side: side))
    }

    func drops(_ side: Side, _ ticks: Int64, at now: Int64) -> PendingVolume {
        drops.pending(side, ticks, after: now - window)
    }

    func trades(_ side: Side, _ ticks: Int64, at now: Int64) -> PendingVolume {
        trades.pending(side, ticks, after: now - window)
    }

    mutating func removeAll() {
        drops.removeAll()
        trades.removeAll()
    }
}
