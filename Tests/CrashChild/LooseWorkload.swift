import Glibc
import Persistence
import Scheduling

/// Every other step of a lane is written without waiting for the disk: SIGKILL must not take it back, a power cut may, but not
/// once a later step that did wait was acknowledged.
struct LooseWorkload: CrashWorkload {
    static let name = "loose"

    var migrations: [Migration] {
        [
            Migration("loose-1") { transaction in
                try transaction.execute(
                    "CREATE TABLE loose (step TEXT PRIMARY KEY, is_loose INTEGER NOT NULL, filler BLOB NOT NULL) STRICT"
                )
            }
        ]
    }

    func step(_ step: StepID, in database: any SQLDatabase) async throws {
        let isLoose = step.isLoose
        var random = step.random
        let filler = [UInt8](repeating: 7, count: Int(random.below(3_000)))
        let body: @Sendable (any SQLTransaction) throws -> Void = { transaction in
            try transaction.execute(
                "INSERT INTO loose (step, is_loose, filler) VALUES (\(step.description), \(isLoose), \(filler))")
        }
        if isLoose { try await database.writeWithoutSync(body) } else { try await database.write(body) }
    }

    func check(_ database: any SQLDatabase, against history: History, isQuiet: Bool) async throws -> [String] {
        let stored = Set(
            try await database.read { transaction in
                try transaction.rows("SELECT step FROM loose").map { try $0.get("step", as: String.self) }
            })
        var violations: [String] = []
        var isCovered: Set<String> = []
        for step in history.kept.reversed() {
            if !step.isLoose { isCovered.insert(step.laneOfLife) }
            guard !stored.contains(step.description) else { continue }
            if !step.isLoose { violations.append("lost: \(step)") }
            if step.isLoose, Self.outlivesAll || isCovered.contains(step.laneOfLife) {
                violations.append("lost, though a later one was synced: \(step)")
            }
        }
        return violations
    }

    /// Where nothing but the process dies, all that was acknowledged is there.
    private static var outlivesAll: Bool { getenv("LOOSE_OUTLIVES_ALL") != nil }
}

extension StepID {
    private var parts: [Substring] { description.split(separator: ".") }
    fileprivate var isLoose: Bool { (parts.last.flatMap { Int($0) } ?? 0) % 2 == 0 }
    fileprivate var laneOfLife: String { parts.dropLast().joined(separator: ".") }
}
