// Durable writes a second, one small INSERT each, on both engines.
//   CommitBenchmark FOLDER [SECONDS]      and on PostgreSQL too where MRMARKET_TEST_POSTGRES holds a server's URL
import Foundation
import Persistence
import Synchronization

let arguments = CommandLine.arguments
let folder = arguments.count > 1 ? arguments[1] : NSTemporaryDirectory()
let seconds = arguments.count > 2 ? Double(arguments[2]) ?? 3 : 3

func measure(_ database: any SQLDatabase, _ engine: String, callers: Int) async throws {
    let table = "bench_\(callers)_\(UInt32.random(in: 0 ... .max))"
    _ = try await database.write {
        try $0.execute(
            "CREATE TABLE \(raw: table) (id INTEGER PRIMARY KEY, account TEXT NOT NULL, amount TEXT NOT NULL) STRICT")
    }
    let end = ContinuousClock.now + .seconds(seconds)
    let began = ContinuousClock.now
    let latencies = try await withThrowingTaskGroup(of: [Duration].self) { group in
        for caller in 0..<callers {
            group.addTask {
                var latencies: [Duration] = []
                while ContinuousClock.now < end {
                    let start = ContinuousClock.now
                    _ = try await database.write { transaction in
                        try transaction.execute(
                            "INSERT INTO \(raw: table) (account, amount) VALUES (\("account-\(caller)"), \("1.25"))")
                    }
                    latencies.append(ContinuousClock.now - start)
                }
                return latencies
            }
        }
        return try await group.reduce(into: []) { $0 += $1 }
    }
    let (whole, part) = (ContinuousClock.now - began).components
    let rate = Double(latencies.count) / (Double(whole) + Double(part) * 1e-18)
    let sorted = latencies.sorted()
    func milliseconds(_ quantile: Double) -> String {
        let (whole, part) = sorted[min(sorted.count - 1, Int(Double(sorted.count) * quantile))].components
        return String(format: "%.2f", Double(whole) * 1e3 + Double(part) * 1e-15)
    }
    print(
        #"{"engine": "\#(engine)", "callers": \#(callers), "durable_writes_per_second": \#(Int(rate)), "#
            + #""p50_ms": \#(milliseconds(0.5)), "p99_ms": \#(milliseconds(0.99))}"#)
}

var places = [("sqlite", DatabaseLocation.sqlite(path: folder + "/commit-benchmark-\(UUID().uuidString).db"))]
if let url = ProcessInfo.processInfo.environment["MRMARKET_TEST_POSTGRES"] {
    places.append(("postgres", try DatabaseLocation(url: url, path: "")))
}
for (engine, place) in places {
    let database = try await Databases.open(place)
    for callers in [1, 64, 1_000] { try await measure(database, engine, callers: callers) }
    await database.close()
}
