import Exchanges
public import TradingCore

/// Recorded Binance Spot traffic of one instrument (format "binance-raw"): lines of `<receive time> <JSON>`, the JSON as
/// the exchange sent it, among it the answer of `GET /api/v3/depth`. Plain or gzip, several files in a row.
///
/// Receive times are nanoseconds, microseconds or milliseconds since 1970, told by their size, and never decrease. A gap
/// in the sequence is not an error as long as a later snapshot line or the missing update heals it.
public final class BinanceRecording: MarketSource {
    public private(set) var eventCount = 0
    /// Lines of streams we do not follow.
    public private(set) var skippedCount = 0
    /// Marks of the recorder's: the connection broke, or what came could not be used.
    public private(set) var gapCount = 0
    private var isLostByMark = false
    private var input: InputSequence
    private var lineNumber = 0
    private var lastTime = Timestamp.distantPast
    private let parser: BinanceStreamParser
    private var feed: BookFeed
    private var levels: [LevelChange] = []
    /// Where the book was last lost; nil before the first snapshot.
    private var lostAt: (file: String, line: Int)?
    private var failure: FeedError?

    /// - Parameters:
    ///   - symbol: as Binance writes it, such as `BTCUSDT`; another one in the recording is an error.
    ///   - unit: what ticks and lots count. Binance's quantity unit is 1e-8.
    /// - Throws: when a file cannot be opened or the unit not be used.
    public init(paths: [String], symbol: String, unit: BookUnit) throws(FeedError) {
        input = try InputSequence(paths: paths)
        do throws(UnitTextError) {
            parser = try BinanceStreamParser(symbol: symbol, unit: unit)
        } catch {
            throw FeedError(
                file: paths.first ?? "", place: .file, expected: "a book unit of at most 9.2 quote and base",
                found: "\(unit.price) and \(unit.quantity)")
        }
        feed = BookFeed(parser: parser, maximumSilence: .max)
    }

    public var progress: Double { input.progress }

    /// Whether the book is whole as of the records read so far.
    public var isSynced: Bool { feed.isSynced }

    /// Files read so far whose end a crash cut off.
    public var cutFiles: [String] { input.cutFiles }

    /// Reads on.
    /// - Throws: ``FeedError`` naming the line; the records of the lines before it are appended. Every later call throws
    ///   the same.
    public func read(into records: inout [MarketRecord]) throws(FeedError) -> Bool {
        if let failure { throw failure }
        let start = records.count
        do throws(FeedError) {
            while records.count - start < recordsPerRead {
                guard let line = try nextLine() else {
                    if records.count > start { return true }
                    try checkEnd()
                    return false
                }
                try take(line, into: &records)
            }
            return true
        } catch {
            failure = error
            throw error
        }
    }

    private func nextLine() throws(FeedError) -> UnsafeRawBufferPointer? {
        while true {
            if let buffer = input.buffer {
                do throws(InputFile.Failure) {
                    if let (bytes, _) = try buffer.line() {
                        lineNumber += 1
                        eventCount += 1
                        return bytes
                    }
                } catch {
                    lineNumber += 1
                    throw self.error(expected: error.expected, found: error.found)
                }
            }
            guard input.advance() else { return nil }
            lineNumber = 0
        }
    }

