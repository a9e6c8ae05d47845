import Synchronization

/// Lets one through at a time, or so many, in the order they came.
final class Turnstile: Sendable {
    /// A place in the row.
    final class Turn: Sendable {
        private struct State {
            var isDue = false
            var waiting: CheckedContinuation<Void, Never>?
        }

        private let state = Mutex(State())

        fileprivate func come() {
            let waiting = state.withLock { state in
                state.isDue = true
                return state.waiting
            }
            waiting?.resume()
        }

        /// Returns when it is its turn. Whoever has queued waits, once, and gives the turn back.
        func wait() async {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if !state.isDue { state.waiting = continuation }
                    return state.isDue
                }
                if isDue { continuation.resume() }
            }
        }
    }

    private struct State {
        var free: Int
        var waiting: [Turn] = []
    }

    private let state: Mutex<State>

    init(width: Int = 1) { state = Mutex(State(free: width)) }

    /// Takes a place in the row at once; its turn may come later.
    func queue() -> Turn {
        let turn = Turn()
        let isFree = state.withLock { state in
            guard state.free > 0 else {
                state.waiting.append(turn)
                return false
            }
            state.free -= 1
            return true
        }
        if isFree { turn.come() }
        return turn
    }

    func take() async { await queue().wait() }

    func give() {
        let next = state.withLock { state -> Turn? in
            if state.waiting.isEmpty {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.come()
    }
}
