import API
import ArgumentParser
import CTimex
import Foundation
import MarketMaking
import Networking
import Persistence
import Scheduling

#if canImport(Glibc)
import Glibc
#endif

/// Looks whether a server could run here, and changes nothing.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check port, disk, clock, database, SQLite, secrets and sidecar.")

    @Flag(help: "Print every setting with its meaning and default, as .env.example has them, and nothing else.")
    var settings = false

    enum Verdict: String {
        case good = "ok  "
        case warning = "warn"
        case bad = "FAIL"
    }

    func run() async throws {
        if settings {
            print(ConfigurationKey.exampleFile, terminator: "")
            return
        }
        ProcessHardening.apply()
        let files = try ServerFiles()
        var findings: [(Verdict, String)] = [(.good, "configuration: every setting is valid")]
        findings.append(port(files))
        findings.append(disk(files))
        findings.append(memory())
        findings.append(clock())
        findings.append(
            (.good, "SQLite: \(SQLiteDatabase.libraryVersion); one connection writes, as versions below 3.51.3 need"))
        findings += await database(files)
        findings += secrets(files)
        findings.append(sidecar(files))
        for (verdict, text) in findings { print("\(verdict.rawValue) \(text)") }
        if findings.contains(where: { $0.0 == .bad }) { throw ExitCode(1) }
    }

    private func port(_ files: ServerFiles) -> (Verdict, String) {
        let name = "\(files.configuration.host):\(files.configuration.port)"
        guard let fault = PortCheck.fault(files.configuration) else { return (.good, "port: \(name) is free") }
        if fault != PortCheck.message(files.configuration) { return (.bad, "port: \(fault)") }
        return (.warning, "port: somebody listens on \(name); fine if it is this server")
    }

    private func memory() -> (Verdict, String) {
        ProcessHardening.isInForce
            ? (.good, "memory: no core dumps, no ptrace")
            : (.bad, "memory: core dumps or ptrace cannot be turned off, secrets might be read")
    }

    private func disk(_ files: ServerFiles) -> (Verdict, String) {
        var folder = files.configuration.dataFolder
        while !FileManager.default.fileExists(atPath: folder), folder != "/", folder != "." {
            folder = URL(filePath: folder).deletingLastPathComponent().path
        }
        guard access(folder, W_OK) == 0 else { return (.bad, "disk: \(folder) cannot be written") }
        var info = statvfs()
        guard statvfs(folder, &info) == 0 else { return (.warning, "disk: \(folder) tells no free space") }
        let free = UInt64(info.f_bavail) * UInt64(info.f_frsize) / 1_048_576
        let text = "disk: \(free) MiB free in \(folder)"
        return free < 100 ? (.bad, text + ", too little") : free < 1_024 ? (.warning, text) : (.good, text)
    }

    /// The kernel says whether something keeps its clock right; exchanges refuse requests of a wrong time.
    private func clock() -> (Verdict, String) {
        var state = timex()
        let result = adjtimex(&state)
        if result == TIME_ERROR || state.status & STA_UNSYNC != 0 {
            return (
                .warning, "clock: not kept by NTP as far as the kernel knows; exchanges refuse requests of a wrong time"
            )
        }
        return (.good, "clock: synchronised, error at most \(state.maxerror / 1_000) ms")
    }

    private func database(_ files: ServerFiles) async -> [(Verdict, String)] {
        if !files.isEmbedded { return await sharedDatabase(files) }
        do {
            if try SQLiteDatabase.wouldBeMade(at: files.database) {
                return [(.good, "database: \(files.database) will be made at the first start")]
            }
            let database = try await SQLiteDatabase.openReadOnly(path: files.database)
            let pending = try await Migrator(ServerMigrations.all).pending(database)
            let check = try await database.read {
                try $0.row("PRAGMA quick_check")?.get(0, as: String.self) ?? "no answer"
            }
            await database.close()
            let verdict: Verdict = check == "ok" ? .good : .bad
            let migrations =
                pending.isEmpty ? "schema up to date" : "\(pending.count) migrations to come at the next start"
            return [(verdict, "database: \(files.database), quick check \(check), \(migrations)")]
        } catch { return [(.bad, "database: \(error)")] }
    }

    private func sharedDatabase(_ files: ServerFiles) async -> [(Verdict, String)] {
        do {
            let database = try await Databases.open(files.configuration.databaseLocation)
            let pending = try await Migrator(ServerMigrations.all).pending(database)
            let version = try await database.read { try $0.row("SHOW server_version")?.get(0, as: String.self) }
            await database.close()
            let migrations =
                pending.isEmpty ? "schema up to date" : "\(pending.count) migrations to come at the next start"
            return [(.good, "database: PostgreSQL \(version ?? "of unknown version"), \(migrations)")]
        } catch { return [(.bad, "database: \(error)")] }
    }

    /// Optional: its absence is said, not counted.
    private func sidecar(_ files: ServerFiles) -> (Verdict, String) {
        switch SidecarServices.setup(files.configuration) {
        case .success(let setup): (.good, "sidecar: ccxt is set up, \(setup.python)")
        case .failure(let absence):
            (.good, "sidecar: \(absence); exchanges without a connector of their own cannot be used")
        }
    }

    private func secrets(_ files: ServerFiles) -> [(Verdict, String)] {
        let kept = [
            ("ADMIN_PASSWORD", "admin-password"), ("JWT_SECRET", "jwt-secret"),
            ("ENCRYPTION_PRIVATE_KEY", "encryption-private-key"),
        ]
        let weak = ServerSecrets.weaknesses(files.configuration).map { (Verdict.warning, "secret \($0)") }
        let faults = ServerSecrets.faults(files.configuration).map { (Verdict.bad, "secret \($0)") }
        let exposures = ServerSecrets.exposures(files.configuration)
        return faults + weak
            + kept.map { name, file in
                let path = files.configuration.dataFolder + "/" + file
                if files.configuration.text(name) != nil { return (.good, "secret \(name): from the environment") }
                guard FileManager.default.fileExists(atPath: path) else {
                    let isLost = files.hasDatabase && name == "ENCRYPTION_PRIVATE_KEY"
                    return isLost
                        ? (.bad, "secret \(name): \(path) is gone though there is a database")
                        : (.good, "secret \(name): will be made at the next start")
                }
                let exposure = exposures.first { $0.hasPrefix("\(name): ") }
                return exposure.map { (.bad, "secret \($0)") } ?? (.good, "secret \(name): \(path)")
            }
    }
}
