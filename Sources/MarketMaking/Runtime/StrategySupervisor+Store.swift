import Logging
import Persistence
import Scheduling
import TradingCore

/// The database's files: nothing fails when they are deleted or moved, and what is traded then nobody could ever look up.
extension StrategySupervisor {
    static var storeInterval: Int64 { Nanoseconds.perSecond }

    /// Watches until the task is cancelled. A commit that comes first notices by itself.
    func watchStore() async {
        let schedule = runtime.registry.schedule("database files")
        var due = runtime.time.now()
        while !Task.isCancelled {
            let began = runtime.time.now()
            schedule.began(at: began, dueAt: due)
            await lookForLostFile()
            schedule.ended(at: runtime.time.now(), failure: lostFile.map { "\($0)" })
            due = began.advanced(byNanoseconds: Self.storeInterval)
            schedule.isDue(at: due)
            do { try await runtime.time.sleep(until: due) } catch { break }
        }
        schedule.end()
    }

    private func lookForLostFile() async {
        let before = lostFile
        lostFile = runtime.database.lostFile()
        if let lostFile, before == nil { runtime.logger.critical("\(lostFile)") }
        if lostFile == nil, before != nil { runtime.logger.notice("the database's files are where they were again") }
        guard let lostFile else { return }
        for executor in executors.values { await executor.storeIsLost(lostFile) }
    }
}
