import Synchronization

/// Lets one through at a time; cancels go before the others who wait, otherwise first come, first served.
final class Turnstile: Sendable {
    private struct State {
        var isTaken = false
        var cancels: [CheckedContinuation<Void, Never>] = []
        var others: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Each that enters must leave. Who waits cannot give up, but whoever is inside is there for a bounded time only.
    func enter(isCancel: Bool) async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if !state.isTaken {
                    state.isTaken = true
                    return true
                }
                if isCancel { state.cancels.append(continuation) } else { state.others.append(continuation) }
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func leave() {
        let next: CheckedContinuation<Void, Never>? = state.withLock { state in
            if !state.cancels.isEmpty { return state.cancels.removeFirst() }
            if !state.others.isEmpty { return state.others.removeFirst() }
            state.isTaken = false
            return nil
        }
        next?.resume()
    }
}
