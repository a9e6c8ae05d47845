import TradingCore

/// A job whose handler is at work in this process.
struct RunningJob {
    /// Why its task was told to stop.
    typealias Stop = OverdueJob.Stop

    let job: ClaimedJob
    var deadline: Timestamp
    /// For a transactional handler, which its task cannot reach.
    let recall = Recall()
    var task: Task<Void, Never>?
    private(set) var stop: Stop?
    /// When it was told to stop first.
    private(set) var stoppedAt = Timestamp.distantFuture
    /// Its time is over, whatever it was told to stop for before.
    private(set) var isPastDeadline = false

    /// Within the transaction that claims it, which may be taken back: the attempt that counts comes then.
    let isForetaste: Bool

    init(_ job: ClaimedJob, deadline: Timestamp, isForetaste: Bool = false) {
        self.job = job
        self.deadline = deadline
        self.isForetaste = isForetaste
    }

    /// The first reason stays.
    mutating func stop(for reason: Stop, now: Timestamp) {
        if stop == nil { (stop, stoppedAt) = (reason, now) }
        if reason == .timeout { isPastDeadline = true }
        task?.cancel()
        recall.raise()
    }

    /// What it is told to operators as, if it should have returned by now: at once when its time is over, and some seconds after it was told
    /// to stop for another reason, which handlers need to tidy up.
    func overdue(_ now: Timestamp, grace: Int64) -> OverdueJob? {
        if isPastDeadline { return OverdueJob(run: job.run, stop: .timeout) }
        guard let stop, now.nanoseconds(since: stoppedAt) >= grace else { return nil }
        return OverdueJob(run: job.run, stop: stop)
    }

    mutating func attach(_ task: Task<Void, Never>) {
        self.task = task
        if stop != nil { task.cancel() }
    }
}
