/// Lots that one report has shown (a drop of a level, or a trade) and that wait for the other report of the same event.
///
/// Each waits for its own time. There is room for two; what does not fit joins the newest and its later time, so that
/// nothing is given up too early and everything before two windows have passed.
struct PendingVolume: Sendable {
    private struct Report: Sendable {
        var lots: Int64
        var since: Int64
    }

    private static let capacity = 2
    private var reports = InlineArray<2, Report>(repeating: Report(lots: 0, since: 0))
    private var count = 0
    /// All that waits.
    private(set) var lots: Int64 = 0

    mutating func add(_ lots: Int64, at now: Int64) {
        guard lots > 0 else { return }
        self.lots += lots
        if count > 0, count == PendingVolume.capacity || reports[count - 1].since == now {
            reports[count - 1].lots += lots
            reports[count - 1].since = now
        } else {
            reports[count] = Report(lots: lots, since: now)
            count += 1
        }
    }

    /// Takes up to `limit` lots away, oldest first.
    /// - Returns: how many there were to take.
    mutating func take(_ limit: Int64) -> Int64 {
        let taken = min(limit, lots)
        var left = taken
        var used = 0
        while left > 0 {
            let part = min(left, reports[used].lots)
            reports[used].lots -= part
            left -= part
            if reports[used].lots == 0 { used += 1 }
        }
        lots -= taken
        dropFirst(used)
        return taken
    }

    /// Takes away what has waited for the whole window.
    mutating func expire(window: Int64, now: Int64) -> Int64 {
        var expired: Int64 = 0
        var used = 0
        while used < count, now - reports[used].since >= window {
            expired += reports[used].lots
            used += 1
        }
        lots -= expired
        dropFirst(used)
        return expired
    }

    private mutating func dropFirst(_ used: Int) {
        guard used > 0 else { return }
        for index in used..<count { reports[index - used] = reports[index] }
        count -= used
    }
}

extension PendingVolume: Codable {
    init(from decoder: any Decoder) throws {
        let numbers = try decoder.singleValueContainer().decode([Int64].self)
        self.init()
        for index in stride(from: 0, to: numbers.count - 1, by: 2) where count < PendingVolume.capacity {
            reports[count] = Report(lots: numbers[index], since: numbers[index + 1])
            count += 1
            lots += numbers[index]
        }
    }

    /// Lots and since by turns.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode((0..<count).flatMap { [reports[$0].lots, reports[$0].since] })
    }
}
