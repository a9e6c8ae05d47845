import Foundation
import Persistence
import TestSupport
import Testing

/// How long SQLite's log may get.
@Suite(.timeLimit(.minutes(10))) struct SQLiteLogTests {
    /// One reader always begins before the one before it ends, so that there is no moment in which nobody reads the log.
    @Test func `the log stays bounded though readers overlap without a gap`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/log.db"
        let limit: Int64 = 256 << 10
        let database = try await SQLiteDatabase.open(
            path: path, tuning: SQLiteTuning(commitsPerCheckpoint: 50, maximumLogBytes: limit, restartPatience: 100_000)
        )
        _ = try await database.write {
            try $0.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v BLOB NOT NULL) STRICT")
        }
        let readers = Task { try await Self.overlap(database) }
        var longest: Int64 = 0
        let value = SQLValue.blob([UInt8](repeating: 7, count: 15_000))
        // Some thirty times the limit.
        for number in 0..<400 {
            _ = try await database.writeWithoutSync {
                try $0.execute("INSERT INTO t (id, v) VALUES (\(number), \(value))")
            }
            longest = max(longest, try Self.length(path + "-wal"))
        }
        readers.cancel()
        let overlaps = try await readers.value
        #expect(overlaps > 20)
        #expect(longest > limit, "readers have kept the log from beginning anew for a while")
        // A machine that is busy otherwise keeps the writer waiting for its readers longer.
        #expect(longest < 8 * limit, "\(longest) bytes")
        let count = try await database.read { try $0.row("SELECT COUNT(*) FROM t")?.get(0, as: Int.self) }
        #expect(count == 400)
        await database.close()
    }

    /// - Returns: how many reads there were.
    private static func overlap(_ database: SQLiteDatabase) async throws -> Int {
        var previous = Reading(database)
        await previous.hasBegun()
        var count = 1
        while !Task.isCancelled {
            let next = Reading(database)
            await next.hasBegun()
            try await previous.end()
            previous = next
            count += 1
        }
        try await previous.end()
        return count
    }

    /// A read that holds its snapshot until it is told to end.
    private final class Reading: Sendable {
        private let (began, gate) = (Collected<Int>(), DispatchSemaphore(value: 0))
        private let task: Task<Void, any Error>

        init(_ database: SQLiteDatabase) {
            let (began, gate) = (began, gate)
            task = Task {
                try await database.read { transaction in
                    _ = try transaction.row("SELECT COUNT(*) FROM t")
                    began.add(1)
                    gate.wait()
                    _ = try transaction.row("SELECT MAX(id) FROM t")
                }
            }
        }

        func hasBegun() async { await began.reached(1) }

        func end() async throws {
            gate.signal()
            try await task.value
        }
    }

    private static func length(_ path: String) throws -> Int64 {
        (try FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber)?.int64Value ?? 0
    }
}
