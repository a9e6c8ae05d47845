import Foundation
import Persistence
import Synchronization
import TestSupport
import Testing

/// A server that dies, and connections that break, under load: every acknowledged commit is there, every other one is wholly
/// there or wholly absent and its caller was told an error, nothing is doubled.
@Suite(
    .serialized, .timeLimit(.minutes(5)),
    .enabled(if: TemporaryPostgresServer.isAvailable, "\(DatabaseEngine.postgresAbsence)"))
struct PostgresFaultTests {
    private static let tables = Migration("load") { transaction in
        try transaction.execute("CREATE TABLE one (id INTEGER PRIMARY KEY) STRICT")
        try transaction.execute("CREATE TABLE two (id INTEGER NOT NULL) STRICT")
        try transaction.execute("CREATE TABLE total (id INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT")
        try transaction.execute("INSERT INTO total (id, n) VALUES (1, 0)")
    }

    // MARK: - The load

    /// Writes that each leave a mark in three tables, and who was told what.
    private final class Load: Sendable {
        let acknowledged = Collected<Int>()
        let failed = Collected<(id: Int, error: String)>()
        private let isOver = Mutex(false)
        private let ids = Mutex(0)

        func end() { isOver.withLock { $0 = true } }

        func run(_ database: any SQLDatabase) async {
            while !isOver.withLock({ $0 }) {
                let id = ids.withLock { ids in
                    ids += 1
                    return ids
                }
                do {
                    try await PostgresFaultTests.leaveMarks(database, id)
                    acknowledged.add(id)
                } catch { failed.add((id, "\(error)")) }
            }
        }

    }

    private static func leaveMarks(_ database: any SQLDatabase, _ id: Int) async throws {
        try await database.write { transaction in
            try transaction.execute("INSERT INTO one (id) VALUES (\(id))")
            try transaction.execute("INSERT INTO two (id) VALUES (\(id))")
            try transaction.execute("UPDATE total SET n = n + 1 WHERE id = 1")
        }
    }

    private func check(_ load: Load, _ database: any SQLDatabase) async throws {
        let (one, two, total) = try await database.read { transaction in
            (
                try transaction.rows("SELECT id FROM one ORDER BY id").map { try $0.get("id", as: Int.self) },
                try transaction.rows("SELECT id FROM two ORDER BY id").map { try $0.get("id", as: Int.self) },
                try transaction.row("SELECT n FROM total")?.get("n", as: Int.self)
            )
        }
        #expect(one == two)
        #expect(total == one.count)
        let there = Set(one)
        #expect(load.acknowledged.all.filter { !there.contains($0) } == [])
        #expect(there.subtracting(load.acknowledged.all).isSubset(of: load.failed.all.map(\.id)))
        #expect(Set(load.acknowledged.all).count == load.acknowledged.all.count)
    }

    private func underLoad(
        _ url: String, workers: Int = 16, _ body: (Load, any SQLDatabase) async throws -> Void
    ) async throws {
        let database = try await PostgresDatabase.open(url: url)
        try await Migrator([Self.tables]).migrate(database)
        let load = Load()
        try await withThrowingTaskGroup { group in
            for _ in 0..<workers { group.addTask { await load.run(database) } }
            do { try await body(load, database) } catch {
                load.end()
                throw error
            }
            load.end()
            try await group.waitForAll()
        }
        try await check(load, database)
        await database.close()
    }

    // MARK: - Backends and servers killed

