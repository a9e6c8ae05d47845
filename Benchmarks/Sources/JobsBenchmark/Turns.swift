import Scheduling
import TradingCore

/// The same work in many short turns, each beside its competitor's.
struct Turns {
    private let runs: Runs
    private(set) var seconds: [Double] = []
    private var processor = 0.0

    init(_ runs: Runs) { self.runs = runs }

    mutating func measure(_ work: () async throws -> Void) async throws {
        let (start, before) = (runs.time.now(), processorSeconds())
        try await work()
        seconds.append(Double(runs.time.now().nanoseconds(since: start)) / 1e9)
        processor += processorSeconds() - before
    }

    /// - Parameter other: turn by turn; the median of the ratios is what a bad minute of the disk leaves alone.
    func report(_ work: String, _ turn: Int, beside other: Turns? = nil) {
        let count = Double(turn * seconds.count)
        let total = seconds.reduce(0, +)
        var line = """
            {"work":"\(work)","jobs":\(Int(count)),"seconds":\(total),"perSecond":\(Int(count / total)),\
            "processorMicrosecondsPerJob":\(processor / count * 1e6)
            """
        if let other {
            let ratios = zip(other.seconds, seconds).map { $0 / $1 }.sorted()
            line += ",\"ratio\":\(ratios[ratios.count / 2]),\"ratioOfTotals\":\(other.seconds.reduce(0, +) / total)"
        }
        print(line + "}")
    }
}
