import ArgumentParser
import Exchanges
import Logging
import MarketData
import Scheduling
import ServiceLifecycle
import TradingCore
import UnixSignals

struct RecordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Record a market's public streams, to be backtested on.",
        discussion: """
            Books, trades and (Binance) best prices go into FILE as gzip: binance-raw for Binance, mme for the others; \
            FILE.rules.json holds the market's trading rules for `backtest --rules`. What came is on the disk within a \
            second, and stays readable whatever kills the process. Lost connections and holes are marked and healed with \
            a new book. A full file is moved aside, named after when it was begun, and so is what an earlier run left. \
            Ctrl-C ends it.
            """)

    @Option(help: "\(RecordableExchange.names).")
    var exchange: String

    @Option(help: "The pair, such as BTC/USDT.")
    var instrument: String

    @Option(help: "The file, such as btc.gz (Binance) or btc.mme.gz (others).")
    var out: String

    @Option(parsing: .unconditional, help: "Megabytes after which a new file is begun, 0.001 to 100000.")
    var rotateMb = "1000"

    @Option(parsing: .unconditional, help: "Minutes after which a new file is begun, 1 to 44640; by default a day.")
    var rotateMinutes = "1440"

    @Option(parsing: .unconditional, help: "Seconds after which it ends by itself; by default never.")
    var seconds: String?

    @Option(
        parsing: .unconditional,
        help: "Seconds between two lines on how it goes, where there is no terminal, 1 to 86400; 60 by default.")
    var progressSeconds = "60"

    @Option(help: "mme: the price step to count in; by default the market's own.")
    var tick: String?

    @Option(help: "Where the REST interface is instead, such as http://127.0.0.1:8080; paths stay.")
    var restURL: String?

    @Option(help: "Where the streams are instead, such as ws://127.0.0.1:8080.")
    var streamURL: String?

    func run() async throws {
        let plan = try plan()
        let time = SystemTime()
        let recording = try await MarketRecording.open(plan, time: time)
        Terminal.error(recording.greeting)
        var logger = Logger(label: "mrmarket", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .critical
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: recording, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup)
                ], gracefulShutdownSignals: [.sigint, .sigterm], logger: logger))
        do { try await group.run() } catch {
            await recording.close()
            throw BadInput("\(error)")
        }
        await recording.close()
        Terminal.clearStatus()
        Terminal.error(recording.farewell)
    }

    private func plan() throws -> RecordingPlan {
        guard let kind = RecordableExchange(rawValue: exchange.lowercased()) else {
            throw BadInput("--exchange \(exchange): must be \(RecordableExchange.names)")
        }
        guard let symbol = Symbol(instrument) else {
            throw BadInput("--instrument \(instrument): must be BASE/QUOTE, such as BTC/USDT")
        }
        let step = try tick.map { text in
            guard kind != .binance else {
                throw BadInput("--tick: must be left out for binance, its frames are kept as they are")
            }
            guard let step = FixedDecimal(text), step.isPositive else {
                throw BadInput("--tick \(text): must be a number above 0")
            }
            return step
        }
        return RecordingPlan(
            exchange: kind, symbol: symbol, path: out, tick: step,
            hosts: try (
                HostOption.address("rest-url", restURL, ["http://", "https://"]),
                HostOption.address("stream-url", streamURL, ["ws://", "wss://"])
            ),
            mostBytes: try bytes(rotateMb),
            longest: Int64(try Self.whole("rotate-minutes", rotateMinutes, 1...44_640)) * 60 * Nanoseconds.perSecond,
            progress: Int64(try Self.whole("progress-seconds", progressSeconds, 1...86_400)) * Nanoseconds.perSecond,
            duration: try seconds.map { Int64(try Self.whole("seconds", $0, 1...31_536_000)) * Nanoseconds.perSecond })
    }

    private func bytes(_ megabytes: String) throws -> Int {
        guard let value = FixedDecimal(megabytes), value >= "0.001", value <= "100000",
            let bytes = try? value.multiplied(by: 1_000_000).count(of: .one, rounding: .down)
        else { throw BadInput("--rotate-mb \(megabytes): must be 0.001 to 100000 (megabytes)") }
        return Int(bytes)
    }

    private static func whole(_ option: String, _ text: String, _ range: ClosedRange<Int>) throws -> Int {
        guard let value = Int(text), range.contains(value) else {
            throw BadInput(
                "--\(option) \(text): must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}

/// What is recorded, and where to.
struct RecordingPlan: Sendable {
    var exchange: RecordableExchange
    var symbol: Symbol
    var path: String
    var tick: FixedDecimal?
    var hosts: (rest: String?, streams: String?)
    /// Of a file.
    var mostBytes: Int
    /// Nanoseconds that a file spans.
    var longest: Int64
    /// Nanoseconds between two lines on how it goes.
    var progress: Int64
    /// Nanoseconds after which it ends; nil: never.
    var duration: Int64?
}