    private func take(_ line: UnsafeRawBufferPointer, into records: inout [MarketRecord]) throws(FeedError) {
        let (time, start) = try receiveTime(of: line)
        guard time >= lastTime else {
            throw error(
                expected: "a receive time not before \(lastTime.nanoseconds) ns", found: "\(time.nanoseconds) ns")
        }
        guard lastTime == .distantPast || time.nanoseconds(since: lastTime) <= longestSilence else {
            throw error(
                expected: "a receive time within 31 days of the line before", found: "\(time.nanoseconds) ns")
        }
        lastTime = time
        let json = UnsafeRawBufferPointer(rebasing: line[start...])
        if BinanceRecording.isGapMark(json) { return takeGap(at: time, into: &records) }
        let message: BinanceMessage
        do throws(BinanceMessageError) {
            message = try parser.parse(json, into: &levels)
        } catch {
            throw self.error(
                expected: error.reason.expected, found: BinanceRecording.excerpt(of: json, at: error.offset))
        }
        if message == .other { skippedCount += 1 }
        let wasSynced = feed.isSynced
        let count = records.count
        _ = feed.receive(message, levels: levels, at: time, into: &records)
        if records.count == count {
            records.append(
                MarketRecord(
                    time: time, kind: .heartbeat, side: .buy, price: Price(ticks: 0), quantity: .zero, isLast: true))
        }
        if feed.isSynced { isLostByMark = false }
        if wasSynced, !feed.isSynced { lostAt = (input.path, lineNumber) }
    }

    private static func isGapMark(_ json: UnsafeRawBufferPointer) -> Bool {
        json.count > BinanceRawLines.gapMark.utf8.count && json.starts(with: BinanceRawLines.gapMark.utf8)
    }

    /// The recorder itself says that something is missing.
    private func takeGap(at time: Timestamp, into records: inout [MarketRecord]) {
        gapCount += 1
        if feed.isSynced { isLostByMark = true }
        let count = records.count
        _ = feed.resync(at: time, into: &records)
        if records.count == count { records.append(MarketRecord(time: time, bare: .heartbeat, isLast: true)) }
    }

    /// The book has to be whole when the input ends: otherwise the records say nothing about its last part.
    private func checkEnd() throws(FeedError) {
        // A recorder that was ended before the book was whole again has said so.
        guard !feed.isSynced, !isLostByMark else { return }
        let expected = "a snapshot (lastUpdateId) that the depth updates follow"
        if let lostAt {
            throw FeedError(
                file: lostAt.file, place: .line(lostAt.line), expected: "the next depth update, or later \(expected)",
                found: "missing updates up to the end of the input")
        }
        throw FeedError(
            file: input.path, place: .line(1), expected: expected, found: "none up to the end of the input")
    }

    // MARK: - Parts of a line

    /// - Returns: the time, and where the JSON starts.
    private func receiveTime(of line: UnsafeRawBufferPointer) throws(FeedError) -> (Timestamp, Int) {
        var scanner = JSONScanner(line)
        guard let count = try? scanner.integer(), scanner.offset < line.count,
            line[scanner.offset] == UInt8(ascii: " ")
        else {
            throw error(
                expected: "<receive time> <JSON>", found: BinanceRecording.excerpt(of: line, at: 0))
        }
        guard let time = BinanceRecording.timestamp(count) else {
            throw error(expected: "a receive time in ms, µs or ns since 1970", found: "\(count)")
        }
        return (time, scanner.offset + 1)
    }

    /// Milliseconds, microseconds or nanoseconds by size, from 1973 to 2262; the ranges do not meet.
    static func timestamp(_ count: Int64) -> Timestamp? {
        switch count {
        case 100_000_000_000..<9_200_000_000_000: Timestamp(nanoseconds: count * 1_000_000)
        case 100_000_000_000_000..<9_200_000_000_000_000: Timestamp(nanoseconds: count * 1_000)
        case 100_000_000_000_000_000...: Timestamp(nanoseconds: count)
        default: nil
        }
    }

    /// A few bytes around a place, for an error.
    static func excerpt(of bytes: UnsafeRawBufferPointer, at offset: Int) -> String {
        guard offset < bytes.count else { return "the end of the line" }
        let end = min(offset + 40, bytes.count)
        return "\"" + String(decoding: bytes[offset..<end], as: UTF8.self) + "\"" + (end < bytes.count ? "…" : "")
    }

    private func error(expected: String, found: String) -> FeedError {
        FeedError(file: input.path, place: .line(lineNumber), expected: expected, found: found)
    }
}
