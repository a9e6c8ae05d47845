import TestSupport

/// A small recording made here, in Binance's format: a market that steps around 100, a depth update every 100 ms and a
/// trade that walks through two levels every third.
enum SmallRecording {
    private static let start = 1_700_000_000_000_000_000

    static func lines(count: Int) -> [String] {
        var bid = 9_999
        var lines = [
            "\(start) {\"lastUpdateId\":100,\"bids\":[\(level(bid, 5)),\(level(bid - 1, 7))],"
                + "\"asks\":[\(level(bid + 2, 5)),\(level(bid + 3, 7))]}"
        ]
        for step in 1...count {
            let moved = bid + [0, 1, -1, 0, 2, -2, 1, -1][step % 8]
            lines.append(depth(step, from: bid, to: moved))
            if step % 3 == 0 { lines.append(trade(step, at: step % 2 == 0 ? moved - 1 : moved + 3)) }
            bid = moved
        }
        return lines
    }

    private static func depth(_ step: Int, from bid: Int, to moved: Int) -> String {
        let gone = { (old: [Int], new: [Int]) in old.filter { !new.contains($0) }.map { level($0, 0) } }
        let bids = gone([bid, bid - 1], [moved, moved - 1]) + [level(moved, 5), level(moved - 1, 7)]
        let asks = gone([bid + 2, bid + 3], [moved + 2, moved + 3]) + [level(moved + 2, 5), level(moved + 3, 7)]
        let time = start + step * 100_000_000
        return "\(time) {\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":\(time / 1_000_000),"
            + "\"s\":\"BTCUSDT\",\"U\":\(step * 3 + 98),\"u\":\(step * 3 + 100),"
            + "\"b\":[\(bids.joined(separator: ","))],\"a\":[\(asks.joined(separator: ","))]}}"
    }

    private static func trade(_ step: Int, at cents: Int) -> String {
        let time = start + step * 100_000_000 + 1
        return
            "\(time) {\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":\(time / 1_000_000),\"s\":\"BTCUSDT\","
            + "\"t\":\(step),\"p\":\"\(price(cents))\",\"q\":\"6\",\"T\":\(time / 1_000_000),\"m\":\(step % 2 == 0),\"M\":true}}"
    }

    private static func price(_ cents: Int) -> String { "\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)" }

    private static func level(_ cents: Int, _ quantity: Int) -> String { "[\"\(price(cents))\",\"\(quantity)\"]" }

    static let parameters = """
        {"bidSpread":0.0002,"askSpread":"0.0002","orderAmount":"0.5","orderRefreshTime":500,"numberOfLayers":2,
        "priceSourceType":"MID_PRICE","amountChangePerLayer":0,"amountChangeType":"fixed","ceilingPrice":0,"floorPrice":0}
        """

    /// The arguments of a backtest over `lines`, written into a folder.
    static func arguments(_ folder: TemporaryFolder, _ lines: [String], ending: String = "\n") throws -> [String] {
        let feed = try folder.write(lines.joined(separator: "\n") + ending, to: "feed")
        let file = try folder.write(parameters, to: "parameters.json")
        return [
            "backtest", "--feed", feed, "--format", "binance-raw", "--instrument", "BTC/USDT", "--parameters", file,
            "--balance", "BTC=10,USDT=100000",
        ]
    }
}
