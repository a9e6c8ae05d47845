import Scheduling
import Synchronization

/// What kill switches have halted, on its way to whoever stores it.
final class FallenHalts: Sendable {
    private let waiting = Mutex<[TradingStateEntry]>([])
    /// Raised when there are some.
    let signal = Signal()

    func add(_ halts: [TradingStateEntry]) {
        waiting.withLock { $0 += halts }
        signal.raise()
    }

    /// - Returns: each once, in their order.
    func take() -> [TradingStateEntry] {
        waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }
}
