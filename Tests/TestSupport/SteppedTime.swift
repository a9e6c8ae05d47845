public import Scheduling
import Synchronization
public import TradingCore

/// A clock that stands still until the test moves it; whoever sleeps is woken when it has come to his moment. For code that runs
/// in tasks of its own: however slow the machine, no more time passes than the test says.
public final class SteppedTime: TimeSource {
    private struct Sleeper {
        let id: Int
        let deadline: Timestamp
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now: Timestamp
        var sleepers: [Sleeper] = []
        var cancelled: Set<Int> = []
        var nextID = 0
    }

    private let state: Mutex<State>

    public init(_ start: Timestamp = Timestamp(nanoseconds: 1_700_000_000 * Nanoseconds.perSecond)) {
        state = Mutex(State(now: start))
    }

    public func now() -> Timestamp { state.withLock { $0.now } }

    /// Whether somebody sleeps who would be woken within a time from now.
    public func isAwaited(withinNanoseconds length: Int64) -> Bool {
        state.withLock { state in
            let end = state.now.advanced(byNanoseconds: length)
            return state.sleepers.contains { $0.deadline <= end }
        }
    }

    public func advance(byNanoseconds step: Int64) {
        let due = state.withLock { state in
            state.now = state.now.advanced(byNanoseconds: step)
            let now = state.now
            defer { state.sleepers.removeAll { $0.deadline <= now } }
            return state.sleepers.filter { $0.deadline <= now }
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    public func sleep(until deadline: Timestamp) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.now >= deadline || state.cancelled.remove(id) != nil { return true }
                    state.sleepers.append(Sleeper(id: id, deadline: deadline, continuation: continuation))
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            cancel(id)
        }
        state.withLock { _ = $0.cancelled.remove(id) }
        try Task.checkCancellation()
    }

    private func cancel(_ id: Int) {
        let sleeper = state.withLock { state -> Sleeper? in
            guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                state.cancelled.insert(id)
                return nil
            }
            return state.sleepers.remove(at: index)
        }
        sleeper?.continuation.resume()
    }
}
