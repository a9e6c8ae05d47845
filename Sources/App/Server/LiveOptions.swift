import ArgumentParser
import Exchanges
import Foundation
import Logging
import Networking
import Scheduling
import TradingCore

/// A real exchange's market as what the paper exchange trades with.
struct LiveOptions: ParsableArguments {
    @Option(help: "Take the market of a real exchange as it comes: \(RecordableExchange.names).")
    var live: String?

    @Option(help: "Where that exchange's REST interface is instead, such as http://127.0.0.1:8080; paths stay.")
    var restURL: String?

    @Option(help: "Where its streams are instead, such as ws://127.0.0.1:8080.")
    var streamURL: String?

    @Option(
        parsing: .unconditional,
        help: "Seconds without a word after which nothing is traded on what was told before, 1 to 600; 30 by default.")
    var silence: String?

    /// - Throws: ``BadInput`` where one of these options comes with one that it does not go with.
    func refuse(besides other: String) throws {
        if live != nil { throw BadInput("--live: must come with --port, not with \(other)") }
        try refuseAlone()
    }

    private func refuseAlone() throws {
        for (option, isGiven) in [
            ("--rest-url", restURL != nil), ("--stream-url", streamURL != nil), ("--silence", silence != nil),
        ] where isGiven { throw BadInput("\(option): must come with --live") }
    }

    /// Asks the exchange for its markets; nothing is heard yet.
    /// - Returns: nil where no live market is wanted.
    func open(_ paper: PaperOptions, time: any TimeSource, logger: Logger) async throws -> LiveSource? {
        guard let live else {
            try refuseAlone()
            return nil
        }
        guard let kind = RecordableExchange(rawValue: live.lowercased()) else {
            throw BadInput("--live \(live): must be one of \(RecordableExchange.names)")
        }
        try paper.refuseAll(besides: "--live")
        let symbols = try Self.symbols(paper.instrument)
        let hosts = try (
            HostOption.address("rest-url", restURL, ["http://", "https://"]),
            HostOption.address("stream-url", streamURL, ["ws://", "wss://"])
        )
        let patience = try seconds()
        var pace = ConnectorPace()
        // Quiet books are asked after in time to be found alive.
        pace.silence = min(pace.silence, patience * 1_000 / 3)
        pace.question = min(pace.question, patience * 1_000 / 3)
        return try await LiveSource.open(
            kind, symbols, hosts, pace: pace, patience: patience, time: time, logger: logger)
    }

    private func seconds() throws -> Int64 {
        guard let silence else { return 30 }
        guard let value = Int64(silence), (1...600).contains(value) else {
            throw BadInput("--silence \(silence): must be a whole number from 1 to 600 (seconds)")
        }
        return value
    }

    private static func symbols(_ text: String?) throws -> [Symbol] {
        var symbols: [Symbol] = []
        for name in (text ?? "BTC/USDT").split(separator: ",", omittingEmptySubsequences: false) {
            guard let symbol = Symbol(String(name)) else {
                throw BadInput("--instrument \(name): must be BASE/QUOTE, such as BTC/USDT; several with commas")
            }
            if symbols.contains(symbol) { throw BadInput("--instrument \(name): must be given once") }
            symbols.append(symbol)
        }
        return symbols
    }
}

/// Another host for an exchange's interfaces.
enum HostOption {
    static func address(_ option: String, _ text: String?, _ schemes: [String]) throws -> String? {
        guard let text else { return nil }
        guard let url = URL(string: text), url.host() != nil, schemes.contains(where: text.hasPrefix) else {
            throw BadInput("--\(option) \(text): must begin with \(schemes.joined(separator: " or ")) and name a host")
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}
