import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import MarketData

@Suite("Binance recordings")
struct BinanceRecordingTests {
    let folder: TemporaryFolder
    let unit: BookUnit

    init() throws {
        folder = try TemporaryFolder()
        unit = try BookUnit(price: "0.01", quantity: "0.00000001")
    }

    static let start: Int64 = 1_723_161_254_000_000_000
    static let snapshot = #"{"lastUpdateId":10,"bids":[["100.00","1.0"],["99.99","2.0"]],"asks":[["100.01","1.5"]]}"#

    static func depth(_ first: Int, _ last: Int, _ bid: String = "99.98", _ quantity: String = "3.00000000") -> String {
        """
        {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":\(first),\
        "u":\(last),"b":[["\(bid)","\(quantity)"]],"a":[]}}
        """
    }

    static func trade(_ id: Int) -> String {
        """
        {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":\(id),"p":"100.01000000",\
        "q":"0.02000000","T":1723161255342,"m":false,"M":true}}
        """
    }

    /// Lines a millisecond apart.
    static func lines(_ messages: [String], from start: Int64 = start, unit: Int64 = 1) -> String {
        messages.enumerated().map { "\((start + Int64($0) * 1_000_000) / unit) \($1)\n" }.joined()
    }

    func read(_ paths: [String]) throws(FeedError) -> ([MarketRecord], BinanceRecording) {
        let recording = try BinanceRecording(paths: paths, symbol: "BTCUSDT", unit: unit)
        var records: [MarketRecord] = []
        while try recording.read(into: &records) {}
        return (records, recording)
    }

    func read(_ text: String) throws -> [MarketRecord] { try read([try folder.write(text, to: "x.txt")]).0 }

    static let healthy = [
        depth(8, 9), depth(10, 12, "99.97"), snapshot, depth(13, 13), trade(1), depth(14, 15), depth(14, 15),
        #"{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1,"s":"BTCUSDT","k":{}}}"#, depth(16, 16, "99.98", "0"),
    ]

