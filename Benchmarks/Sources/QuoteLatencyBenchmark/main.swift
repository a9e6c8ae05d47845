import Exchanges
import Execution
import Foundation
import MarketData
import Strategies
import TradingCore

/// From a changed book to finished order requests: pure market making that restates its quotes whenever the mid moves,
/// through quote diff, risk gate and order tracker. The answers of the exchange are simulated outside the clock.
///
///     QuoteLatencyBenchmark RECORDING.gz BTC/USDT
let arguments = CommandLine.arguments
guard arguments.count == 3, let symbol = Symbol(arguments[2]), let instrument = BinanceInstruments.instrument(symbol)
else {
    print("usage: QuoteLatencyBenchmark RECORDING.gz SYMBOL")
    exit(64)
}

func strategy() throws -> (PureMarketMaking, QuoteTolerance) {
    var reader = ParameterReader(
        ParameterDocument([
            ("bidSpread", .string("0.0001")), ("askSpread", .string("0.0001")), ("orderAmount", .string("0.01")),
            ("orderRefreshTime", .number("60000")), ("numberOfLayers", .number("2")),
            ("priceSourceType", .string("mid_price")), ("requoteMove", .string("0.000000000001")),
            ("overlapReplacement", .bool(true)),
        ]))
    guard let parameters = PureMarketMakingParameters.read(&reader) else { throw ParameterErrors(reader.errors) }
    return (try PureMarketMaking(parameters, instrument: instrument), parameters.tolerance)
}

let market = try BinanceRecording(
    paths: [arguments[1]], symbol: BinanceInstruments.name(of: symbol), unit: instrument.unit)
var records: [MarketRecord] = []
while try market.read(into: &records) {}

let (maker, tolerance) = try strategy()
var engine = try ExecutionEngine(instrument: instrument, bookShowsOwnOrders: false)
var book = OrderBook()
var limits = RiskLimits()
limits.preventsOwnCross = true
engine.add(
    SessionConfiguration(
        installation: .first, session: .first, base: "10", quote: "1000000", limits: limits, tolerance: tolerance),
    strategy: maker, now: records[0].time)

var nanoseconds: [Int64] = []
var trusted = false
for record in records {
    book.apply(record)
    guard record.isLast else { continue }
    if record.kind == .snapshot || (record.kind == .top && !trusted) { trusted = true }
    if trusted, !engine.health.marketIsTrusted { engine.marketRecovered(now: record.time) }
    let start = DispatchTime.now().uptimeNanoseconds
    engine.marketChanged(book, now: record.time)
    if engine.nextWake <= record.time { engine.wake(book, now: record.time) }
    let end = DispatchTime.now().uptimeNanoseconds
    if engine.actions.contains(where: { if case .place = $0 { true } else { false } }) {
        nanoseconds.append(Int64(end - start))
    }
    let actions = engine.actions
    engine.actions.removeAll(keepingCapacity: true)
    for action in actions {
        switch action {
        case .place(let approved): engine.handle(.accepted(approved.value.id), book, now: record.time)
        case .cancel(let id): engine.handle(.cancelled(id), book, now: record.time)
        case .query, .listOpenOrders, .alert: break
        }
    }
}
nanoseconds.sort()
let quantiles = [0.5, 0.9, 0.99, 1].map { share in
    nanoseconds[min(nanoseconds.count - 1, Int(Double(nanoseconds.count) * share))]
}
print(
    "{\"benchmark\":\"book update to order requests\",\"decisions\":\(nanoseconds.count),\"p50_ns\":\(quantiles[0]),"
        + "\"p90_ns\":\(quantiles[1]),\"p99_ns\":\(quantiles[2]),\"max_ns\":\(quantiles[3])}")
