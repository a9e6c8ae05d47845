import Dispatch
import Foundation
import Jobs
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

/// Whole processes that share a database, and one that comes back to its own.
@Suite struct ClusterTests {
    /// Of `crash-child node=…`, see ClusterNode.swift there.
    private struct Work: JobArguments {
        static let kind = "cluster.work"
        static let queue: QueueName = "cluster"
        var name: String
        var milliseconds: Int64
    }

    private final class Node: Sendable {
        private let child: ChildProcess
        private let state = Mutex<(lines: [String], isOver: Bool)>(([], false))

        init(_ name: String, _ database: String, leaseSeconds: Int = 5) throws {
            child = try ChildProcess(
                ChildProcess.program, ["node=\(name)", "database=\(database)", "lease=\(leaseSeconds)"])
            DispatchQueue(label: "node \(name)").async { [self] in
                _ = child.follow { line in state.withLock { $0.lines.append(line) } }
                state.withLock { $0.isOver = true }
            }
        }

        func kill() { child.kill() }
        var lines: [String] { state.withLock { $0.lines } }
        var isOver: Bool { state.withLock { $0.isOver } }
    }

    private struct Start: Equatable {
        var job: String
        var node: String
        var at: Int64
    }

    private struct Story {
        var starts: [Start] = []
        /// How often each job has had its effect, and by whom.
        var effects: [String: [String]] = [:]

        init(_ database: any SQLDatabase) async throws {
            (starts, effects) = try await database.read { transaction in
                let starts = try transaction.rows("SELECT job, node, at FROM cluster_starts ORDER BY at").map {
                    Start(job: try $0.get(0), node: try $0.get(1), at: try $0.get(2))
                }
                var effects: [String: [String]] = [:]
                for row in try transaction.rows("SELECT job, node FROM cluster_effects") {
                    effects[try row.get(0), default: []].append(try row.get(1))
                }
                return (starts, effects)
            }
        }
    }

    private static func wait(
        _ what: String, seconds: Int64 = 60, _ condition: () async throws -> Bool
    ) async throws {
        let time = SystemTime()
        let end = time.now().advanced(byNanoseconds: Nanoseconds.seconds(seconds))
        while try await !condition() {
            guard time.now() < end else { throw WaitedInVain(what: what) }
            try await time.sleep(until: time.now().advanced(byNanoseconds: Nanoseconds.milliseconds(10)))
        }
    }

    private struct WaitedInVain: Error { var what: String }

    /// - Returns: their numbers.
    @discardableResult
    private static func enqueue(_ jobs: [Work], _ database: any SQLDatabase) async throws -> [JobID] {
        let now = SystemTime().now()
        return try await database.write { transaction in
            try jobs.map {
                try JobStore(transaction: transaction).enqueue($0, JobOptions(id: $0.name), now: now).id
            }
        }
    }

    @Test(.enabled(if: PostgresServer.isAvailable, Comment(rawValue: DatabaseEngine.postgresAbsence)))
    func
        `two processes on one PostgreSQL run each job and each tick once, and one takes over from the other that is killed`()
        async throws
    {
        let server = try await PostgresServer.start()
        let nodes = try ["a", "b"].map { try Node($0, server.url) }
        defer { for node in nodes { node.kill() } }
        try await Self.wait("both work") { nodes.allSatisfy { $0.lines.contains("working") } }
        let database = try await PostgresDatabase.open(url: server.url)
        try await Self.enqueue((0..<200).map { Work(name: "short \($0)", milliseconds: 5) }, database)
        try await Self.wait("short jobs") {
            try await Story(database).effects.count { $0.key.hasPrefix("short") } == 200
        }
        // Eight jobs that take a minute fill both; one of the two dies with its four.
        let long = (0..<8).map { Work(name: "long \($0)", milliseconds: 60_000) }
        let ids = try await Self.enqueue(long, database)
        try await Self.wait("long jobs have begun") {
            Set(try await Story(database).starts.map(\.job)).count { $0.hasPrefix("long") } == 8
        }
        let held = Set(
            try await Story(database).starts.filter { $0.node == "a" && $0.job.hasPrefix("long") }.map(\.job))
        #expect(held.count == 4)
        // Whoever is left has room for them: its own are cancelled, which stops their handlers.
        try await database.write { transaction in
            for (job, id) in zip(long, ids) where !held.contains(job.name) {
                _ = try JobStore(transaction: transaction).cancel(id, now: SystemTime().now())
            }
        }
        let killedAt = SystemTime().now().nanoseconds
        nodes[0].kill()
        try await Self.wait("taken over") {
            Set(try await Story(database).starts.filter { $0.node == "b" }.map(\.job)).isSuperset(of: held)
        }
        let story = try await Story(database)
        let late = story.starts.filter { $0.node == "b" && held.contains($0.job) }.map { $0.at - killedAt }.max() ?? 0
        print("taken over \(Double(late) / 1e9) s after the kill, lease 5 s")
        // As a server is set. The last heartbeat came before the kill, so a lease after the kill is late already; a little more is for
        // a machine that does other things too.
        #expect(late < Nanoseconds.seconds(5) + Nanoseconds.milliseconds(250))
        #expect(story.effects.filter { $0.value.count != 1 } == [:])
        let ticks = story.effects.keys.filter { $0.hasPrefix("tick") }
        #expect(ticks.count > 5)
        #expect(Set(story.effects.filter { $0.key.hasPrefix("short") }.values.flatMap { $0 }) == ["a", "b"])
        await database.close()
    }

    /// How soon, `JobsBenchmark restart` measures.
    @Test func `a job whose process was killed starts again with the next start, long before its lease is over`()
        async throws
    {
        let folder = try TemporaryFolder()
        let path = folder.path + "/server.db"
        let database = try await SQLiteDatabase.open(path: path)
        _ = try await Migrator(JobsMigrations.all).migrate(database)
        try await Self.enqueue([Work(name: "long", milliseconds: 60_000)], database)
        await database.close()
        let first = try Node("a", path, leaseSeconds: 3_600)
        defer { first.kill() }
        try await Self.wait("it starts") { first.lines.contains("started long") }
        first.kill()
        try await Self.wait("it is dead") { first.isOver }
        let second = try Node("a", path, leaseSeconds: 3_600)
        defer { second.kill() }
        try await Self.wait("it starts again") { second.lines.contains("started long") }
    }
}
