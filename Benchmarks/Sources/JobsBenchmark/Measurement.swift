import Scheduling
import TradingCore

/// Reports on itself from its making to its end.
struct Measurement {
    private let runs: Runs
    private let start: Timestamp
    private let processor = processorSeconds()

    init(_ runs: Runs) {
        self.runs = runs
        start = runs.time.now()
    }

    func end(_ work: String, _ count: Int) {
        let seconds = Double(runs.time.now().nanoseconds(since: start)) / 1e9
        runs.report(work, count, seconds, processor: processorSeconds() - processor)
    }
}
