import Synchronization

/// Starts an account's requests: cancels before placements, and where the exchange wants one at a time, each of its kind when the one
/// before has been answered. Whoever adds one does not wait.
final class RequestLane: Sendable {
    typealias Work = @Sendable () async -> Void

    private struct State {
        var cancels: [Work] = []
        var others: [Work] = []
        var runningCancels = 0
        var runningOthers = 0
        var tasks: [Int: Task<Void, Never>] = [:]
        var lastNumber = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    /// Requests under way at once that are no cancels. Where it is one, one cancel goes beside it: a placement may have to wait for a limit
    /// that cancels have their own of.
    private let width: Int

    init(width: Int) { self.width = max(1, width) }

    /// - Returns: false when it is closed, and the work is not going to be done.
    @discardableResult
    func add(isCancel: Bool, _ work: @escaping Work) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            if isCancel { state.cancels.append(work) } else { state.others.append(work) }
            start(&state)
            return true
        }
    }

    /// What is under way is given up, what waits is dropped.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.cancels = []
            state.others = []
            // lint: ordered because the order in which tasks are cancelled changes nothing
            for task in state.tasks.values { task.cancel() }
        }
    }

    private func start(_ state: inout State) {
        while true {
            let (work, isCancel): (Work, Bool)
            if !state.cancels.isEmpty, width > 1 || state.runningCancels < 1 {
                (work, isCancel) = (state.cancels.removeFirst(), true)
                state.runningCancels += 1
            } else if !state.others.isEmpty, state.runningOthers < width {
                (work, isCancel) = (state.others.removeFirst(), false)
                state.runningOthers += 1
            } else {
                return
            }
            state.lastNumber += 1
            let number = state.lastNumber
            state.tasks[number] = Task {
                await work()
                self.ended(number, isCancel: isCancel)
            }
        }
    }

    private func ended(_ number: Int, isCancel: Bool) {
        state.withLock { state in
            state.tasks[number] = nil
            if isCancel { state.runningCancels -= 1 } else { state.runningOthers -= 1 }
            if !state.isClosed { start(&state) }
        }
    }
}
