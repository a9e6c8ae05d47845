/// The writer's thread as an executor of tasks.
final class WriterExecutor: TaskExecutor {
    private let thread: WriterThread

    init(thread: WriterThread) { self.thread = thread }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        // The block keeps the executor alive until the job has run.
        thread.async { withExtendedLifetime(self) { job.runSynchronously(on: executor) } }
    }
}
