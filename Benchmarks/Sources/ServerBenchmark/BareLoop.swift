import Scheduling
import TradingCore

/// A loop that does nothing for as long as a cancel takes, begun after a sleep as a cancel is: where it took longer, the machine was
/// elsewhere (a timer's tick, another guest), and a cancel would have waited, too.
struct BareLoop {
    /// What a cancel takes, about.
    static let nanoseconds: Int64 = 15_000
    private let time = SystemTime()
    private(set) var times: [Int64] = []

    mutating func run() {
        let began = time.now()
        var took: Int64 = 0
        while took < Self.nanoseconds { took = time.now().nanoseconds(since: began) }
        times.append(took)
    }
}
