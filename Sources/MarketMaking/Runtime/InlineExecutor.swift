import Dispatch
import Glibc
import Synchronization

/// Runs one actor's jobs, one at a time, in the order they come: on the thread that brings word of something new, where
/// nothing else runs, and in a pool otherwise.
///
/// Waking another thread costs 20 to 50 microseconds on ordinary hardware, several times what a decision takes. So an exchange's
/// thread that delivers a book update carries the decision out itself, up to the cancels' bytes.
final class InlineExecutor: SerialExecutor {
    private enum Entry {
        case job(UnownedJob)
        case work(@Sendable () -> Void)
    }

    private struct State {
        var entries: [Entry] = []
        /// The thread that runs entries now; nil where none has begun to, though the pool may have been asked.
        var runner: pthread_t?
    }

    /// How many entries a delivering thread runs before the pool takes over: it has other things to do.
    static let maximumInlineEntries = 16
    private static let pool = DispatchQueue(
        label: "mrmarket.executors", qos: .userInitiated, attributes: .concurrent)

    private let state = Mutex(State())

    func enqueue(_ job: consuming ExecutorJob) {
        if append(.job(UnownedJob(job))) { drainInPool() }
    }

    /// Runs `work` in its turn, isolated to the actor: on this thread and before it returns, together with what came
    /// before, unless another thread is at it or much waits. No lock may be held meanwhile.
    func performInline(_ work: @escaping @Sendable () -> Void) {
        let begins = state.withLock { state in
            guard state.runner == nil, state.entries.isEmpty else { return false }
            state.runner = pthread_self()
            return true
        }
        // Nearly always nothing waits: the work needs no place in the queue then.
        if begins {
            work()
            goOn(Self.maximumInlineEntries - 1)
        } else if append(.work(work)) {
            drain(Self.maximumInlineEntries)
        }
    }

    /// Runs `work` in its turn, isolated to the actor, on a thread of the pool.
    func perform(_ work: @escaping @Sendable () -> Void) {
        if append(.work(work)) { drainInPool() }
    }

    /// What `assumeIsolated` asks where no job of this executor is known to run.
    func isIsolatingCurrentContext() -> Bool? {
        state.withLock { state in state.runner.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }

    func checkIsolated() {
        precondition(isIsolatingCurrentContext() == true, "not on the actor's executor")
    }

    /// - Returns: whether no thread is at work, so that the caller has to see to it.
    private func append(_ entry: Entry) -> Bool {
        state.withLock { state in
            state.entries.append(entry)
            return state.runner == nil
        }
    }

    private func drainInPool() { Self.pool.async { self.drain(.max) } }

    /// Runs entries, unless another thread was quicker to begin.
    private func drain(_ limit: Int) {
        let begins = state.withLock { state in
            guard state.runner == nil, !state.entries.isEmpty else { return false }
            state.runner = pthread_self()
            return true
        }
        if begins { goOn(limit) }
    }

    /// For the thread that is at it.
    private func goOn(_ limit: Int) {
        for _ in 0..<limit {
            switch next() {
            case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
            case .work(let work): work()
            case nil: return
            }
        }
        let isLeft = state.withLock { state in
            state.runner = nil
            return !state.entries.isEmpty
        }
        if isLeft { drainInPool() }
    }

    private func next() -> Entry? {
        state.withLock { state in
            guard !state.entries.isEmpty else {
                state.runner = nil
                return nil
            }
            return state.entries.removeFirst()
        }
    }
}
