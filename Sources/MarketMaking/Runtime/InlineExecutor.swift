import Dispatch
import Synchronization

/// Runs one actor's jobs, one at a time, in the order they come: on the thread that brings word of something new, where
/// nothing else runs, and in a pool otherwise.
///
/// Waking another thread costs 20 to 50 microseconds on ordinary hardware, several times what a decision takes. So an exchange's
/// thread that delivers a book update into a ``Mailbox`` carries the decision out itself, up to the cancels' bytes.
final class InlineExecutor: SerialExecutor {
    @TaskLocal private static var isInline = false

    private struct State {
        var jobs: [UnownedJob] = []
        var isRunning = false
    }

    /// How many jobs a delivering thread runs before the pool takes over: it has other things to do.
    private static let maximumInlineJobs = 16
    private static let pool = DispatchQueue(
        label: "mrmarket.executors", qos: .userInitiated, attributes: .concurrent)

    private let state = Mutex(State())

    /// What `body` wakes runs on this thread, before it returns. No lock may be held meanwhile.
    static func inline(_ body: () -> Void) { $isInline.withValue(true, operation: body) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let starts = state.withLock { state in
            state.jobs.append(job)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard starts else { return }
        if Self.isInline { drain(Self.maximumInlineJobs) } else { drainInPool() }
    }

    private func drainInPool() { Self.pool.async { self.drain(.max) } }

    private func drain(_ limit: Int) {
        for _ in 0..<limit {
            guard let job = next() else { return }
            job.runSynchronously(on: asUnownedSerialExecutor())
        }
        drainInPool()
    }

    private func next() -> UnownedJob? {
        state.withLock { state in
            if state.jobs.isEmpty {
                state.isRunning = false
                return nil
            }
            return state.jobs.removeFirst()
        }
    }
}
