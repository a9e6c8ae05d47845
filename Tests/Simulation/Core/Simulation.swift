import Persistence
import Scheduling
import TradingCore

/// Runs a scenario under seeds, one after another, on one database that is emptied in between.
public final class Simulation {
    public let scenario: any SimulationScenario
    private let database: MemoryDatabase
    private let tables: [String]
    /// Those that are not empty in a fresh database.
    private let seeded: [String]

    public init(_ scenario: some SimulationScenario) async throws {
        self.scenario = scenario
        let database = try MemoryDatabase()
        let journal = scenario.journal
        let triggers = Migration("simulation-triggers") { transaction in
            for trigger in journal { try transaction.execute("\(raw: trigger.text)") }
        }
        try await Migrator(scenario.migrations + [SimulationJournal.migration, triggers]).migrate(database)
        let tables = try database.transact(Self.tables)
        seeded = try database.transact { try Self.keepFirstRows(of: tables, $0) }
        self.tables = tables
        self.database = database
    }

    /// Runs one seed to its end.
    /// - Parameter only: the only fault points at which anything goes wrong; nil is as the seed says.
    public func run(seed: UInt64, only: [FaultPoint]? = nil, keepsTrace: Bool = false) throws -> SimulationResult {
        try empty()
        let world = SimulationWorld(seed: seed, database: database, only: only, keepsTrace: keepsTrace)
        scenario.populate(world)
        var scheduler = SimulationScheduler(world: world, scenario: scenario)
        try scheduler.play()
        return SimulationResult(
            seed: seed, violation: world.violation, fingerprint: world.trace.fingerprint, steps: world.stepCount,
            points: world.faults.count, faults: world.faults.injected,
            simulatedNanoseconds: world.now.nanoseconds(since: SimulationWorld.start), coverage: world.coverage,
            trace: world.trace.lines)
    }

    /// All tables, each before those that its foreign keys point at. (To defer the keys instead would have SQLite prepare every
    /// statement anew.)
    private static func tables(_ transaction: any SQLTransaction) throws -> [String] {
        let keys = try transaction.rows(
            """
            SELECT child.name, key."table" FROM sqlite_master AS child JOIN pragma_foreign_key_list(child.name) AS key
            WHERE child.type = 'table' AND child.name <> key."table"
            """
        ).map { (child: try $0.get(0, as: String.self), parent: try $0.get(1, as: String.self)) }
        var left = try transaction.rows(
            """
            SELECT name FROM sqlite_master
            WHERE type = 'table' AND (name NOT LIKE 'sqlite_%' OR name = 'sqlite_sequence')
                AND name NOT LIKE '%_migrations' AND name <> 'simulation_changes' ORDER BY name
            """
        ).map { try $0.get(0, as: String.self) }
        var ordered: [String] = []
        while !left.isEmpty {
            let free = left.filter { table in !keys.contains { $0.parent == table && left.contains($0.child) } }
            // Tables that point at each other have no such order.
            if free.isEmpty { return ordered + left }
            ordered += free
            left.removeAll(where: free.contains)
        }
        return ordered
    }

    /// Copies what migrations have put into tables: a fresh database has it, so every run begins with it.
    /// - Returns: the tables that have such rows.
    private static func keepFirstRows(of tables: [String], _ transaction: any SQLTransaction) throws -> [String] {
        try tables.filter { table in
            guard table != "sqlite_sequence", try transaction.row("SELECT 1 FROM \(raw: table) LIMIT 1") != nil else {
                return false
            }
            try transaction.execute("CREATE TABLE \(raw: copy(of: table)) AS SELECT * FROM \(raw: table)")
            return true
        }
    }

    private static func copy(of table: String) -> String { "first_rows_of_\(table)" }

    private func empty() throws {
        try database.transact { transaction in
            for table in tables { try transaction.execute("DELETE FROM \(raw: table)") }
            for table in seeded.reversed() {
                try transaction.execute("INSERT INTO \(raw: table) SELECT * FROM \(raw: Self.copy(of: table))")
            }
            try transaction.execute("DELETE FROM simulation_changes")
        }
    }
}

/// How a run ended.
public struct SimulationResult: Sendable {
    public let seed: UInt64
    public let violation: Violation?
    /// The same for the same seed, whatever ran before.
    public let fingerprint: UInt64
    public let steps: Int
    /// Fault points passed.
    public let points: Int
    public let faults: [InjectedFault]
    public let simulatedNanoseconds: Int64
    /// See ``SimulationWorld/coverage``.
    public let coverage: [String]
    public let trace: [String]
}
