import ArgumentParser
import Execution
import Foundation
import MarketData
import Simulators
import TradingCore

struct BacktestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backtest", abstract: "Run a strategy over recorded markets as fast as the machine allows.")

    @Option(parsing: .upToNextOption, help: "Recordings, plain or .gz; the book continues from one to the next.")
    var feed: [String]

    @Option(help: "binance-raw or mme; told by the file's name where not given.")
    var format: FeedFormat?

    @Option(help: "The pair, such as BTC/USDT.")
    var instrument: String

    @Option(help: "pure-market-making")
    var strategy = "pure-market-making"

    @Option(help: "The strategy's parameters, a JSON file.")
    var parameters: String

    @Option(help: "Starting balances, such as BTC=10,USDT=1000000.")
    var balance: String

    @Option(help: "Trading rules, a JSON file; see docs/backtest.md.")
    var rules: String?

    @Option(parsing: .unconditional, help: "Milliseconds from the exchange's book to ours.")
    var feedLatencyMs = "0"

    @Option(parsing: .unconditional, help: "Milliseconds from us to the exchange.")
    var orderLatencyMs = "0"

    @Option(parsing: .unconditional, help: "Milliseconds from the exchange's answer to us.")
    var answerLatencyMs = "0"

    @Option(help: "How our orders advance in the queue: trades-only, proportional or front.")
    var queueModel = QueueModelOption.tradesOnly

    @Option(parsing: .unconditional, help: "Maker fee in basis points; negative is a rebate.")
    var makerFeeBps = "0"

    @Option(parsing: .unconditional, help: "Taker fee in basis points.")
    var takerFeeBps = "0"

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(help: "Write one self-contained page with pictures.")
    var report: String?

    func run() throws {
        let format = format ?? FeedFormat(guessing: feed[0])
        let known = try Feed.instrument(instrument, paths: feed, format: format, rules: rules)
        let instrument = known.with(fees: try Fees.schedule(maker: makerFeeBps, taker: takerFeeBps))
        let funds = try BalanceList.parse(balance, instrument)
        let choice = try StrategyChoice.read(strategy, path: parameters, instrument)
        let plan = BacktestPlan(
            instrument: instrument, base: funds.base, quote: funds.quote, strategy: choice.strategy,
            latencies: try latencies(),
            matching: MatchingConfiguration(queueModel: queueModel.model, reportWindowNanoseconds: format.reportWindow),
            limits: choice.limits, tolerance: choice.tolerance, budget: choice.budget)
        do { try run(plan, choice, format) } catch let error as FeedError {
            throw BadInput("\(error)")
        } catch let error as InstrumentError {
            throw BadInput("\(error)")
        }
    }

    private func run(_ plan: BacktestPlan, _ choice: StrategyChoice, _ format: FeedFormat) throws {
        var market = try RecordedMarket(paths: feed, format: format, instrument: plan.instrument)
        var bar = ProgressBar()
        defer { bar.clear() }
        let clock = ContinuousClock()
        let start = clock.now
        let simulation = try BacktestRunner.run(plan, on: &market) { bar.show($0) }
        let seconds = (start.duration(to: clock.now)) / .seconds(1)
        bar.clear()
        let summary = BacktestSummary(simulation, events: market.eventCount)
        let rate = seconds > 0 ? Double(summary.events) / seconds : 0
        let facts = SummaryText.facts(summary, plan.instrument)
        if let report {
            try write(simulation, SummaryText.headline(summary, plan.instrument), choice, plan, to: report)
        }
        for path in market.cutFiles {
            Terminal.error("mrmarket: \(path): its end was cut off; it was read up to there")
        }
        if summary.orders == 0 { Terminal.error("mrmarket: no order was placed: \(SummaryText.whyNothing(summary))") }
        print(
            json
                ? SummaryJSON.text(summary, eventsPerSecond: rate)
                : SummaryText.text(facts) + "\n\(Int(rate)) events a second")
    }

    /// Whole or not at all: the page appears under its name only when it is complete.
    private func write(
        _ simulation: borrowing TradingSimulation, _ facts: [(label: String, value: String)], _ choice: StrategyChoice,
        _ plan: BacktestPlan, to path: String
    ) throws {
        guard let curve = simulation.recorder?.curve else { return }
        let page = BacktestReport.html(
            title: "\(plan.instrument.id.symbol) · \(strategy)", facts: facts, parameters: choice.given, curve: curve,
            unit: plan.instrument.unit, startBase: plan.base, startQuote: plan.quote,
            baseName: plan.instrument.base.rawValue,
            quoteName: plan.instrument.quote.rawValue)
        do { try Data(page.utf8).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
            throw BadInput("--report \(path): must be a file that can be written")
        }
    }

    private func latencies() throws -> Latencies {
        Latencies(
            feed: try Milliseconds.parse("feed-latency-ms", feedLatencyMs),
            order: try Milliseconds.parse("order-latency-ms", orderLatencyMs),
            answer: try Milliseconds.parse("answer-latency-ms", answerLatencyMs))
    }
}

enum Milliseconds {
    /// - Returns: nanoseconds.
    static func parse(_ option: String, _ text: String) throws -> Int64 {
        guard let value = FixedDecimal(text), value >= "0", value <= "3600000",
            let count = try? value.multiplied(by: Nanoseconds.perMillisecond).count(of: .one, rounding: .halfUp)
        else { throw BadInput("--\(option) \(text): must be 0 to 3600000 (milliseconds)") }
        return count
    }
}

enum Fees {
    /// Fees from basis points as text.
    static func schedule(maker: String, taker: String) throws -> FeeSchedule {
        func fraction(_ option: String, _ text: String) throws -> FixedDecimal {
            guard let points = FixedDecimal(text), points >= "-1000", points <= "1000",
                let fraction = try? BasisPoints(points).fraction(rounding: .halfEven)
            else { throw BadInput("--\(option) \(text): must be -1000 to 1000 (basis points)") }
            return fraction
        }
        do {
            return try FeeSchedule(
                maker: try fraction("maker-fee-bps", maker), taker: try fraction("taker-fee-bps", taker))
        } catch let error as InstrumentError {
            throw BadInput("\(error)")
        }
    }
}
