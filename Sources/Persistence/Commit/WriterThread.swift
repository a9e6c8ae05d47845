import Dispatch
import Foundation
import Synchronization

/// A thread of a writer's own, which does one piece of work after another in the order they come.
///
/// Not a queue of Dispatch's: that hands work to whichever thread of a pool wakes, with cold caches and five times later than a
/// thread that waits for nothing else.
final class WriterThread: Sendable {
    private struct State: Sendable {
        var work: [@Sendable () -> Void] = []
        /// Waits for a signal, or is about to.
        var isIdle = false
        /// Nobody can bring work any more.
        var isOrphaned = false
    }

    /// Apart from the handle, so that the thread ends when the last of those is gone.
    private final class Loop: Sendable {
        let state = Mutex(State())
        let signal = DispatchSemaphore(value: 0)
        /// Whether there is work, to be asked without the lock.
        let hasWork = Atomic(false)

        /// Whoever was just answered often has more at once: looking out for it for a moment saves both threads the kernel.
        private func linger() {
            let end = ContinuousClock.now + WriterThread.lingering
            while !hasWork.load(ordering: .relaxed), ContinuousClock.now < end {}
        }

        func run() {
            while true {
                let (work, isOver) = state.withLock { state in
                    defer { state.work = [] }
                    hasWork.store(false, ordering: .relaxed)
                    state.isIdle = state.work.isEmpty
                    return (state.work, state.work.isEmpty && state.isOrphaned)
                }
                if isOver { return }
                if work.isEmpty { signal.wait() }
                for piece in work { piece() }
                if !work.isEmpty { linger() }
            }
        }
    }

    private let loop = Loop()

    init(label: String) {
        let thread = Thread { [loop] in loop.run() }
        thread.name = label
        thread.stackSize = Self.stackBytes
        thread.qualityOfService = .userInitiated
        thread.start()
    }

    private static let lingering = Duration.microseconds(40)

    /// As much as a process's first thread has.
    private static let stackBytes = 8 << 20

    deinit {
        loop.state.withLock { $0.isOrphaned = true }
        loop.signal.signal()
    }

    /// Brings work, and returns at once.
    func async(_ work: @escaping @Sendable () -> Void) {
        let wakes = loop.state.withLock { state in
            state.work.append(work)
            loop.hasWork.store(true, ordering: .relaxed)
            defer { state.isIdle = false }
            return state.isIdle
        }
        if wakes { loop.signal.signal() }
    }
}
