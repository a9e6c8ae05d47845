import Foundation
import TestSupport
import Testing
import TradingCore

/// `/health/schedules` of the real program.
@Suite(.serialized) struct ScheduleListTests {
    private struct Entry: Decodable {
        let name: String
        let lastRun: String?
        let nextRun: String?
        let runs: Int
        let failures: Int
    }

    private func entries(_ server: ServerProcess) async throws -> [Entry] {
        try JSONDecoder().decode([Entry].self, from: Data(try await server.get("/health/schedules").text.utf8))
    }

    @Test func `every loop and every recurring job is listed with what it did and when it goes on`() async throws {
        let folder = try TemporaryFolder()
        let server = try await ServerProcess(folder: folder.path, port: FreePort.next(), arguments: ["--example"])
        try await server.wait("quoting") { try await server.get("/health/trading").text.contains("\"openOrders\":4") }
        let jobs = ["job: jobs.sweep-history", "job: ledger.expire-reservations", "job: ledger.verify"]
        try await server.wait("jobs are known, and the shortest has run") {
            let entries = try await entries(server)
            return jobs.allSatisfy { name in entries.contains { $0.name == name && $0.nextRun != nil } }
                && entries.contains { $0.name == jobs[1] && $0.runs > 0 && $0.lastRun != nil }
        }
        let listed = try await entries(server)
        let names = listed.map(\.name)
        for wanted in jobs + [
            "exchange keys: upkeep", "exchange withdrawals: follow", "executor paper/default/BTC/USDT",
            "journal paper/default/BTC/USDT", "jobs: heartbeat", "jobs: queue maintenance", "jobs: rescue",
            "jobs: retention",
            "jobs: schedules", "outbox.relay", "paper exchange", "removed accounts", "balances", "trading rules",
        ] { #expect(names.contains { $0 == wanted || $0.hasPrefix(wanted) }, "\(wanted) among \(names)") }
        #expect(!names.contains { $0.hasPrefix("recovery") }, "it is over")
        #expect(listed.allSatisfy { $0.failures == 0 })
        #expect(listed.first { $0.name == "trading rules" }?.nextRun != nil)
        #expect(server.interrupt() == 0, "\(server.log)")
    }
}