    @Test("buffers what comes before the snapshot, ignores doubled lines, skips unknown streams")
    func reads() throws {
        let path = try folder.write(Self.lines(Self.healthy), to: "healthy.txt")
        let (records, recording) = try read([path])
        #expect(
            records.map(\.kind).filter { $0 != .heartbeat }
                == [.reset, .snapshot, .snapshot, .snapshot, .snapshot, .level, .trade, .top, .level])
        // Two buffered updates, a doubled one, an unknown stream, an absent level removed: nothing changed, the feed lives.
        #expect(records.count { $0.kind == .heartbeat } == 5)
        #expect(recording.eventCount == 9 && recording.skippedCount == 1 && recording.progress == 1)
        #expect(records.first { $0.kind == .reset }?.time == Timestamp(nanoseconds: Self.start + 2_000_000))
    }

    @Test("times may be nanoseconds, microseconds or milliseconds", arguments: [1, 1_000, 1_000_000] as [Int64])
    func tellsTimeUnits(divisor: Int64) throws {
        let records = try read(Self.lines(Self.healthy, unit: divisor))
        #expect(records.first { $0.kind == .reset }?.time == Timestamp(nanoseconds: Self.start + 2_000_000))
    }

    @Test("gzip, several members, and several files make the same book")
    func continuesFiles() throws {
        let whole = try read(Self.lines(Self.healthy))
        let (head, tail) = (
            Self.lines(Array(Self.healthy[..<5])), Self.lines(Array(Self.healthy[5...]), from: Self.start + 5_000_000)
        )
        let packed = gzipped(Array(head.utf8)) + gzipped(Array(tail.utf8))
        #expect(try read([try folder.write(packed, to: "members.gz")]).0 == whole)
        let files = [try folder.write(head, to: "1.txt"), try folder.write(gzipped(Array(tail.utf8)), to: "2.txt")]
        #expect(try read(files).0 == whole)
        // No newline at the end of a file.
        let open = [try folder.write(String(head.dropLast()), to: "3.txt"), try folder.write(tail, to: "4.txt")]
        #expect(try read(open).0 == whole)
    }

    @Test("a gap is told and healed by a later snapshot")
    func healsGaps() throws {
        let later = Self.snapshot.replacing("\"lastUpdateId\":10", with: "\"lastUpdateId\":30")
        let records = try read(
            Self.lines([Self.snapshot, Self.depth(11, 12), Self.depth(20, 31), later, Self.depth(32, 33)]))
        #expect(records.map(\.kind).filter { $0 != .snapshot } == [.reset, .level, .gap, .reset, .heartbeat])
    }

    /// Lines, the line number the error has to name, and a word it has to contain.
    static let broken: [(String, Int, String)] = [
        (lines(healthy).replacing("{\"stream\":\"btcusdt@trade\"", with: "{\"stream\":btcusdt@trade"), 5, "a value"),
        (String(lines(healthy).dropLast(20)), 9, "the end of the line"),
        (lines(healthy).replacing("\(start + 4_000_000) ", with: "\(start + 1) "), 5, "not before"),
        (lines(healthy).replacing("\(start + 4_000_000) ", with: "\(start + 4_000_000)"), 5, "<receive time>"),
        (lines(healthy).replacing("\(start + 4_000_000) ", with: ""), 5, "<receive time>"),
        (lines(healthy).replacing("\(start + 4_000_000) ", with: "12345 "), 5, "since 1970"),
        (lines(healthy).replacing("\n\(start + 4_000_000)", with: "\n\n\(start + 4_000_000)"), 5, "<receive time>"),
        (lines(healthy + [trade(2).replacing("BTCUSDT", with: "ETHUSDT")]), 10, "symbol"),
        (lines(healthy + [depth(17, 17, "99.985")]), 10, "book unit"),
        (lines(healthy + [depth(17, 17, "9x.98")]), 10, "decimal text"),
        (lines(healthy + ["5"]), 10, "an object"),
        (lines([depth(1, 2), trade(1)]), 1, "a snapshot"),
        ("", 1, "a snapshot"),
        (lines(healthy + [depth(18, 18), depth(19, 19)]), 10, "the next depth update"),
    ]

    @Test("names the line and what was expected", arguments: broken.indices)
    func namesLines(index: Int) throws {
        let (text, line, word) = Self.broken[index]
        for packed in [false, true] {
            let path = try folder.write(packed ? gzipped(Array(text.utf8)) : Array(text.utf8), to: "broken")
            let error = #expect(throws: FeedError.self) { try read([path]) }
            #expect(error?.place == .line(line), "\(error?.description ?? "")")
            #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
            #expect(error?.description.contains("\n") == false)
        }
    }

    @Test("a truncated or damaged gzip file is an error that names the line")
    func refusesBrokenGzip() throws {
        let packed = gzipped(Array(Self.lines(Self.healthy).utf8))
        let short = #expect(throws: FeedError.self) { try read([try folder.write(Array(packed.dropLast(9)), to: "a")]) }
        #expect(short?.expected == "the rest of the gzip data")
        var damaged = packed
        damaged[packed.count - 6] ^= 1
        let wrong = #expect(throws: FeedError.self) { try read([try folder.write(damaged, to: "b")]) }
        #expect(wrong?.expected == "valid gzip data")
        let tail = #expect(throws: FeedError.self) { try read([try folder.write(packed + [1, 2, 3, 4], to: "c")]) }
        #expect(tail?.expected == "valid gzip data")
    }

    @Test("a file that is not there is named", arguments: ["/nowhere/at/all.gz", "/tmp"])
    func namesMissingFiles(path: String) {
        let error = #expect(throws: FeedError.self) { try read([path]) }
        #expect(error?.file == path && error?.place == .file)
    }

    @Test("an error stays")
    func repeatsErrors() throws {
        let path = try folder.write("nonsense\n", to: "x")
        let recording = try BinanceRecording(paths: [path], symbol: "BTCUSDT", unit: unit)
        var records: [MarketRecord] = []
        for _ in 0..<2 { #expect(throws: FeedError.self) { try recording.read(into: &records) } }
    }

    @Test("mutated bytes end in an error or a clean end")
    func survivesMutations() throws {
        let seed: UInt64 = 4_711
        var random = SplitMix64(seed: seed)
        let text = Array(Self.lines(Self.healthy).utf8)
        let packed = gzipped(text)
        for _ in 0..<1_500 {
            var bytes = random.below(3) == 0 ? packed : text
            for _ in 0...random.below(4) {
                let place = Int(random.below(UInt64(bytes.count)))
                if random.below(2) == 0 { bytes[place] = UInt8(random.below(256)) } else { bytes.remove(at: place) }
            }
            _ = try? read([try folder.write(bytes, to: "mutated")])
        }
    }

    @Test("a line longer than any message is refused in bounded memory")
    func boundsLines() throws {
        let path = try folder.write([UInt8](repeating: 0x31, count: InputBuffer.maximumPiece + 10), to: "long")
        let error = #expect(throws: FeedError.self) { try read([path]) }
        #expect(error?.place == .line(1))
    }
}