    @Test func `backends are killed in the middle of transactions`() async throws {
        try await withTemporaryPlace(.postgres) { place in
            guard case .postgres(let url) = place else { return }
            try await underLoad(url) { load, _ in
                for round in 1...25 {
                    await load.acknowledged.grown(by: 7 + round)
                    try await PostgresAdministration.run(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE application_name LIKE 'mrmarket writer%' AND datname = current_database()
                        """, url: url)
                }
                await load.acknowledged.grown(by: 20)
                // Nobody had to be told anything: what was lost was run again.
                #expect(load.failed.all.map(\.error) == [])
            }
        }
    }

    /// By an operator who sees what everything waits for, or by a role's `statement_timeout`.
    @Test(arguments: ["SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(5)", "SELECT pg_sleep(5)"])
    func `a statement that is cancelled is no fault of what was asked`(_ text: String) async throws {
        try await withTemporaryPlace(.postgres) { place in
            guard case .postgres(let url) = place else { return }
            let database = try await PostgresDatabase.open(url: url)
            let error = await #expect(throws: SQLError.self) {
                try await database.write { transaction in
                    try transaction.execute("SET LOCAL statement_timeout = 50")
                    _ = try transaction.rows("\(raw: text)")
                }
            }
            guard case .locked(let message)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(message.contains("canceling statement"))
            await database.close()
        }
    }

    @Test func `the server crashes and comes back`() async throws {
        let server = try await TemporaryPostgresServer.start()
        do {
            try await underLoad(server.url) { load, _ in
                for _ in 1...3 {
                    await load.acknowledged.grown(by: 50)
                    try await server.stop("immediate")
                    try await server.launch()
                }
                await load.acknowledged.grown(by: 50)
                #expect(load.failed.all.map(\.error) == [])
            }
        } catch {
            await server.remove()
            throw error
        }
        await server.remove()
    }

    @Test func `while the server is down callers are told so in time, and afterwards work goes on`() async throws {
        let server = try await TemporaryPostgresServer.start()
        var options = PostgresOptions(url: server.url)
        options.patience = .milliseconds(300)
        let database = try await PostgresDatabase.open(options)
        try await Migrator([Self.tables]).migrate(database)
        try await Self.leaveMarks(database, 1)
        try await server.stop("fast")
        let began = ContinuousClock.now
        await withTaskGroup { group in
            for id in 2..<40 {
                group.addTask {
                    await #expect(throws: SQLError.self) { try await Self.leaveMarks(database, id) }
                    await #expect(throws: SQLError.self) { _ = try await database.read { try $0.row("SELECT 1") } }
                }
            }
        }
        let error = await #expect(throws: SQLError.self) { try await Self.leaveMarks(database, 40) }
        guard case .unavailable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(ContinuousClock.now - began < .seconds(20))
        try await server.launch()
        // The next attempt to connect is due within half a second, of the writer as of those that read.
        var isBack = false
        while !isBack { isBack = (try? await Self.leaveMarks(database, 41)) != nil }
        var ids: [Int]?
        while ids == nil {
            ids = try? await database.read { transaction in
                try transaction.rows("SELECT id FROM one ORDER BY id").map { try $0.get("id", as: Int.self) }
            }
        }
        #expect(ids == [1, 41])
        await database.close()
        await server.remove()
    }

    // MARK: - Commits whose answer is lost

    @Test(arguments: CuttingProxy.Cut.allCases)
    func `a commit whose answer is lost is looked up`(_ cut: CuttingProxy.Cut) async throws {
        try await withTemporaryPlace(.postgres) { place in
            guard case .postgres(let url) = place else { return }
            let components = try #require(URLComponents(string: url))
            let proxy = try CuttingProxy(server: try #require(components.port))
            var proxied = components
            proxied.port = proxy.port
            proxied.query = "sslmode=disable&gssencmode=disable"
            try await underLoad(try #require(proxied.string), workers: 4) { load, _ in
                for round in 1...8 {
                    await load.acknowledged.grown(by: 3)
                    proxy.cutNextCommit(cut)
                    await proxy.cuts.reached(round)
                }
                await load.acknowledged.grown(by: 10)
                #expect(load.failed.all.map(\.error) == [])
            }
            proxy.close()
        }
    }

    @Test func `when it cannot be looked up its caller is told that nobody knows`() async throws {
        let server = try await TemporaryPostgresServer.start()
        let components = try #require(URLComponents(string: server.url))
        let proxy = try CuttingProxy(server: try #require(components.port))
        var proxied = components
        proxied.port = proxy.port
        proxied.query = "sslmode=disable&gssencmode=disable"
        var options = PostgresOptions(url: try #require(proxied.string))
        options.patience = .milliseconds(300)
        let database = try await PostgresDatabase.open(options)
        try await Migrator([Self.tables]).migrate(database)
        proxy.close()
        proxy.cutNextCommit(.answerLost)
        let error = await #expect(throws: SQLError.self) { try await Self.leaveMarks(database, 1) }
        guard case .outcomeUnknown = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        await database.close()
        await server.remove()
    }

    // MARK: - Signs of life

    @Test func `a sign of life is stored though its own connection hangs, and the next ones do not wait for that`()
        async throws
    {
        let server = try await TemporaryPostgresServer.start()
        let database = try await PostgresDatabase.open(url: server.url)
        try await Migrator([Self.tables]).migrate(database)
        let beat: @Sendable (any SQLTransaction) throws -> Int = { transaction in
            try transaction.execute("UPDATE total SET n = n + 1 WHERE id = 1")
            return try #require(try transaction.row("SELECT pg_backend_pid()")).get(0)
        }
        let (own, writer) = (try await database.beat(beat), try await database.write(beat))
        #expect(own != writer)
        #expect(kill(pid_t(own), SIGSTOP) == 0)
        defer { kill(pid_t(own), SIGCONT) }
        #expect(try await database.beat(beat) == writer)
        let begun = ContinuousClock.now
        for _ in 1...20 { #expect(try await database.beat(beat) == writer) }
        // Each for itself would have taken a second.
        #expect(ContinuousClock.now - begun < .seconds(10))
        #expect(kill(pid_t(own), SIGCONT) == 0)
        while try await database.beat(beat) != own { try await Task.sleep(for: .milliseconds(5)) }
        await database.close()
        await server.remove()
    }

    // MARK: - Whose database it is

    @Test func `a database that is not ours is refused untouched`() async throws {
        try await withTemporaryPlace(.postgres) { place in
            guard case .postgres(let url) = place else { return }
            try await PostgresAdministration.run("CREATE TABLE growdata_exchanges (x TEXT)", url: url)
            let error = try await #require(throws: SQLError.self) { _ = try await Databases.open(place) }
            #expect("\(error)".contains("the original Mr.Market server") && "\(error)".contains("DATABASE_URL"))
            let tables = try await PostgresAdministration.run(
                "SELECT relname::TEXT FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
                url: url)
            #expect(tables == [[.text("growdata_exchanges")]])
        }
    }

    @Test func `a refused login or a missing database is told at once, in one line`() async throws {
        let url = try #require(DatabaseEngine.postgresURL)
        let missing = PostgresAdministration.url(url, database: "no_such_database")
        let began = ContinuousClock.now
        let error = try await #require(throws: SQLError.self) { _ = try await Databases.open(url: missing, path: "") }
        #expect("\(error)".contains("no_such_database") && !"\(error)".contains("\n"))
        #expect(ContinuousClock.now - began < .seconds(8))
    }
}
