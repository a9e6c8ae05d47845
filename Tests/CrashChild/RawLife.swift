import CFaultVFS
import GRDB

/// A life on a connection of its own, past `Persistence`: one row, one commit, one acknowledgement after another, with
/// `PRAGMA synchronous` as it is told. It shows that the harness sees what is lost.
struct RawLife {
    static let name = "raw"
    private let options: LifeOptions

    init(_ options: LifeOptions) { self.options = options }

    func run() {
        guard faultvfs_register() == 0 else { return Line.write("violation the file system cannot be registered") }
        do { try live() } catch { Line.write("violation \(error)") }
    }

    private func live() throws {
        var configuration = Configuration()
        configuration.journalMode = .wal
        let queue = try DatabaseQueue(path: options.database, configuration: configuration)
        try queue.writeWithoutTransaction { connection in
            try connection.execute(sql: "PRAGMA synchronous = FULL")
            try connection.execute(sql: "CREATE TABLE IF NOT EXISTS step (id TEXT PRIMARY KEY)")
        }
        for step in History(Line.read(options.history)).kept {
            let count = try queue.read { connection in
                try Int.fetchOne(
                    connection, sql: "SELECT COUNT(*) FROM step WHERE id = ?", arguments: [step.description])
            }
            if count != 1 { Line.write("violation lost: \(step)") }
        }
        try queue.writeWithoutTransaction { connection in
            try connection.execute(sql: "PRAGMA synchronous = \(options.synchronous)")
            for number in 0..<options.steps {
                let step = StepID(life: options.life, lane: 0, number: number)
                try connection.execute(sql: "INSERT INTO step VALUES (?)", arguments: [step.description])
                Line.write("kept \(step)")
            }
        }
        Line.write("done")
    }
}
