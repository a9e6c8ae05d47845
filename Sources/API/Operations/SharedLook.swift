import Scheduling
import Synchronization
import TradingCore

/// A look at something that many ask for at the same time: one look answers all who asked before it began, and who asks soon after.
///
/// Nobody is told of anything older than the question, but for the little that a look may last: who asks while one looks is answered
/// by the next look, which serves everybody who came meanwhile. So however many scrapers ask, those who are looked at are disturbed
/// by one at a time, and by so many a second.
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
        /// What the last look has seen, and when it began.
        var seen: (value: Value, at: Timestamp)?
    }

    private let state = Mutex(State())
    private let look: @Sendable () async -> Value
    private let lasting: Int64
    private let time: any TimeSource

    /// - Parameter lasting: for how many nanoseconds from its beginning a look answers questions; 0: nobody who asks later.
    init(lasting: Int64, time: any TimeSource, _ look: @escaping @Sendable () async -> Value) {
        self.lasting = lasting
        self.time = time
        self.look = look
    }

    func callAsFunction() async -> Value {
        if let seen = seen() { return seen }
        if begins() { return await look(for: []) }
        switch await turn() {
        case .told(let value): return value
        case .looks(let others): return await look(for: others)
        }
    }

    /// - Returns: nil when the last look is too old.
    private func seen() -> Value? {
        guard lasting > 0 else { return nil }
        let now = time.now()
        return state.withLock { state in
            guard let seen = state.seen, (0..<lasting).contains(now.nanoseconds(since: seen.at)) else { return nil }
            return seen.value
        }
    }

    private func look(for others: [Waiting]) async -> Value {
        let began = time.now()
        let value = await look()
        if lasting > 0 { state.withLock { $0.seen = (value, began) } }
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
