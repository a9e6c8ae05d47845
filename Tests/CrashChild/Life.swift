import CFaultVFS
import Persistence
import Scheduling
import Synchronization
import TradingCore

/// One life of the process, from the start to its end, or to wherever it is killed.
final class Life: Sendable {
    private let options: LifeOptions
    private let workload: any CrashWorkload
    private let time = SystemTime()
    /// Until `Persistence` has set `synchronous` to FULL, GRDB commits a table of its own, and that nobody waits for.
    private let unsyncedAtStart = Atomic<Int64>(0)

    init(_ options: LifeOptions, _ workload: any CrashWorkload) {
        self.options = options
        self.workload = workload
    }

    func run() async {
        guard faultvfs_register() == 0 else { return Line.write("violation the file system cannot be registered") }
        var history = History(Line.read(options.history))
        guard let database = await start() else { return }
        Line.write("opened")
        await check(database, history, isQuiet: false)
        let service = Task { await workload.serve(database) }
        let told = await work(database, lanes: 0..<options.lanes, steps: options.steps)
        faultvfs_clear_failures()
        // The fault is gone: does work go on?
        let after = await work(database, lanes: options.lanes..<options.lanes + 1, steps: 2)
        if !after.failed.isEmpty || after.unknown > 0 { Line.write("stuck \(after)") }
        history += told
        history += after
        await waitForQuiet(database)
        service.cancel()
        await service.value
        await check(database, history, isQuiet: true)
        writeCounts()
        await database.close()
        await checkAgain(history)
        Line.write("done")
    }

    // MARK: - Opening

    private func open() async throws -> any SQLDatabase {
        let database: any SQLDatabase =
            switch try DatabaseLocation(url: options.url, path: options.database) {
            case .postgres(let url): try await PostgresDatabase.open(url: url)
            case .sqlite(let path):
                try await SQLiteDatabase.open(
                    path: path,
                    tuning: SQLiteTuning(commitsPerCheckpoint: options.checkpoint, maximumBatch: options.batch))
            }
        unsyncedAtStart.store(faultvfs_unsynced_commits(), ordering: .relaxed)
        do { try await Migrator(workload.migrations).migrate(database) } catch {
            await database.close()
            throw error
        }
        return database
    }

    /// A planned failure may hit the opening too. Without it, it must do.
    private func start() async -> (any SQLDatabase)? {
        do { return try await open() } catch { Line.write("unopened \(error)") }
        faultvfs_clear_failures()
        do { return try await open() } catch {
            Line.write("violation does not open: \(error)")
            return nil
        }
    }

    // MARK: - Working

    private func work(_ database: any SQLDatabase, lanes: Range<Int>, steps: Int) async -> History {
        await withTaskGroup { group in
            for lane in lanes { group.addTask { await self.workAlone(database, lane, steps) } }
            return await group.reduce(into: History()) { $0 += $1 }
        }
    }

    @concurrent private func workAlone(_ database: any SQLDatabase, _ lane: Int, _ steps: Int) async -> History {
        var told = History()
        for number in 0..<steps {
            let step = StepID(life: options.life, lane: lane, number: number)
            switch await outcome(step, database) {
            case .kept: told.kept.append(step)
            case .refused: told.refused.append(step)
            case .failed: told.failed.append(step)
            case .unknown: told.unknown += 1
            }
        }
        return told
    }

    private enum Outcome { case kept, refused, failed, unknown }

    private func outcome(_ step: StepID, _ database: any SQLDatabase) async -> Outcome {
        do {
            try await workload.step(step, in: database)
            Line.write("kept \(step)")
            Line.write("synced \(faultvfs_count(FAULTVFS_FSYNC, FAULTVFS_WAL))")
            return .kept
        } catch is StepRefused {
            Line.write("refused \(step)")
            return .refused
        } catch SQLError.outcomeUnknown(let why) {
            Line.write("unknown \(step) \(why)")
            return .unknown
        } catch {
            Line.write("failed \(step) \(error)")
            return .failed
        }
    }

    /// Waits until everything that follows from the steps is done.
    private func waitForQuiet(_ database: any SQLDatabase) async {
        for _ in 0..<6_000 {
            if (try? await workload.isQuiet(database)) ?? false { return }
            try? await time.sleep(until: time.now().advanced(byNanoseconds: 5_000_000))
        }
        Line.write("stuck with work left over")
    }

    // MARK: - Checking

    private func check(_ database: any SQLDatabase, _ history: History, isQuiet: Bool) async {
        do {
            var violations = try await workload.check(database, against: history, isQuiet: isQuiet)
            if database.dialect == .sqlite { violations += try await integrity(database) }
            for violation in violations { Line.write("violation \(violation)") }
            Line.write("checked \(history.kept.count)")
        } catch { Line.write("unchecked \(error)") }
    }

    private func integrity(_ database: any SQLDatabase) async throws -> [String] {
        try await database.read { transaction in
            let lines = try transaction.rows("PRAGMA integrity_check").map { try $0.get(0, as: String.self) }
            let orphans = try transaction.rows("PRAGMA foreign_key_check").count
            return lines.filter { $0 != "ok" } + (orphans > 0 ? ["\(orphans) rows refer to nothing"] : [])
        }
    }

    /// After a proper end, started once more.
    private func checkAgain(_ history: History) async {
        do {
            let database = try await open()
            await check(database, history, isQuiet: true)
            await database.close()
        } catch { Line.write("violation does not open after its close: \(error)") }
    }

    private func writeCounts() {
        let counted: [(String, faultvfs_operation, faultvfs_file)] = [
            ("main.write", FAULTVFS_WRITE, FAULTVFS_MAIN), ("wal.write", FAULTVFS_WRITE, FAULTVFS_WAL),
            ("journal.write", FAULTVFS_WRITE, FAULTVFS_JOURNAL), ("main.fsync", FAULTVFS_FSYNC, FAULTVFS_MAIN),
            ("wal.fsync", FAULTVFS_FSYNC, FAULTVFS_WAL), ("journal.fsync", FAULTVFS_FSYNC, FAULTVFS_JOURNAL),
            ("commit", FAULTVFS_COMMIT, FAULTVFS_ANY),
        ]
        for (name, operation, file) in counted { Line.write("count \(name) \(faultvfs_count(operation, file))") }
        let unsynced = faultvfs_unsynced_commits() - unsyncedAtStart.load(ordering: .relaxed)
        Line.write("unsynced-commits \(unsynced)")
    }
}
