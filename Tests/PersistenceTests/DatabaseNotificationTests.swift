import Persistence
import TestSupport
import Testing

/// Word of commits, on every engine.
@Suite(.timeLimit(.minutes(10))) struct DatabaseNotificationTests {
    private struct Refusal: Error {}

    private static let table = Migration("t") { try $0.execute("CREATE TABLE t (k TEXT PRIMARY KEY) STRICT") }

    @Test(arguments: DatabaseEngine.available)
    func `a listener is woken after the commit, and sees it`(_ engine: DatabaseEngine) async throws {
        try await withTemporaryDatabase(engine, [Self.table]) { database in
            let words = database.notifications("jobs")
            try await database.write { transaction in
                try transaction.execute("INSERT INTO t (k) VALUES ('a')")
                try transaction.notify("jobs")
                try transaction.notify("jobs")
            }
            try await Self.wait(words, until: database, holds: 1)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `what was not committed wakes nobody`(_ engine: DatabaseEngine) async throws {
        try await withTemporaryDatabase(engine, [Self.table]) { database in
            try await Self.letTheListenerConnect(database)
            let heard = Collected<String>()
            let listeners = ["failed", "passed_over", "done"].map { channel in
                let words = database.notifications(channel)
                return Task {
                    for await _ in words { heard.add(channel) }
                }
            }
            try await withThrowingTaskGroup { group in
                for number in 0..<30 { group.addTask { try await Self.speak(database, number) } }
                try await group.waitForAll()
            }
            await database.close()
            for listener in listeners { await listener.value }
            #expect(Set(heard.all) == ["done"])
        }
    }

    private static func speak(_ database: any SQLDatabase, _ number: Int) async throws {
        do {
            try await database.write { transaction in
                switch number % 3 {
                case 0: try transaction.notify("done")
                case 1:
                    try transaction.notify("passed_over")
                    throw Refusal()
                default:
                    try transaction.execute("INSERT INTO t (k) VALUES (\("\(number)"))")
                    try transaction.notify("failed")
                    throw Refusal()
                }
            }
        } catch is Refusal {}
    }

    @Test(arguments: DatabaseEngine.available, ["", "Jobs", "a-b", "a;b", "a'b", String(repeating: "a", count: 64)])
    func `a channel's name is plain`(_ engine: DatabaseEngine, _ name: String) async throws {
        try await withTemporaryDatabase(engine) { database in
            await #expect(throws: SQLError.self) { try await database.write { try $0.notify(name) } }
        }
    }

    @Test(.enabled(if: DatabaseEngine.hasPostgres, "\(DatabaseEngine.postgresAbsence)"))
    func `a word reaches the other nodes`() async throws {
        try await withTemporaryPlace(.postgres) { place in
            let (here, there) = (try await Databases.open(place), try await Databases.open(place))
            try await Migrator([Self.table]).migrate(here)
            try await Self.letTheListenerConnect(there)
            let words = there.notifications("jobs")
            for number in 1...3 {
                try await here.write { transaction in
                    try transaction.execute("INSERT INTO t (k) VALUES (\("\(number)"))")
                    try transaction.notify("jobs")
                }
                try await Self.wait(words, until: there, holds: number)
            }
            await here.close()
            await there.close()
        }
    }

    @Test(.enabled(if: DatabaseEngine.hasPostgres, "\(DatabaseEngine.postgresAbsence)"))
    func `when the listening connection was lost everybody is woken`() async throws {
        try await withTemporaryPlace(.postgres) { place in
            guard case .postgres(let url) = place else { return }
            let database = try await Databases.open(place)
            try await Self.letTheListenerConnect(database)
            var words = database.notifications("whatever").makeAsyncIterator()
            let ended = try await PostgresAdministration.run(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE application_name = 'mrmarket listener' AND datname = current_database()
                """, url: url)
            #expect(ended.count == 1)
            #expect(await words.next() != nil)
            await database.close()
        }
    }

    /// Words may come twice or for nothing; what counts is that one comes after the rows do.
    private static func wait(
        _ words: AsyncStream<Void>, until database: any SQLDatabase, holds count: Int
    ) async throws {
        var words = words.makeAsyncIterator()
        repeat {
            _ = await words.next()
        } while try await database.read({ transaction in
            try transaction.row("SELECT COUNT(*) AS n FROM t")?.get("n") ?? 0
        }) < count
    }

    /// The first connecting wakes everybody, which would pass for a word.
    private static func letTheListenerConnect(_ database: any SQLDatabase) async throws {
        guard database.dialect == .postgres else { return }
        while try await database.read({ transaction in
            try transaction.row(
                """
                SELECT COUNT(*) AS n FROM pg_stat_activity WHERE application_name = 'mrmarket listener'
                AND datname = current_database() AND query LIKE 'LISTEN%' AND state = 'idle'
                """)?.get("n") ?? 0
        }) == 0 { await Task.yield() }
    }
}
