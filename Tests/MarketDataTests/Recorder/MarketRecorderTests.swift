import Exchanges
import Foundation
import TestSupport
import Testing
import TradingCore

@testable import MarketData

/// What a recorder writes is what a backtest reads.
@Suite struct MarketRecorderTests {
    private static let symbol = Symbol(base: AssetID("BTC"), quote: AssetID("USDT"))
    private let unit: BookUnit
    private static let market = ExchangeMarket(
        id: "BTCUSDT", symbol: symbol, baseID: "BTC", quoteID: "USDT",
        rounding: OrderRounding(amount: .step("0.0001"), price: .tick("0.01")))

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        unit = try BookUnit(price: "0.01", quantity: "0.00000001")
    }

    private static func time(_ second: Int64) -> Timestamp {
        Timestamp(nanoseconds: (1_790_000_000 + second) * 1_000_000_000)
    }

    private func level(_ price: FixedDecimal, _ amount: FixedDecimal) -> PriceLevel {
        PriceLevel(price: price, amount: amount)
    }

    private var book: ExchangeBook {
        ExchangeBook(
            symbol: Self.symbol, bids: [level("99.5", "1"), level("99.4", "2")], asks: [level("100.01", "3")],
            sequence: 7)
    }

    private func change(_ bids: [PriceLevel], _ asks: [PriceLevel] = []) -> StreamEvent {
        .bookChange(BookChange(symbol: Self.symbol, bids: bids, asks: asks))
    }

    private func trade(_ price: FixedDecimal, _ amount: FixedDecimal) -> StreamEvent {
        .trade(ExchangeTrade(id: "1", symbol: Self.symbol, side: .sell, price: price, amount: amount))
    }

    private func read(_ paths: [String], unit: BookUnit) throws -> (records: [MarketRecord], cut: [String]) {
        let recording = try MMERecording(paths: paths, unit: unit)
        var records: [MarketRecord] = []
        while try recording.read(into: &records) {}
        return (records, recording.cutFiles)
    }

    private func texts(_ records: [MarketRecord]) -> [String] {
        records.map { "\($0.kind) \($0.side) \($0.price.ticks) \($0.quantity.lots)\($0.isLast ? "." : "")" }
    }

    @Test func `mme: book, changes, trades and gaps are read back, each file by itself`() throws {
        let recorder = MarketRecorder(.mme(Self.market, tick: nil), Self.symbol)
        let path = folder.path + "/btc.mme.gz"
        let file = try RecordingFile(path: path, at: Self.time(0))
        // Before the first book nothing has a place.
        recorder.event(trade("99.5", "1"), at: Self.time(1))
        recorder.event(.book(book), at: Self.time(2))
        recorder.event(change([level("99.5", "0"), level("99.4", "2")]), at: Self.time(3))
        recorder.event(trade("99.4", "0.5"), at: Self.time(4))
        recorder.event(.bookLost(Self.symbol, ExchangeFailure(.networkError, message: "")), at: Self.time(5))
        recorder.event(change([level("99.4", "9")]), at: Self.time(6))
        recorder.event(.book(book), at: Self.time(7))
        try file.append(try recorder.turn(at: Self.time(8)), at: Self.time(8))
        try file.rotate(at: Self.time(8))
        recorder.event(change([], [level("100.02", "4")]), at: Self.time(9))
        try file.append(try recorder.fetch(), at: Self.time(9))

        let unit = try #require(recorder.unit)
        #expect(unit.price == "0.01" && unit.quantity == "0.00000001")
        let aside = RecordingFile.aside(path, 1_790_000_008, 0)
        let whole = [
            "reset buy 0 0", "snapshot buy 9950 100000000", "snapshot buy 9940 200000000",
            "snapshot sell 10001 300000000.",
        ]
        let first = try read([aside], unit: unit)
        #expect(
            texts(first.records) == whole + ["level buy 9950 0.", "trade sell 9940 50000000.", "gap buy 0 0."] + whole)
        #expect(first.records.map(\.time) == [2, 2, 2, 2, 3, 4, 5, 7, 7, 7, 7].map(Self.time))
        let second = try read([path], unit: unit)
        #expect(texts(second.records) == whole + ["level sell 10002 400000000."])
        #expect(try read([aside, path], unit: unit).records == first.records + second.records)
        #expect(recorder.counts.books == 2 && recorder.counts.gaps == 1)
    }

    @Test func `binance-raw: frames, snapshot and marks are read back; a mark takes the book away until the next one`()
        throws
    {
        let recorder = MarketRecorder(.binanceRaw(unit), Self.symbol)
        func frame(_ text: String, _ effects: [StreamEffect], _ second: Int64) {
            Array(text.utf8).withUnsafeBytes { recorder.frame($0, effects[...], at: Self.time(second)) }
        }
        func depth(_ first: Int, _ last: Int, _ amount: String) -> String {
            #"{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":\#(first),"u":\#(last),"b":[["99.50","\#(amount)"]],"a":[]}"#
        }
        let snapshot = #"{"lastUpdateId":ID,"bids":[["99.50","1"]],"asks":[["100.00","1"]]}"#
        func fetched(_ id: Int, _ second: Int64) {
            recorder.snapshot(Array(snapshot.replacing("ID", with: "\(id)").utf8), at: Self.time(second))
        }
        frame(depth(5, 6, "2"), [], 1)
        fetched(6, 2)
        frame(depth(7, 8, "3"), [], 3)
        // The clock of whoever brings it may step back; a recording's does not.
        frame(depth(9, 9, "4"), [], 2)
        frame("{nonsense", [.event(.bookLost(Self.symbol, ExchangeFailure(.badResponse, message: "")))], 4)
        fetched(20, 5)
        frame(depth(21, 22, "5") + "\n", [], 6)
        recorder.disconnected("\"silent\"\nfor a minute", at: Self.time(7))
        let path = folder.path + "/btc.gz"
        let file = try RecordingFile(path: path, at: Self.time(0))
        try file.append(try recorder.fetch(), at: Self.time(8))

        let recording = try BinanceRecording(paths: [path], symbol: "BTCUSDT", unit: unit)
        var records: [MarketRecord] = []
        while try recording.read(into: &records) {}
        let kinds = records.filter { $0.kind != .snapshot && $0.kind != .heartbeat }
        #expect(
            texts(kinds) == [
                "reset buy 0 0", "level buy 9950 300000000.", "level buy 9950 400000000.", "gap buy 0 0.",
                "reset buy 0 0",
                "level buy 9950 500000000.", "gap buy 0 0.",
            ])
        #expect(recording.gapCount == 2 && recorder.counts.gaps == 2 && recorder.counts.unreadable == 1)
        #expect(!recording.isSynced)
    }

    @Test func `a recording cut anywhere is read up to its last whole piece`() throws {
        let recorder = MarketRecorder(.mme(Self.market, tick: nil), Self.symbol)
        let path = folder.path + "/btc.mme.gz"
        let file = try RecordingFile(path: path, at: Self.time(0))
        var sizes: [Int] = []
        var counts = [0]
        for round in 0..<5 as Range<Int64> {
            recorder.event(
                round == 0 ? .book(book) : change([level("99.5", FixedDecimal(round + 1))]), at: Self.time(round))
            try file.append(try recorder.fetch(), at: Self.time(round))
            sizes.append(file.size)
            counts.append(round == 0 ? 4 : 4 + Int(round))
        }
        let whole = try Data(contentsOf: URL(filePath: path))
        let unit = try #require(recorder.unit)
        for length in sizes[0]...whole.count {
            let cut = try folder.write(Array(whole.prefix(length)), to: "cut")
            let pieces = sizes.count { $0 <= length }
            let (records, cuts) = try read([cut], unit: unit)
            #expect(records.count == counts[pieces], "cut at \(length)")
            #expect(cuts == (sizes.contains(length) ? [] : [cut]), "cut at \(length)")
        }
        // What a power cut may leave: the right length, and nothing in it.
        let zeros = try folder.write(Array(whole.prefix(sizes[3])) + [UInt8](repeating: 0, count: 90), to: "zeros")
        #expect(try read([zeros], unit: unit).records.count == counts[4])
        var damaged = Array(whole)
        damaged[sizes[1] + 30] ^= 0xFF
        let middle = try folder.write(damaged, to: "damaged")
        #expect(throws: FeedError.self) { try read([middle], unit: unit) }
    }

    @Test func `gzip itself unpacks a recording`() throws {
        let path = folder.path + "/plain.gz"
        let file = try RecordingFile(path: path, at: Self.time(0))
        try file.append(Array("one\n".utf8), at: Self.time(1))
        try file.append(Array("two\n".utf8), at: Self.time(2))
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/bin/gzip")
        process.arguments = ["-dc", path]
        process.standardOutput = output
        try process.run()
        #expect(try output.fileHandleForReading.readToEnd() == Data("one\ntwo\n".utf8))
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func `an earlier recording is moved aside, and nothing else is ever overwritten`() throws {
        let path = folder.path + "/btc.mme.gz"
        for _ in 0..<3 { try RecordingFile(path: path, at: Self.time(0)).append([1], at: Self.time(0)) }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        let stamp = "btc-20260921T141320Z"
        #expect(names == ["\(stamp)-1.mme.gz", "\(stamp).mme.gz", "btc.mme.gz"])
        let foreign = try folder.write("mine", to: "notes.txt")
        let error = #expect(throws: RecordingFailure.self) { try RecordingFile(path: foreign, at: Self.time(0)) }
        #expect(error?.description.contains("is there already") == true)
        #expect(try String(contentsOfFile: foreign, encoding: .utf8) == "mine")
        #expect(throws: RecordingFailure.self) { try RecordingFile(path: folder.path + "/no/where", at: Self.time(0)) }
        #expect(throws: RecordingFailure.self) { try RecordingFile(path: folder.path, at: Self.time(0)) }
    }

    /// In a value of its own: docs/decisions/int128-and-async.md.
    struct TickCase: Sendable {
        var rule: OrderRounding.Price
        var price: FixedDecimal
        var tick: FixedDecimal
    }

    @Test(arguments: [
        TickCase(rule: .significantDigits(5, maximumFractionDigits: 8), price: "91234", tick: "0.01"),
        TickCase(rule: .significantDigits(5, maximumFractionDigits: 8), price: "0.00012345", tick: "0.00000001"),
        TickCase(rule: .tick("0.5"), price: "91234", tick: "0.5"),
    ])
    func `a tick follows the market's rule`(_ test: TickCase) throws {
        var market = Self.market
        market.rounding.price = test.rule
        #expect(try RecordingUnit.unit(of: market, near: test.price).price == test.tick)
    }

    @Test func `what cannot be written down ends a recording with a reason`() throws {
        let recorder = MarketRecorder(.mme(Self.market, tick: nil), Self.symbol)
        recorder.event(.book(book), at: Self.time(0))
        recorder.event(change([level("99.505", "1")]), at: Self.time(1))
        // What came before is given out first.
        #expect(try !recorder.fetch().isEmpty)
        let error = #expect(throws: RecordingFailure.self) { try recorder.fetch() }
        #expect(error?.description.contains("99.505") == true)
        #expect(throws: RecordingFailure.self) {
            try RecordingUnit.unit(of: Self.market, near: "100", tick: "0.000000001")
        }
    }
}
