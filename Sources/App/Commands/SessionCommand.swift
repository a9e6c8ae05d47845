import ArgumentParser
import Exchanges
import Execution
import Logging
import MarketData
import Scheduling
import ServiceLifecycle
import Simulators
import Strategies
import TradingCore
import UnixSignals

struct SessionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session", abstract: "Make a market on the paper exchange, live in the terminal.")

    @Option(parsing: .unconditional, help: "Seed of the generated market (the default, with seed 1).")
    var generate: UInt64?

    @Option(parsing: .upToNextOption, help: "Replay recordings instead of a generated market.")
    var feed: [String] = []

    @Option(help: "binance-raw or mme; told by the file's name where not given.")
    var format: FeedFormat?

    @Option(help: "The pair; told by the file's name where not given.")
    var instrument: String?

    @Option(parsing: .unconditional, help: "How many times faster than the clock, or max.")
    var speed = "1"

    @Option(help: "The strategy's parameters, a JSON file.")
    var parameters: String?

    @Option(help: "Starting balances; by default 10 of base and a million of quote.")
    var balance: String?

    @Option(help: "Trading rules, a JSON file.")
    var rules: String?

    @Option(parsing: .unconditional, help: "Milliseconds from us to the exchange.")
    var orderLatencyMs = "5"

    @Option(parsing: .unconditional, help: "Milliseconds from the exchange's answer to us.")
    var answerLatencyMs = "5"

    func run() async throws {
        let speed = try SessionSpeed.parse(speed)
        try checkOptions()
        if feed.isEmpty {
            let seed = generate ?? 1
            try await run({ GeneratedMarket(seed: seed) }, try plan(GeneratedMarket.instrument, reportWindow: 0), speed)
        } else {
            let format = format ?? FeedFormat(guessing: feed[0])
            let name = self.instrument ?? Feed.guessedPair(feed[0])
            let instrument = try Feed.instrument(name, paths: feed, format: format, rules: rules)
            let paths = feed
            let plan = try plan(instrument, reportWindow: format.reportWindow)
            do {
                try await run(
                    { try RecordedMarket(paths: paths, format: format, instrument: instrument) }, plan, speed)
            } catch let error as FeedError {
                throw BadInput("\(error)")
            }
        }
    }

    /// An option that would do nothing is refused, not passed over.
    private func checkOptions() throws {
        if feed.isEmpty {
            for (option, isGiven) in [
                ("--format", format != nil), ("--instrument", instrument != nil), ("--rules", rules != nil),
            ] where isGiven {
                throw BadInput("\(option): must come with --feed; the generated market has its own")
            }
        } else if generate != nil {
            throw BadInput("--generate: must be left out with --feed")
        }
    }

    private func plan(_ instrument: Instrument, reportWindow: Int64) throws -> BacktestPlan {
        let funds = try BalanceList.parse(balance ?? "\(instrument.base)=10,\(instrument.quote)=1000000", instrument)
        let choice: StrategyChoice =
            if let parameters {
                try StrategyChoice.read("pure-market-making", path: parameters, instrument)
            } else {
                try StrategyChoice.read(SessionCommand.defaultParameters, from: "default parameters", instrument)
            }
        return BacktestPlan(
            instrument: instrument, base: funds.base, quote: funds.quote, strategy: choice.strategy,
            latencies: Latencies(
                feed: 0, order: try Milliseconds.parse("order-latency-ms", orderLatencyMs),
                answer: try Milliseconds.parse("answer-latency-ms", answerLatencyMs)),
            matching: MatchingConfiguration(reportWindowNanoseconds: reportWindow), limits: choice.limits,
            tolerance: choice.tolerance, budget: choice.budget)
    }

    private func run<Market: MarketSource>(
        _ open: @escaping @Sendable () throws -> Market, _ plan: BacktestPlan, _ speed: SessionSpeed
    ) async throws {
        var logger = Logger(label: "mrmarket", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .error
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: SessionService(open: open, plan: plan, speed: speed),
                        successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup)
                ], gracefulShutdownSignals: [.sigint, .sigterm], logger: logger))
        try await group.run()
    }

    /// Quotes a few basis points around the mid, leaning against inventory.
    private static let defaultParameters = ParameterDocument([
        ("bidSpread", .string("0.0001")), ("askSpread", .string("0.0001")), ("orderAmount", .string("0.01")),
        ("orderRefreshTime", .number("1000")), ("numberOfLayers", .number("2")),
        ("priceSourceType", .string("mid_price")), ("amountChangePerLayer", .number("0")),
        ("amountChangeType", .string("fixed")), ("refreshTolerance", .string("0.00002")),
        ("requoteMove", .string("0.00005")), ("maximumPosition", .string("0.5")),
    ])
}

enum SessionSpeed {
    case times(Double)
    case maximum

    static func parse(_ text: String) throws -> SessionSpeed {
        if text == "max" { return .maximum }
        guard let factor = FixedDecimal(text), factor >= "0.001", factor <= "1000000" else {
            throw BadInput("--speed \(text): must be 0.001 to 1000000, or max")
        }
        return .times(factor.approximateDouble)
    }
}

/// Runs a session until its feed ends or the process is told to stop.
struct SessionService<Market: MarketSource>: Service {
    let open: @Sendable () throws -> Market
    let plan: BacktestPlan
    let speed: SessionSpeed

    func run() async throws {
        var session = try PaperSession(
            plan, on: try open(), speed: pace, time: SystemTime(),
            statusInterval: (Terminal.isInteractive ? 250 : 5_000) * Nanoseconds.perMillisecond)
        let result = try await session.run(shouldStop: { Task.isShuttingDownGracefully }) { simulation, events in
            let line = StatusLine.text(simulation, events: events)
            if Terminal.isInteractive { Terminal.status(line) } else { Terminal.error(line) }
        }
        if Terminal.isInteractive { Terminal.error("") }
        guard result.isClean else { throw BadInput("stopped, but the exchange did not confirm that no order is open") }
        Terminal.error(
            result.ending == .stopped
                ? "Stopped. Own orders cancelled, none open." : "End of the feed. Own orders cancelled, none open.")
    }

    private var pace: PaperSession<Market>.Speed {
        switch speed {
        case .times(let factor): .times(factor)
        case .maximum: .maximum
        }
    }
}
