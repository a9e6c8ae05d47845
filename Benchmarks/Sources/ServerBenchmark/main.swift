// The server's own latencies, on an exchange that costs nothing. `ServerBenchmark place|many`, one line of figures each;
// `ServerBenchmark soak [DAYS]`: a month of the whole runtime on a stepped clock, whose memory must stay flat.

import Exchanges
import Foundation
import Ledger
import Logging
import MarketMaking
import Persistence
import Scheduling
import TradingCore

guard let symbol = Symbol("BTC/USDT"), let binance = BinanceInstruments.instrument(symbol) else {
    fatalError("BTC/USDT is checked in")
}

func instrument(_ base: String) -> Instrument {
    Instrument(
        id: InstrumentID(
            exchange: ExchangeID(rawValue: "paper"),
            symbol: Symbol(base: AssetID(base), quote: AssetID("USDT"))), unit: binance.unit, rules: binance.rules)
}

func body(_ user: Int, _ base: String) -> String {
    """
    {"userId":"u\(user)","clientId":"c","pair":"\(base)/USDT","exchangeName":"paper","bidSpread":0.0002,\
    "askSpread":0.0002,"orderAmount":0.01,"orderRefreshTime":\(mode == "soak" ? 30000 : 3600000),"numberOfLayers":1,\
    "priceSourceType":"mid_price","amountChangePerLayer":0,"amountChangeType":"fixed","requoteMove":0.00001,\
    "baseFunds":1000,"quoteFunds":100000000}
    """
}

func quantile(_ values: [Int64], _ fraction: Double) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    return Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * fraction))]) / 1_000
}

let folder = FileManager.default.temporaryDirectory.appending(path: "server-benchmark-\(UUID().uuidString)").path
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(atPath: folder) }

let mode = CommandLine.arguments.dropFirst().first ?? "place"
let instrumentCount = mode == "many" ? 20 : 1
let sessionCount = mode == "many" ? 1_000 : mode == "soak" ? 10 : 1
let bases = (0..<instrumentCount).map { "A\($0)" }
let stepped = mode == "soak" ? SteppedTime(SystemTime().now()) : nil
let time: any TimeSource = stepped ?? SystemTime()
let exchange = InstantExchange(bases.map(instrument), time: time)
let database = try await Databases.open(url: nil, path: folder + "/bench.db")
_ = try await Migrator(LedgerMigrations.all + MarketMakingMigrations.all).migrate(database)
let registry = ScheduleRegistry()
let alarms = AlarmClock(time: time, registry: registry)
let supervisor = StrategySupervisor(
    RuntimeContext(
        database: database, time: time, alarms: alarms, registry: registry,
        logger: Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })), connectors: [exchange])
let tasks = [Task { await alarms.run() }, Task { await supervisor.run() }]
while await !supervisor.health().isReconciled { try await Task.sleep(for: .milliseconds(5)) }
for number in 0..<sessionCount {
    _ = try await supervisor.startPureMarketMaking(body(number, bases[number % instrumentCount]))
}

let symbolOfFirst = Symbol(base: AssetID(bases[0]), quote: AssetID("USDT"))
var mids = bases.map { _ in Int64(6_000_000) }
@MainActor func move(_ index: Int, by ticks: Int64) {
    mids[index] += ticks
    exchange.market(Symbol(base: AssetID(bases[index]), quote: AssetID("USDT")), mid: mids[index])
}
for index in mids.indices { move(index, by: 0) }
try await Task.sleep(for: .seconds(1))
_ = exchange.takeTimes()

if let stepped {
    try await Soak(exchange: exchange, supervisor: supervisor, time: stepped, symbol: symbolOfFirst).run(
        days: CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 30)
} else if mode == "place" {
    let bare = try await PlaceRun(exchange: exchange, symbol: symbolOfFirst, mid: mids[0], folder: folder).run(
        steps: 3_000)
    let times = exchange.takeTimes()
    print("disk: 12 KiB appended and synced, us: p50 \(quantile(bare.disk, 0.5)) p99 \(quantile(bare.disk, 0.99))")
    print("loop: \(BareLoop.nanoseconds / 1_000) us of nothing, us: p99 \(quantile(bare.loop, 0.99))")
    print(
        "requote: \(times.placed.count) orders; book update to stored intent and request bytes, us:",
        "p50 \(quantile(times.placed, 0.5)) p99 \(quantile(times.placed, 0.99))")
    print(
        "cancel: \(times.cancelled.count); book update to request bytes, us:",
        "p50 \(quantile(times.cancelled, 0.5)) p99 \(quantile(times.cancelled, 0.99))")
} else {
    // A random walk: every session is asked at every step, and quotes anew now and then.
    var random = SplitMix64(seed: 7)
    for step in 0..<2_000 {
        for index in stride(from: step % 4, to: instrumentCount, by: 4) {
            move(index, by: Int64(random.next() % 11) - 5)
        }
        try await Task.sleep(for: .milliseconds(5))
    }
    let health = await supervisor.health()
    let worst = health.executors.map { $0.decisions.quantile(0.99) }.max() ?? 0
    let median = health.executors.map { $0.decisions.quantile(0.5) }.sorted()[instrumentCount / 2]
    print(
        "many: \(sessionCount) sessions on \(instrumentCount) instruments, \(health.executors.reduce(0) { $0 + $1.decisions.count }) updates;",
        "update to finished decisions, us: p50 \(Double(median) / 1_000) worst p99 \(Double(worst) / 1_000);",
        "open orders \(exchange.openCount)")
}
for task in tasks { task.cancel() }
