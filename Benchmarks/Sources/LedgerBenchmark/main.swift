// How many durable steps a second the ledger takes on one SQLite file: `LedgerBenchmark [CALLERS [ORDERS [SECONDS]]]`.
// Each caller reserves, waits until that is durable, posts, waits, and so on. A reserve counts one step, a post counts
// one. `LedgerBenchmark core [STEPS]` says what a step costs the writer without disk and callers.

import Foundation
import Ledger
import Persistence
import Scheduling

func core(steps: Int) async throws {
    let database = try MemoryDatabase()
    let workload = try Workload(orders: 1_000)
    try await workload.begin(database)
    let postings = try (0..<steps / 2).flatMap { try workload.steps(caller: 0, number: $0) }
    for half in [postings.prefix(steps / 2), postings.suffix(steps / 2)] {
        let begun = ContinuousClock.now
        for batch in stride(from: half.startIndex, to: half.endIndex, by: 200) {
            try database.transact { transaction in
                let store = LedgerStore(transaction: transaction)
                for posting in half[batch..<min(batch + 200, half.endIndex)] {
                    try store.apply(posting, now: workload.time.now())
                }
            }
        }
        print("core: \((ContinuousClock.now - begun) / half.count) a step")
    }
}

func durable(callers: Int, orders: Int, seconds: Int) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "ledger-benchmark-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let database = try await Databases.open(url: nil, path: folder + "/bench.db")
    let workload = try Workload(orders: orders)
    try await workload.begin(database)
    let begun = ContinuousClock.now
    let end = begun + .seconds(seconds)
    let sorted = try await withThrowingTaskGroup(of: [Duration].self) { group in
        for caller in 0..<callers {
            group.addTask { try await workload.run(caller: caller, database, until: end) }
        }
        return try await group.reduce(into: []) { $0 += $1 }
    }.sorted()
    let spent = ContinuousClock.now - begun
    let rate = Double(sorted.count) / (spent / .seconds(1))
    print(
        "durable: \(callers) callers, \(orders) orders: \(Int(rate)) steps/s; latency p50 \(sorted[sorted.count / 2])",
        "p99 \(sorted[sorted.count * 99 / 100])")
    let verifying = ContinuousClock.now
    let report = try await LedgerVerifier.verify(database)
    print("verify: \(report.entries) entries in \(ContinuousClock.now - verifying), \(report.findingCount) findings")
    await database.close()
}

let numbers = CommandLine.arguments.dropFirst().compactMap(Int.init)
if CommandLine.arguments.dropFirst().first == "core" {
    try await core(steps: numbers.first ?? 100_000)
} else {
    try await durable(
        callers: numbers.first ?? 512, orders: numbers.dropFirst().first ?? 1_000,
        seconds: numbers.dropFirst(2).first ?? 10)
}
