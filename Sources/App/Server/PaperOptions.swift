import ArgumentParser
import Execution
import MarketData
import Scheduling
import Simulators
import TradingCore

/// What the paper exchange's markets are made of.
struct PaperOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Seed of the generated market (the default, with seed 1).")
    var generate: UInt64?

    @Option(parsing: .upToNextOption, help: "Replay recordings instead of a generated market.")
    var feed: [String] = []

    @Option(help: "binance-raw or mme; told by the file's name where not given.")
    var format: FeedFormat?

    @Option(help: "The pair of the recordings.")
    var instrument: String?

    @Option(parsing: .unconditional, help: "How many times faster than it was a recording is replayed.")
    var speed = "1"

    @Option(help: "Trading rules of the recordings, a JSON file.")
    var rules: String?

    @Option(parsing: .unconditional, help: "How many generated instruments, 1 to 50.")
    var instruments = 1

    /// - Throws: ``BadInput`` where a market of another kind is asked for.
    func refuseAll(besides other: String) throws {
        for (option, isGiven) in [
            ("--generate", generate != nil), ("--feed", !feed.isEmpty), ("--speed", speed != "1"),
            ("--format", format != nil), ("--rules", rules != nil), ("--instruments", instruments != 1),
        ] where isGiven { throw BadInput("\(option): must be left out with \(other)") }
    }

    /// The accounts of the paper exchange, whatever market it has.
    private static let accounts = ["default", "account2"]

    /// The same by their names among all exchanges.
    static var accountNames: [String] { accounts.map { "\(PaperExchange.id)/\($0)" } }

    func configuration() throws -> PaperExchangeConfiguration {
        if !feed.isEmpty { return try recorded() }
        if speed != "1" {
            throw BadInput("--speed \(speed): must come with --feed; a generated market lives in the clock's time")
        }
        for (option, isGiven) in [
            ("--format", format != nil), ("--instrument", instrument != nil), ("--rules", rules != nil),
        ] where isGiven {
            throw BadInput("\(option): must come with --feed; the generated market has its own")
        }
        guard (1...50).contains(instruments) else { throw BadInput("--instruments \(instruments): must be 1 to 50") }
        let bases = ["BTC"] + (1..<max(1, instruments)).map { "COIN\($0)" }
        return .generated(
            seed: generate ?? 1, bases: Array(bases.prefix(instruments)), accounts: Self.accounts)
    }

    private func recorded() throws -> PaperExchangeConfiguration {
        if generate != nil { throw BadInput("--generate: must be left out with --feed") }
        guard case .times(let factor) = try SessionSpeed.parse(speed) else {
            throw BadInput("--speed max: must be a number, a server lives in the clock's time")
        }
        let format = format ?? FeedFormat(guessing: feed[0])
        let name = instrument ?? Feed.guessedPair(feed[0])
        let recorded = try Feed.instrument(name, paths: feed, format: format, rules: rules)
        let listed = PaperExchangeConfiguration.paper(recorded)
        let paths = feed
        // A wrong path is refused now, not when the market is opened.
        do { _ = try RecordedMarket(paths: paths, format: format, instrument: recorded) } catch {
            throw BadInput("\(error)")
        }
        return PaperExchangeConfiguration(
            listings: [
                .init(
                    instrument: listed,
                    source: .recorded(name: paths.joined(separator: " "), speed: factor) {
                        try RecordedMarket(paths: paths, format: format, instrument: recorded)
                    }, matching: .init(reportWindowNanoseconds: format.reportWindow))
            ],
            accounts: Self.accounts.map {
                .init(label: $0, funds: [listed.base: "10", listed.quote: "1000000"])
            })
    }
}
