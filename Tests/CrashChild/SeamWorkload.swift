import Persistence
import Scheduling

/// Transfers between counters, over the SQL seam alone: two rows of very different length and two counters in one
/// transaction, one in eight of which fails at its end.
struct SeamWorkload: CrashWorkload {
    static let name = "seam"
    static let counters: Int64 = 8

    var migrations: [Migration] {
        [
            Migration("seam-1") { transaction in
                try transaction.execute(
                    """
                    CREATE TABLE counter (
                        id INTEGER PRIMARY KEY, total INTEGER NOT NULL, entries INTEGER NOT NULL
                    ) STRICT
                    """)
                try transaction.execute(
                    """
                    CREATE TABLE entry (
                        step TEXT NOT NULL, side INTEGER NOT NULL, counter INTEGER NOT NULL REFERENCES counter (id),
                        amount INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (step, side)
                    ) STRICT
                    """)
            },
            Migration("seam-2") { transaction in
                for id in 0..<Self.counters {
                    try transaction.execute("INSERT INTO counter (id, total, entries) VALUES (\(id), 0, 0)")
                }
            },
        ]
    }

    func step(_ step: StepID, in database: any SQLDatabase) async throws {
        let transfer = Transfer(step)
        try await database.write { transaction in
            for entry in transfer.entries {
                try transaction.execute(
                    """
                    INSERT INTO entry (step, side, counter, amount, payload)
                    VALUES (\(step.description), \(entry.side), \(entry.counter), \(entry.amount), \(entry.payload))
                    """)
                try transaction.execute(
                    """
                    UPDATE counter SET total = total + \(entry.amount), entries = entries + 1
                    WHERE id = \(entry.counter)
                    """)
            }
            if transfer.isRefused { throw StepRefused() }
        }
    }

    func check(_ database: any SQLDatabase, against history: History, isQuiet: Bool) async throws -> [String] {
        let (entries, totals) = try await database.read { transaction in
            let entries = try transaction.rows("SELECT * FROM entry ORDER BY step, side").map { row in
                (
                    step: try row.get("step", as: String.self),
                    entry: Entry(
                        side: try row.get("side"), counter: try row.get("counter"), amount: try row.get("amount"),
                        payload: try row.get("payload"))
                )
            }
            let totals = try transaction.rows("SELECT total, entries FROM counter ORDER BY id").map { row in
                Counter(total: try row.get("total"), entries: try row.get("entries"))
            }
            return (entries, totals)
        }
        var stored: [String: [Entry]] = [:]
        var expected = [Counter](repeating: Counter(), count: Int(Self.counters))
        for (step, entry) in entries {
            stored[step, default: []].append(entry)
            guard expected.indices.contains(Int(entry.counter)) else { continue }
            expected[Int(entry.counter)].total += entry.amount
            expected[Int(entry.counter)].entries += 1
        }
        var violations: [String] = []
        for step in history.kept where stored[step.description] == nil { violations.append("lost: \(step)") }
        for step in history.absent where stored[step.description] != nil {
            violations.append("told to have failed, but there: \(step)")
        }
        for (step, entries) in stored.sorted(by: { $0.key < $1.key }) {
            let transfer = Transfer(StepID(step))
            if transfer.isRefused { violations.append("refused, but there: \(step)") }
            if entries != transfer.entries { violations.append("not whole: \(step)") }
        }
        if totals != expected { violations.append("counters \(totals) are not the sums of their entries \(expected)") }
        if totals.reduce(0, { $0 + $1.total }) != 0 { violations.append("counters do not add up to zero") }
        return violations
    }
}

private struct Counter: Equatable {
    var total: Int64 = 0
    var entries: Int64 = 0
}

private struct Entry: Equatable {
    var side: Int64
    var counter: Int64
    var amount: Int64
    var payload: [UInt8]
}

/// What a step does.
private struct Transfer {
    var entries: [Entry]
    var isRefused: Bool

    init(_ step: StepID) {
        var random = step.random
        let from = Int64(random.below(UInt64(SeamWorkload.counters)))
        let to = Int64(random.below(UInt64(SeamWorkload.counters)))
        let amount = 1 + Int64(random.below(1_000))
        isRefused = random.below(8) == 0
        let sides: [(Int64, Int64, Int64)] = [(0, from, -amount), (1, to, amount)]
        entries = sides.map { side, counter, amount in
            // Most fit a page, some need several.
            let length = Int(random.below(random.below(4) == 0 ? 10_000 : 300))
            return Entry(
                side: side, counter: counter, amount: amount,
                payload: (0..<length).map { _ in UInt8(random.below(256)) })
        }
    }
}
