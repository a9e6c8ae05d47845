import Foundation
import TestSupport
import Testing

@Suite("mrmarket backtest")
struct BacktestCommandTests {
    private static let keys = [
        "events", "orders", "cancels", "fills", "position", "feesPaid", "realizedPnL", "unrealizedPnL", "inventoryPnL",
        "spreadCaptured", "markout1s", "markout10s", "markout60s", "equity", "holdEquity", "maxDrawdown",
        "rmsInventory",
        "twoSidedUptime", "makerVolume", "takerVolume", "elapsedSeconds", "eventsPerSecond",
    ]

    @Test("prints one JSON object of every figure, the same each time but for the speed")
    func json() throws {
        let folder = try TemporaryFolder()
        let arguments = try SmallRecording.arguments(folder, SmallRecording.lines(count: 600)) + ["--json"]
        let runs = try (0..<2).map { _ in try Program.run(arguments) }
        #expect(runs.map(\.code) == [0, 0])
        let texts = runs.map { $0.output.replacing(#/"eventsPerSecond":\d+/#, with: "") }
        #expect(texts[0] == texts[1])
        let json = try JSONSerialization.jsonObject(with: Data(runs[0].output.utf8))
        let object = try #require(json as? [String: Any])
        #expect(Set(object.keys) == Set(BacktestCommandTests.keys))
        #expect(object["events"] as? Int == 801)
        let fills = try #require(object["fills"] as? Int)
        #expect(fills > 10)
        #expect(object["elapsedSeconds"] as? Double == 60.000000001)
    }

    @Test("its figures add up exactly: equity is holding plus profit, profit is spread plus inventory less fees")
    func identities() throws {
        let folder = try TemporaryFolder()
        let arguments = try SmallRecording.arguments(folder, SmallRecording.lines(count: 600))
        let run = try Program.run(arguments + ["--json", "--maker-fee-bps", "1.5", "--taker-fee-bps", "7"])
        let json = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
        let object = try #require(json as? [String: Any])
        func decimal(_ key: String) throws -> Decimal {
            let text = try #require(object[key] as? String)
            return try #require(Decimal(string: text))
        }
        let profit = try decimal("equity") - decimal("holdEquity")
        #expect(try decimal("feesPaid") > 0)
        #expect(try decimal("realizedPnL") + decimal("unrealizedPnL") == profit)
        #expect(try decimal("spreadCaptured") + decimal("inventoryPnL") - decimal("feesPaid") == profit)
    }

    @Test("writes one self-contained page")
    func report() throws {
        let folder = try TemporaryFolder()
        let page = folder.path + "/report.html"
        let arguments = try SmallRecording.arguments(folder, SmallRecording.lines(count: 600))
        #expect(try Program.run(arguments + ["--report", page]).code == 0)
        let html = try String(contentsOfFile: page, encoding: .utf8)
        #expect(html.contains("<svg") && html.contains("BTC/USDT") && !html.contains("src="))
    }

    @Test(
        "refuses a damaged feed with its line, exit code 2, and writes nothing",
        arguments: [
            ("cut off in the middle of the last line", 0), ("two lines swapped", 1), ("one depth line missing", 2),
            ("a letter in a price", 3), ("no snapshot", 4),
        ])
    func damaged(damage: String, kind: Int) throws {
        let folder = try TemporaryFolder()
        var lines = SmallRecording.lines(count: 60)
        let expected: Int
        var ending = "\n"
        switch kind {
        case 0:
            lines[lines.count - 1] = String(lines[lines.count - 1].dropLast(20))
            (expected, ending) = (lines.count, "")
        case 1:
            lines.swapAt(20, 22)
            expected = 22
        case 2:
            lines.remove(at: try #require(lines.indices.first { $0 > 30 && lines[$0].contains("depthUpdate") }))
            expected = try #require(lines.indices.first { $0 >= 31 && lines[$0].contains("depthUpdate") }) + 1
        case 3:
            let index = try #require(lines.indices.first { $0 > 40 && lines[$0].contains("depthUpdate") })
            lines[index].replace("[[\"", with: "[[\"x", maxReplacements: 1)
            expected = index + 1
        default:
            lines.removeFirst()
            expected = 1
        }
        let page = folder.path + "/report.html"
        let run = try Program.run(
            try SmallRecording.arguments(folder, lines, ending: ending) + ["--json", "--report", page])
        #expect(run.code == 2)
        #expect(run.output.isEmpty)
        #expect(run.errorLines.count == 1)
        #expect(run.errors.contains("line \(expected)"), "\(run.errors)")
        #expect(!FileManager.default.fileExists(atPath: page))
    }

    @Test(
        "refuses bad input in one clear line",
        arguments: [
            (["--instrument", "DOGE/USDT"], "DOGE/USDT"), (["--instrument", "BTCUSDT"], "BASE/QUOTE"),
            (["--balance", "BTC=ten"], "ASSET=AMOUNT"), (["--balance", "ETH=1"], "BTC or USDT"),
            (["--strategy", "magic"], "pure-market-making"),
            (["--parameters", "/none/there.json"], "/none/there.json"),
            (["--order-latency-ms", "-1"], "order-latency-ms"), (["--maker-fee-bps", "9999"], "maker-fee-bps"),
            (["--feed", "/none/there.gz"], "/none/there.gz"), (["--rules", "/none/rules.json"], "/none/rules.json"),
        ])
    func refused(extra: [String], named: String) throws {
        let folder = try TemporaryFolder()
        var arguments = try SmallRecording.arguments(folder, SmallRecording.lines(count: 5))
        if let index = arguments.firstIndex(of: extra[0]) { arguments.removeSubrange(index...index + 1) }
        let run = try Program.run(arguments + extra)
        #expect(run.code == 2)
        #expect(run.output.isEmpty)
        #expect(run.errorLines.count == 1 && run.errors.contains(named), "\(run.errors)")
    }

    @Test("D15, H35: names field, value and rule of every parameter it refuses")
    func parameters() throws {
        let folder = try TemporaryFolder()
        let arguments = try SmallRecording.arguments(folder, SmallRecording.lines(count: 5))
        _ = try folder.write(
            SmallRecording.parameters.replacing("0.0002,\"ask", with: "0.5,\"ask").replacing("500", with: "0"),
            to: "parameters.json")
        let run = try Program.run(arguments)
        #expect(run.code == 2 && run.errorLines.count == 1)
        for part in ["bidSpread", "0.5", "orderRefreshTime", "10 to 86400000"] { #expect(run.errors.contains(part)) }
    }

    @Test("continues the book from one file to the next")
    func severalFiles() throws {
        let folder = try TemporaryFolder()
        let lines = SmallRecording.lines(count: 300)
        let whole = try SmallRecording.arguments(folder, lines) + ["--json"]
        let first = try folder.write(lines[..<150].joined(separator: "\n") + "\n", to: "first")
        let second = try folder.write(lines[150...].joined(separator: "\n") + "\n", to: "second")
        var halves = whole
        halves.replaceSubrange(2...2, with: [first, "--feed", second])
        let runs = try [Program.run(whole), Program.run(halves)]
            .map { $0.output.replacing(#/"eventsPerSecond":\d+/#, with: "") }
        #expect(runs[0] == runs[1] && !runs[0].isEmpty)
    }
}
