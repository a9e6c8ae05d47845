import Exchanges
import Execution
import MarketData
import Scheduling
import Simulators
import Strategies
import TestSupport
import Testing
import TradingCore

@Suite("A recording through a backtest and through a running session")
struct SameOrdersTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var file: String
        var symbol: String
        var amount: String
        var spread: String
        var testDescription: String { symbol }
    }

    private static let cases = [
        Case(file: "binance-spot-btcusdt-20240808.gz", symbol: "BTC/USDT", amount: "0.01", spread: "0.00005"),
        Case(file: "binance-spot-ethusdt-20240808.gz", symbol: "ETH/USDT", amount: "0.05", spread: "0.00005"),
        Case(file: "binance-spot-nexousdt-20240723.gz", symbol: "NEXO/USDT", amount: "50", spread: "0.0008"),
    ]

    @Test(
        "gives the same orders and the same fills", .enabled(if: SharedFixtures.exist, "\(SharedFixtures.absence)"),
        arguments: SameOrdersTests.cases)
    func same(recording: Case) async throws {
        let path = try #require(SharedFixtures.recording(recording.file))
        let symbol = try #require(Symbol(recording.symbol))
        let instrument = try #require(BinanceInstruments.instrument(symbol))
        let plan = try self.plan(instrument, recording)
        func open() throws -> BinanceRecording {
            try BinanceRecording(paths: [path], symbol: BinanceInstruments.name(of: symbol), unit: instrument.unit)
        }
        var market = try open()
        let simulation = try BacktestRunner.run(plan, on: &market, keepsLog: true)
        let backtest = simulation.log
        let fills = backtest.filter { if case .filled = $0 { true } else { false } }
        #expect(fills.count > 20)
        for speed in [PaperSession<BinanceRecording>.Speed.maximum, .times(37)] {
            var session = try PaperSession(plan, on: try open(), speed: speed, time: ManualTime(), keepsLog: true)
            let result = try await session.run(shouldStop: { false }) { _, _ in }
            #expect(result.isClean && result.ending == .endOfFeed)
            // The session cancels what rests when the recording ends; up to there the two are one.
            #expect(Array(session.log.prefix(backtest.count)) == backtest)
            #expect(
                session.log.dropFirst(backtest.count).allSatisfy { if case .cancelled = $0 { true } else { false } })
        }
    }

    private func plan(_ instrument: Instrument, _ recording: Case) throws -> BacktestPlan {
        var reader = ParameterReader(
            ParameterDocument([
                ("bidSpread", .string(recording.spread)), ("askSpread", .string(recording.spread)),
                ("orderAmount", .string(recording.amount)), ("orderRefreshTime", .number("1000")),
                ("numberOfLayers", .number("2")), ("priceSourceType", .string("mid_price")),
                ("requoteMove", .string("0.0001")),
            ]))
        let parameters = try #require(PureMarketMakingParameters.read(&reader))
        return BacktestPlan(
            instrument: instrument, base: "10000", quote: "1000000",
            strategy: try PureMarketMaking(parameters, instrument: instrument),
            latencies: Latencies(feed: 1_000_000, order: 5_000_000, answer: 2_000_000),
            matching: MatchingConfiguration(reportWindowNanoseconds: 250 * Nanoseconds.perMillisecond),
            tolerance: parameters.tolerance)
    }
}
