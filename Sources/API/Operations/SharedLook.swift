import Synchronization

/// A look at something that many ask for at the same time: one look answers all who asked before it began.
///
/// Nobody is told of anything older than the question: who asks while one looks is answered by the next look, which serves everybody
/// who came meanwhile. So however many scrapers ask, those who are looked at are disturbed by one at a time.
final class SharedLook<Value: Sendable>: Sendable {
    /// How one that waited goes on.
    private enum Turn: Sendable {
        case told(Value)
        /// It is the one to look, for these others too.
        case looks(for: [Waiting])
    }

    private typealias Waiting = CheckedContinuation<Turn, Never>

    private struct State {
        var isLooking = false
        var waiting: [Waiting] = []
    }

    private let state = Mutex(State())
    private let look: @Sendable () async -> Value

    init(_ look: @escaping @Sendable () async -> Value) { self.look = look }

    func callAsFunction() async -> Value {
        if begins() { return await look(for: []) }
        switch await turn() {
        case .told(let value): return value
        case .looks(let others): return await look(for: others)
        }
    }

    private func look(for others: [Waiting]) async -> Value {
        let value = await look()
        for other in others { other.resume(returning: .told(value)) }
        passOn()
        return value
    }

    private func begins() -> Bool {
        state.withLock { state in
            defer { state.isLooking = true }
            return !state.isLooking
        }
    }

    private func turn() async -> Turn {
        await withCheckedContinuation { waiting in
            let isFree = state.withLock { state in
                if state.isLooking { state.waiting.append(waiting) }
                defer { state.isLooking = true }
                return !state.isLooking
            }
            // The look ended between the question and now.
            if isFree { waiting.resume(returning: .looks(for: [])) }
        }
    }

    /// The first of those who wait looks next.
    private func passOn() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.isLooking = !state.waiting.isEmpty
            return state.waiting
        }
        waiting.first?.resume(returning: .looks(for: Array(waiting.dropFirst())))
    }
}
