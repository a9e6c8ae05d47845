import Synchronization

/// What many tasks found, in the order of finding.
final class Collected<Element: Sendable>: Sendable {
    private struct State: Sendable {
        var found: [Element] = []
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var all: [Element] { state.withLock { $0.found } }
    var count: Int { state.withLock { $0.found.count } }

    func add(_ element: Element) {
        let due = state.withLock { state in
            state.found.append(element)
            let count = state.found.count
            defer { state.waiters.removeAll { $0.count <= count } }
            return state.waiters.filter { $0.count <= count }
        }
        for waiter in due { waiter.continuation.resume() }
    }

    /// Returns when there are so many.
    func reached(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.found.count >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// Returns when there are so many more.
    func grown(by more: Int) async { await reached(count + more) }
}
