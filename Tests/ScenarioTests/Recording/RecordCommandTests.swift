import Exchanges
import Foundation
import MarketData
import TestSupport
import Testing
import TradingCore

/// The program records from exchanges that run in this process, and what it wrote is read as a backtest reads it.
@Suite(.serialized, .timeLimit(.minutes(3))) struct RecordCommandTests {
    private let folder: TemporaryFolder
    private let book = MovingBook()
    private let unit: BookUnit

    init() throws {
        folder = try TemporaryFolder()
        unit = try BookUnit(price: "0.01", quantity: "0.00000001")
    }

    private func arguments(
        _ exchange: String, _ server: StreamingExchange, _ out: String, _ more: [String] = []
    ) -> [String] {
        [
            "record", "--exchange", exchange, "--instrument", "BTC/USDT", "--out", out, "--rest-url",
            "http://127.0.0.1:\(server.port)", "--stream-url", "ws://127.0.0.1:\(server.port)",
        ] + more
    }

    /// Lets the program run to its end without blocking the servers of this process.
    private func finished(_ program: Program) async -> Program.Result {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: program.finish()) }
        }
    }

    private func records(_ paths: [String]) throws -> (records: [MarketRecord], gaps: Int, cut: [String]) {
        let recording = try BinanceRecording(paths: paths, symbol: "BTCUSDT", unit: unit)
        var records: [MarketRecord] = []
        while try recording.read(into: &records) {}
        return (records, recording.gapCount, recording.cutFiles)
    }

    /// The sides that records leave, by ticks; nil while the book is not whole.
    private func sides(_ records: [MarketRecord], lot: Int64) -> [[Int: Int]]? {
        var book = OrderBook()
        var isWhole = false
        for record in records {
            book.apply(record)
            if record.kind == .reset { isWhole = true }
            if record.kind == .gap { isWhole = false }
        }
        guard isWhole else { return nil }
        book.clearTop()
        return Side.allCases.map { side in
            Dictionary(
                uniqueKeysWithValues: book.levels(side, limit: 1_000).map {
                    (Int($0.price.ticks), Int($0.quantity.lots / lot))
                })
        }
    }

    private func unpacked(_ path: String) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/bin/gzip")
        process.arguments = ["-dc", path]
        process.standardOutput = output
        try process.run()
        return String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }

    private func lastNumber(_ text: String) -> Int? {
        text.matches(of: /"u":(\d+)/).last.flatMap { Int($0.1) }
    }

    @Test func `Binance, with breaks and holes: frames as they came, and the book is the exchange's at the end`()
        async throws
    {
        let script = StreamingExchange.Script.binance(book, breaks: [60], holes: [150])
        try await StreamingExchange.with(script) { server in
            let out = folder.path + "/btc.gz"
            let result = await finished(try Program(arguments("binance", server, out, ["--seconds", "6"])))
            #expect(result.code == 0, "\(result.errors)")
            #expect(result.errors.contains("mrmarket backtest --feed"))
            #expect(server.connectionCount == 2)
            let (records, gaps, cut) = try records([out])
            #expect(gaps >= 2 && cut.isEmpty)
            #expect(records.count { $0.kind == .gap } >= 2)
            let text = try unpacked(out)
            #expect(text.contains("recordingGap") && text.contains("disconnected"))
            let last = try #require(lastNumber(text))
            #expect(sides(records, lot: 100_000_000) == book.now.history[last])
        }
    }

    @Test func `killed at any moment it leaves a recording, and goes on beside it`() async throws {
        try await StreamingExchange.with(.binance(book)) { server in
            let out = folder.path + "/btc.gz"
            for round in 0..<2 {
                let process = Process()
                process.executableURL = Program.executable
                process.arguments = arguments("binance", server, out)
                process.standardError = FileHandle.nullDevice
                try process.run()
                let sizes = [4_000, 6_000]
                // The earlier file is moved aside first: until then its size says nothing of the new one.
                for _ in 0..<600 where try recordings().count <= round || size(out) < sizes[round] {
                    try await Task.sleep(for: .milliseconds(50))
                }
                Foundation.kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
                let (records, _, _) = try records([out])
                #expect(sides(records, lot: 100_000_000) != nil, "round \(round): \(size(out)) bytes")
            }
            let names = try recordings()
            #expect(names.count == 2)
            let paths = names.sorted().map { folder.path + "/" + $0 }
            #expect(paths.last == out, "the present file comes last by name")
            let (records, _, _) = try records(paths)
            let last = try #require(lastNumber(try unpacked(out)))
            #expect(sides(records, lot: 100_000_000) == book.now.history[last])
        }
    }

    private func recordings() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".gz") }
    }

    private func size(_ path: String) -> Int {
        ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int) ?? 0
    }

    @Test func `Ctrl-C stores what has come, and backtest trades on it by the rules written beside`() async throws {
        try await StreamingExchange.with(.binance(book)) { server in
            let out = folder.path + "/btc.gz"
            let program = try Program(arguments("binance", server, out))
            for _ in 0..<600 where size(out) < 6_000 { try await Task.sleep(for: .milliseconds(50)) }
            program.interrupt()
            let result = await finished(program)
            #expect(result.code == 0, "\(result.errors)")
            try backtests(out, "binance-raw")
        }
    }

    @Test func `another exchange is recorded as mme, breaks marked, and backtested on`() async throws {
        try await StreamingExchange.with(.bybit(book, breaks: [80])) { server in
            let out = folder.path + "/btc.mme.gz"
            let result = await finished(try Program(arguments("bybit", server, out, ["--seconds", "5"])))
            #expect(result.code == 0, "\(result.errors)")
            let unit = try MMERecording.header(path: out).unit
            let recording = try MMERecording(paths: [out], unit: unit)
            var records: [MarketRecord] = []
            while try recording.read(into: &records) {}
            #expect(server.connectionCount == 2)
            #expect(records.count { $0.kind == .gap } >= 1 && records.count { $0.kind == .reset } >= 2)
            #expect(records.contains { $0.kind == .trade })
            let lot = try FixedDecimal.one.count(of: unit.quantity, rounding: .down)
            let recorded = try #require(sides(records, lot: lot))
            #expect(book.now.history.values.contains(recorded))
            try backtests(out, "mme")
        }
    }

    private func backtests(_ out: String, _ format: String) throws {
        let parameters = try folder.write(
            #"{"bidSpread":"0.001","askSpread":"0.001","orderAmount":"0.5","orderRefreshTime":100,"numberOfLayers":1,"#
                + #""priceSourceType":"mid_price","amountChangePerLayer":0,"amountChangeType":"fixed"}"#, to: "p.json")
        let run = try Program.run([
            "backtest", "--feed", out, "--format", format, "--instrument", "BTC/USDT", "--rules", out + ".rules.json",
            "--parameters", parameters, "--balance", "BTC=10,USDT=10000", "--json",
        ])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.output.firstMatch(of: /"orders":\s*[1-9]/) != nil, "\(run.output)")
    }

    @Test func `a full file is moved aside and the next one stands by itself`() async throws {
        try await StreamingExchange.with(.binance(book)) { server in
            let out = folder.path + "/btc.gz"
            let result = await finished(
                try Program(
                    arguments(
                        "binance", server, out,
                        ["--seconds", "5", "--rotate-mb", "0.003", "--progress-seconds", "1"])))
            #expect(result.code == 0, "\(result.errors)")
            tells(result, out)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".gz") }
            #expect(names.count >= 2)
            let paths = names.sorted().map { folder.path + "/" + $0 }
            // Each alone, but for one that ended before its book came.
            for path in paths.dropLast() {
                #expect(sides(try records([path]).records, lot: 100_000_000) != nil, "\(path)")
            }
            let last = try #require(lastNumber(try paths.map(unpacked).joined()))
            #expect(sides(try records(paths).records, lot: 100_000_000) == book.now.history[last])
        }
    }

    /// What and where to at first, how it goes now and then, each full file, and a summary at the end.
    private func tells(_ result: Program.Result, _ out: String) {
        let lines = result.errorLines
        #expect(lines.first == "Recording BTC/USDT at Binance to \(out) (binance-raw); Ctrl-C ends it.")
        #expect(lines.count { $0.contains(" is done, ") && $0.hasSuffix("going on in \(out)") } >= 1, "\(lines)")
        #expect(
            lines.count { $0.firstMatch(of: /^BTC\/USDT: \d+ messages, \d+ kB, \d+ gaps$/) != nil } >= 2, "\(lines)")
        #expect(lines.dropLast().last?.hasPrefix("Recorded BTC/USDT: ") == true, "\(lines)")
        #expect(lines.last?.hasPrefix("mrmarket backtest --feed \(out)") == true, "\(lines)")
    }

    @Test(arguments: [
        (["--exchange", "mtgox", "--instrument", "BTC/USDT", "--out", "/tmp/x"], "--exchange mtgox"),
        (["--exchange", "binance", "--instrument", "BTC", "--out", "/tmp/x"], "--instrument BTC"),
        (
            ["--exchange", "binance", "--instrument", "BTC/USDT", "--out", "/tmp/x", "--rotate-mb", "0"],
            "--rotate-mb 0"
        ),
        (
            ["--exchange", "binance", "--instrument", "BTC/USDT", "--out", "/tmp/x", "--progress-seconds", "0"],
            "--progress-seconds 0"
        ),
        (
            ["--exchange", "binance", "--instrument", "BTC/USDT", "--out", "/tmp/x", "--rest-url", "localhost"],
            "--rest-url"
        ),
        (["--exchange", "binance", "--instrument", "BTC/USDT", "--out", "/tmp/x", "--tick", "1"], "--tick"),
        (
            ["--exchange", "okx", "--instrument", "BTC/USDT", "--out", "/tmp/x", "--rest-url", "http://127.0.0.1:1"],
            "its markets cannot be had"
        ),
    ])
    func `bad input is one clear line`(_ arguments: [String], _ words: String) throws {
        let result = try Program.run(["record"] + arguments)
        #expect(result.code == 2)
        #expect(result.errorLines.count == 1 && result.errors.contains(words), "\(result.errors)")
    }

    @Test func `a market or a file that cannot be had is one clear line`() async throws {
        try await StreamingExchange.with(.binance(book)) { server in
            var wrong = arguments("binance", server, folder.path + "/x.gz")
            wrong[4] = "DOGE/USDT"
            let market = await finished(try Program(wrong))
            #expect(market.code == 2 && market.errors.contains("--instrument DOGE/USDT"), "\(market.errors)")
            let file = await finished(try Program(arguments("binance", server, folder.path + "/no/x.gz")))
            #expect(file.code == 2 && file.errorLines.count == 1 && file.errors.contains("--out"), "\(file.errors)")
        }
    }
}
