import Execution
import Foundation
import MarketData
import Strategies
import TradingCore

/// The engine on an `.mme` file, as `../shared/peers/bench_hftbacktest.py` runs its peer: data in memory, from the first
/// record to the last, CPU seconds of this process.
///
///     EngineBenchmark FILE.mme replay|mm|mm-whole [RUNS]
let arguments = CommandLine.arguments
guard arguments.count >= 3 else {
    print("usage: EngineBenchmark FILE.mme replay|mm|mm-whole [RUNS]")
    exit(64)
}
let runs = arguments.count > 3 ? Int(arguments[3]) ?? 5 : 5

func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func load(_ path: String) throws -> (records: [MarketRecord], instrument: Instrument) {
    let unit = try MMERecording.header(path: path).unit
    let market = try MMERecording(paths: [path], unit: unit)
    var records: [MarketRecord] = []
    while try market.read(into: &records) {}
    let symbol = Symbol(base: AssetID("BTC"), quote: AssetID("USDT"))
    let instrument = Instrument(
        id: InstrumentID(exchange: ExchangeID(rawValue: "paper"), symbol: symbol), unit: unit,
        rules: TradingRules(priceRounding: .tick(unit.price), lotSize: unit.quantity))
    return (records, instrument)
}

func simulation(_ instrument: Instrument, _ mode: String, _ start: Timestamp) throws -> TradingSimulation {
    var balances = PaperBalances(assets: [instrument.base, instrument.quote])
    let account = balances.openAccount()
    if let base = balances.index(of: instrument.base), let quote = balances.index(of: instrument.quote) {
        try balances.deposit("100", base, to: account)
        try balances.deposit("10000000", quote, to: account)
    }
    let millisecond = Nanoseconds.perMillisecond
    var simulation = try TradingSimulation(
        instrument: instrument, balances: balances, account: account,
        latencies: Latencies(feed: 0, order: millisecond, answer: millisecond),
        matching: MatchingConfiguration(fillModel: mode == "mm-whole" ? .whole : .recordedVolume))
    guard mode != "replay" else { return simulation }
    var limits = RiskLimits()
    limits.maximumPosition = "0.2"
    // The peer lets both sides of a quick move rest at once.
    limits.preventsOwnCross = mode != "mm-whole"
    let size = try FixedDecimal("0.01").count(of: instrument.unit.quantity, rounding: .down)
    simulation.add(
        SessionConfiguration(
            installation: .first, session: .first, base: "100", quote: "10000000", limits: limits,
            tolerance: QuoteTolerance(overlapsReplacement: true)),
        strategy: MM2(size: size, start: start.nanoseconds))
    return simulation
}

let (records, instrument) = try load(arguments[1])
var best = Double.infinity
var line = ""
for _ in 0..<runs {
    var run = try simulation(instrument, arguments[2], records[0].time)
    let start = cpuSeconds()
    run.apply(records)
    run.run(until: records[records.count - 1].time.advanced(byNanoseconds: 3 * Nanoseconds.perMillisecond))
    let seconds = cpuSeconds() - start
    best = min(best, seconds)
    let top = (run.exchange.book.bids.bestTicks, run.exchange.book.asks.bestTicks)
    if let session = run.engine.sessions.first {
        line =
            "\"orders\":\(session.orderCount),\"cancels\":\(session.cancelCount),\"fills\":\(session.account.fillCount),"
            + "\"positionLots\":\(session.account.position.lots),\"refusals\":\"\(session.refusals)\","
    }
    line += "\"top\":[\(top.0),\(run.exchange.book.bids.lots(at: top.0)),\(top.1),\(run.exchange.book.asks.lots(at: top.1))]"
    print(
        "{\"engine\":\"mrmarket\",\"mode\":\"\(arguments[2])\",\"events\":\(records.count),\"cpu_s\":\(seconds),"
            + "\"ns_per_event\":\(seconds / Double(records.count) * 1e9),\(line)}")
    line = ""
}
print("{\"best_cpu_s\":\(best)}")
