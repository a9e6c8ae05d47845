import Foundation
import Synchronization
import TestSupport
import Testing

/// The same workloads over a server that is killed, cut off or thrown into recovery while they run, and with a child that is
/// killed itself.
@Suite(.enabled(if: PostgresServer.isAvailable, Comment(rawValue: DatabaseEngine.postgresAbsence)))
struct PostgresKillTests {
    @Test(arguments: ["seam", "core"])
    func `what was acknowledged outlives the server and its connections`(_ workload: String) async throws {
        let server = try await PostgresServer.start()
        var chain = try Chain(workload, url: server.url)
        let kills = Mutex((server: 0, connections: 0, backends: 0))
        let failures = Mutex<[String]>([])
        var children = 0
        var acknowledged = 0
        for life in 0..<5 {
            // Every other life is killed itself in the end.
            let plan = KillPlan(
                point: life % 2 == 0 ? .acknowledgements(50) : .never, mode: .kill, lanes: 4, steps: 15)
            let report = try await chain.run(plan) { count in
                guard count % 10 == 5, count < 40 else { return }
                do {
                    switch (life + count / 10) % 3 {
                    case 0:
                        try server.crash()
                        kills.withLock { $0.server += 1 }
                    case 1:
                        try server.cutConnections()
                        kills.withLock { $0.connections += 1 }
                    default:
                        try server.killBackend()
                        kills.withLock { $0.backends += 1 }
                    }
                } catch { failures.withLock { $0.append("\(error)") } }
            }
            #expect(
                report.violations == [] && report.all("unchecked") == [] && report.all("stuck") == [], "life \(life)")
            if report.end == .killed(signal: SIGKILL) { children += 1 } else { #expect(report.isDone, "life \(life)") }
            acknowledged += report.kept.count
        }
        let last = try await chain.run(KillPlan(point: .never, mode: .kill, steps: 2))
        #expect(last.isDone && last.violations == [] && last.all("failed") == [])
        #expect(failures.withLock { $0 } == [])
        let (servers, connections, backends) = kills.withLock { $0 }
        print(
            "PostgreSQL, \(workload): \(servers + connections + backends + children) kills (\(servers) of the server, "
                + "\(connections) of all connections, \(backends) of a backend, \(children) of the child), "
                + "\(acknowledged) acknowledged steps")
        #expect(servers + connections + backends + children >= 20)
    }
}
