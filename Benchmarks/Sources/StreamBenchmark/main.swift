// What our side of each exchange costs, one core, everything in memory: a frame to a typed event, to that and an updated
// book, an order built and signed, and a thousand streams at once.
//
//   StreamBenchmark FOLDER [ROUNDS]        FOLDER made by stream_frames.py
//
// One JSON line for each; the best of the rounds, because everything that disturbs a measurement makes it longer.
// `Benchmarks/streams` runs it beside ccxt.pro.

import Exchanges
import Glibc
import TradingCore

func fixed(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}

func measure(_ name: String, _ folder: String, _ rounds: Int) throws -> Bool {
    guard let dialect = Dialects.make(name), let file = FrameFile(path: "\(folder)/\(name).frames") else {
        print("{\"error\":\"\(folder)/\(name).frames cannot be read\"}")
        return false
    }
    let replay = Replay(dialect: dialect, file: file)
    for keepsBook in [false, true] {
        var best = Replay.Outcome()
        for _ in 0..<rounds {
            guard let outcome = try replay.run(keepsBook: keepsBook) else { return false }
            if outcome.seconds < best.seconds { best = outcome }
        }
        let perMessage = best.seconds / Double(file.frames.count) * 1e6
        var line = "{\"who\":\"mrmarket\",\"exchange\":\"\(name)\",\"case\":\"\(keepsBook ? "book" : "event")\","
        line += "\"messages\":\(file.frames.count),\"levels\":\(best.levels),\"us_per_message\":\(fixed(perMessage))"
        if keepsBook, let bid = best.bestBid, let ask = best.bestAsk {
            line += ",\"bid\":\"\(bid.price) \(bid.amount)\",\"ask\":\"\(ask.price) \(ask.amount)\""
        }
        print(line + "}")
    }
    let requests = try Requests.measure(dialect, rounds: rounds, count: 2_000)
    print(
        "{\"who\":\"mrmarket\",\"exchange\":\"\(name)\",\"case\":\"request\",\"place_us\":\(fixed(requests.place)),"
            + "\"cancel_us\":\(fixed(requests.cancel))}")
    return true
}

let arguments = CommandLine.arguments
guard arguments.count > 1 else {
    print("StreamBenchmark FOLDER [ROUNDS]")
    exit(2)
}
let rounds = arguments.count > 2 ? Int(arguments[2]) ?? 5 : 5
var isWhole = true
for name in Dialects.names { isWhole = try measure(name, arguments[1], rounds) && isWhole }
if let many = try ManyStreams.measure(count: 1_000, seconds: 3, levels: 20) {
    print(
        "{\"who\":\"mrmarket\",\"case\":\"thousand streams\",\"messages\":\(many.messages),\"cpu_s_per_market_s\":"
            + "\(fixed(many.cpu / 3)),\"us_per_message\":\(fixed(many.cpu / Double(many.messages) * 1e6))}")
} else {
    print("{\"error\":\"a book was lost among a thousand\"}")
    isWhole = false
}
exit(isWhole ? 0 : 1)
