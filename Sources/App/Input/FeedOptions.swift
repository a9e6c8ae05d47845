import ArgumentParser
import Exchanges
import Execution
import Foundation
import MarketData
import TradingCore

enum FeedFormat: String, ExpressibleByArgument, CaseIterable {
    case binanceRaw = "binance-raw"
    case mme

    /// Told by the name where it is not given.
    init(guessing path: String) {
        self = path.hasSuffix(".mme") || path.hasSuffix(".mme.gz") ? .mme : .binanceRaw
    }

    /// For how long a drop of a level and the trade that explains it may be apart.
    var reportWindow: Int64 {
        switch self {
        case .binanceRaw: 250 * Nanoseconds.perMillisecond
        case .mme: 0
        }
    }
}

enum QueueModelOption: String, ExpressibleByArgument, CaseIterable {
    case tradesOnly = "trades-only"
    case proportional
    case front

    var model: QueueModel {
        switch self {
        case .tradesOnly: .tradesOnly
        case .proportional: .proportional
        case .front: .front
        }
    }
}

/// A recorded market and the instrument it is of.
enum Feed {
    /// Opens files for reading.
    /// - Throws: ``BadInput`` in one line.
    static func instrument(
        _ name: String, paths: [String], format: FeedFormat, rules: String?
    ) throws -> Instrument {
        guard let symbol = Symbol(name) else {
            throw BadInput("--instrument \(name): must be BASE/QUOTE, such as BTC/USDT")
        }
        if let rules { return try RulesFile.instrument(symbol, path: rules) }
        switch format {
        case .mme:
            guard let first = paths.first else { throw BadInput("--feed: must name at least one file") }
            return try fromHeader(symbol, first)
        case .binanceRaw:
            guard let instrument = BinanceInstruments.instrument(symbol) else {
                throw BadInput(
                    "--instrument \(symbol): unknown; rules are checked in for "
                        + BinanceInstruments.symbols.joined(separator: ", ") + ", others come with --rules FILE")
            }
            return instrument
        }
    }

    /// A recording named like `binance-spot-btcusdt-20240808.gz` says its pair.
    static func guessedPair(_ path: String) -> String {
        let name = path.lowercased()
        let match = BinanceInstruments.symbols.first { symbol in
            name.contains(symbol.replacing("/", with: "").lowercased())
        }
        return match ?? BinanceInstruments.symbols[0]
    }

    private static func fromHeader(_ symbol: Symbol, _ path: String) throws -> Instrument {
        do {
            let unit = try MMERecording.header(path: path).unit
            return Instrument(
                id: InstrumentID(exchange: ExchangeID(rawValue: "paper"), symbol: symbol), unit: unit,
                rules: TradingRules(priceRounding: .tick(unit.price), lotSize: unit.quantity))
        } catch {
            throw BadInput("\(error)")
        }
    }
}

/// Either kind of recording.
enum RecordedMarket: MarketSource {
    case binance(BinanceRecording)
    case mme(MMERecording)

    init(paths: [String], format: FeedFormat, instrument: Instrument) throws(FeedError) {
        switch format {
        case .binanceRaw:
            self = .binance(
                try BinanceRecording(
                    paths: paths, symbol: BinanceInstruments.name(of: instrument.id.symbol), unit: instrument.unit))
        case .mme: self = .mme(try MMERecording(paths: paths, unit: instrument.unit))
        }
    }

    mutating func read(into records: inout [MarketRecord]) throws(FeedError) -> Bool {
        switch self {
        case .binance(let recording): try recording.read(into: &records)
        case .mme(let recording): try recording.read(into: &records)
        }
    }

    /// Files whose end a crash cut off.
    var cutFiles: [String] {
        switch self {
        case .binance(let recording): recording.cutFiles
        case .mme(let recording): recording.cutFiles
        }
    }

    var eventCount: Int {
        switch self {
        case .binance(let recording): recording.eventCount
        case .mme(let recording): recording.eventCount
        }
    }

    var progress: Double {
        switch self {
        case .binance(let recording): recording.progress
        case .mme(let recording): recording.progress
        }
    }
}
