import Foundation
import TestSupport

/// One database and its lives: each is started on what the one before left, checks it against everything that was ever
/// acknowledged, works on, and dies as planned.
struct Chain: ~Copyable {
    let workload: String
    private let folder: TemporaryFolder
    /// The file, or a server's URL.
    private let database: String
    private var history: [String] = []
    private var lives = 0
    private var evidence = Evidence()
    private(set) var tally = Tally()

    init(_ workload: String, url: String? = nil) throws {
        self.workload = workload
        folder = try TemporaryFolder()
        database = url ?? folder.path + "/server.db"
    }

    /// What a life said, and how it ended.
    struct Report {
        var lines: [String]
        var end: ChildProcess.End
        var isDone: Bool { lines.last == "done" }
        var violations: [String] { all("violation") }
        var kept: [String] { all("kept") }

        /// What follows a word, of every line that begins with it.
        func all(_ word: String) -> [String] {
            lines.filter { $0.hasPrefix(word + " ") }.map { String($0.dropFirst(word.count + 1)) }
        }

        func count(_ name: String) -> Int? { all("count " + name).first.flatMap { Int($0) } }
    }

    /// - Returns: whether the life was ended as planned; false when it came to its own end first.
    @discardableResult
    mutating func live(_ plan: KillPlan) async throws -> Bool {
        let report = try await run(plan)
        let expected: ChildProcess.End =
            plan.acknowledgements == nil && plan.mode == .power ? .exited(137) : .killed(signal: SIGKILL)
        let isKilled = report.end == expected
        if isKilled { tally.count(plan) } else { tally.unharmed += 1 }
        if isKilled { tally.acknowledged += report.kept.count }
        var wrong = report.violations + report.all("unchecked") + report.all("stuck")
        if !isKilled, !(report.isDone && report.end == .exited(0)) {
            wrong.append("ended with \(report.end) after “\(report.lines.last ?? "nothing")”")
        }
        tally.violations += wrong.map { "\($0) (life \(lives - 1): \(plan))" }
        if !wrong.isEmpty { try evidence.keep(folder.path, life: lives) }
        return isKilled
    }

    /// A life with more in its environment.
    /// - Parameter acknowledged: what else happens when so many steps have been acknowledged.
    mutating func run(
        _ plan: KillPlan, _ more: [String: String] = [:], _ arguments: [String] = [],
        acknowledged: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> Report {
        try evidence.note("life \(lives): \(plan)", of: folder.path, life: lives)
        let file = try folder.write(history.joined(separator: "\n"), to: "history")
        let (lines, end) = try await ChildProcess.run(
            [
                "workload=\(workload)", "database=\(database)", "history=\(file)", "life=\(lives)",
            ] + plan.arguments + arguments, environment: plan.environment.merging(more) { $1 }
        ) { count, child in
            if count == plan.acknowledgements { child.kill() } else { acknowledged(count) }
        }
        lives += 1
        let report = Report(lines: lines, end: end)
        history += lines.filter { $0.hasPrefix("kept ") || $0.hasPrefix("refused ") }
        // An error of the database before a kill leaves open what was stored; before a proper end it does not.
        if report.isDone { history += lines.filter { $0.hasPrefix("failed ") } }
        return report
    }
}
