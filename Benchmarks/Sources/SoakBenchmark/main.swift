import Execution
import Foundation
import MarketData
import Simulators
import Strategies
import TradingCore

/// A session on the generated market for a simulated month at a high order rate: its memory must stay flat.
///
///     SoakBenchmark [DAYS]
let days = CommandLine.arguments.count > 1 ? Int64(CommandLine.arguments[1]) ?? 30 : 30

func residentKilobytes() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS") }
    return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
}

var reader = ParameterReader(
    ParameterDocument([
        ("bidSpread", .string("0.00002")), ("askSpread", .string("0.00002")), ("orderAmount", .string("0.001")),
        ("orderRefreshTime", .number("1000")), ("numberOfLayers", .number("3")),
        ("priceSourceType", .string("mid_price")), ("requoteMove", .string("0.00002")),
        ("overlapReplacement", .bool(true)), ("maximumPosition", .string("0.5")),
    ]))
let instrument = GeneratedMarket.instrument
guard let parameters = PureMarketMakingParameters.read(&reader) else { throw ParameterErrors(reader.errors) }
let plan = BacktestPlan(
    instrument: instrument, base: "10", quote: "1000000",
    strategy: try PureMarketMaking(parameters, instrument: instrument),
    latencies: Latencies(feed: 0, order: 2_000_000, answer: 2_000_000), tolerance: parameters.tolerance)
var simulation = try plan.simulation()
var market = GeneratedMarket(seed: 1)
var records: [MarketRecord] = []
var start: Timestamp?
var nextReport = Timestamp.distantPast
var first = 0
while market.read(into: &records) {
    simulation.apply(records)
    let now = records[records.count - 1].time
    records.removeAll(keepingCapacity: true)
    let begin = start ?? now
    start = begin
    if now >= nextReport {
        nextReport = now.advanced(byNanoseconds: Nanoseconds.perDay)
        let session = simulation.engine.sessions[0]
        let memory = residentKilobytes()
        if first == 0, now > begin { first = memory }
        print(
            "{\"day\":\(now.nanoseconds(since: begin) / Nanoseconds.perDay),\"rss_kb\":\(memory),"
                + "\"orders\":\(session.orderCount),\"fills\":\(session.account.fillCount),\"records\":\(market.eventCount)}"
        )
        fflush(nil)
    }
    if now.nanoseconds(since: begin) >= days * Nanoseconds.perDay { break }
}
let growth = residentKilobytes() - first
print("{\"growth_kb_since_day_1\":\(growth),\"flat\":\(growth < 4_096)}")
exit(growth < 4_096 ? 0 : 1)
