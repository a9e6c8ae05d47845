// What a message costs from its bytes to the updated book and the records of what changed, one CPU, everything in memory.
//
//   FeedBenchmark tick messages.jsonl …      lines of JSON, or `<receive time> <JSON>` (binance-raw, unpacked)
//
// A file without a snapshot line gets an empty one in front. Prints one JSON line per file and kind of work; the best of
// several rounds, because everything that disturbs a measurement makes it longer.

import Exchanges
import MarketData
import TradingCore

struct Measurement {
    var seconds = Double.infinity
    var messages = 0
    var depthMessages = 0
    var levels = 0
    var records = 0
}

func makeParser() -> BinanceStreamParser? {
    guard let tick = FixedDecimal(CommandLine.arguments.dropFirst().first ?? ""),
        let unit = try? BookUnit(price: tick, quantity: "0.00000001")
    else { return nil }
    return try? BinanceStreamParser(symbol: nil, unit: unit)
}

func parse(_ file: MessageFile) -> Measurement? {
    guard let parser = makeParser() else { return nil }
    var best = Measurement()
    var levels: [LevelChange] = []
    for _ in 0..<15 {
        var round = Measurement()
        let start = cpuSeconds()
        for line in file.lines {
            let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[line])
            guard let message = try? parser.parse(bytes, into: &levels) else { return nil }
            round.messages += 1
            round.levels += levels.count
            if case .depthUpdate = message { round.depthMessages += 1 }
        }
        round.seconds = cpuSeconds() - start
        if round.seconds < best.seconds { best = round }
    }
    return best
}

func feed(_ file: MessageFile, depthOnly: Bool) -> Measurement? {
    var best = Measurement()
    var records: [MarketRecord] = []
    records.reserveCapacity(1 << 16)
    let lines = depthOnly ? file.lines.filter { isDepth(file, $0) } : file.lines
    for _ in 0..<15 {
        guard let parser = makeParser() else { return nil }
        var feed = BookFeed(parser: parser, maximumSilence: .max)
        var round = Measurement()
        if !file.lines.contains(where: { isSnapshot(file, $0) }) {
            _ = feed.receive(
                .snapshot(lastUpdateID: 0), levels: [], at: Timestamp(nanoseconds: 0), into: &records)
        }
        let start = cpuSeconds()
        for (index, line) in lines.enumerated() {
            let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[line])
            let time = Timestamp(nanoseconds: Int64(index))
            guard (try? feed.receive(bytes, at: time, into: &records)) != nil else { return nil }
            if records.count >= 4_096 {
                round.records += records.count
                records.removeAll(keepingCapacity: true)
            }
        }
        round.seconds = cpuSeconds() - start
        round.messages = lines.count
        round.records += records.count
        records.removeAll(keepingCapacity: true)
        if !feed.isSynced { return nil }
        if round.seconds < best.seconds { best = round }
    }
    return best
}

func isSnapshot(_ file: MessageFile, _ line: Range<Int>) -> Bool {
    file.bytes[line].starts(with: "{\"lastUpdateId\"".utf8)
}

func isDepth(_ file: MessageFile, _ line: Range<Int>) -> Bool {
    guard let at = file.bytes[line].firstIndex(of: UInt8(ascii: "@")) else { return isSnapshot(file, line) }
    return file.bytes[at..<line.upperBound].starts(with: "@depth".utf8)
}

func report(_ path: String, _ work: String, _ result: Measurement, levels: Int) {
    let perMessage = result.seconds / Double(max(result.messages, 1)) * 1e9
    let perLevel = result.seconds / Double(max(levels, 1)) * 1e9
    print(
        """
        {"file":"\(path)","work":"\(work)","messages":\(result.messages),"levels":\(levels),\
        "records":\(result.records),"cpuSeconds":\(result.seconds),"nsPerMessage":\(perMessage),\
        "nsPerLevel":\(perLevel)}
        """)
}

for path in CommandLine.arguments.dropFirst(2) {
    guard let file = MessageFile(path: path), let parsed = parse(file),
        let all = feed(file, depthOnly: false), let depth = feed(file, depthOnly: true)
    else {
        print("{\"file\":\"\(path)\",\"error\":\"not readable as Binance messages of one book\"}")
        continue
    }
    report(path, "parse", parsed, levels: parsed.levels)
    report(path, "parse and feed", all, levels: parsed.levels)
    report(path, "parse and feed, depth only", depth, levels: parsed.levels)
}
