import TradingCore

/// A job whose handler is at work in this process.
struct RunningJob {
    /// Why its task was told to stop.
    enum Stop: Hashable { case timeout, cancellation, shutdown, leaseLost }

    let job: ClaimedJob
    var deadline: Timestamp
    /// For a transactional handler, which its task cannot reach.
    let recall = Recall()
    var task: Task<Void, Never>?
    private(set) var stop: Stop?

    init(_ job: ClaimedJob, deadline: Timestamp) {
        self.job = job
        self.deadline = deadline
    }

    /// The first reason stays.
    mutating func stop(for reason: Stop) {
        if stop == nil { stop = reason }
        task?.cancel()
        recall.raise()
    }

    mutating func attach(_ task: Task<Void, Never>) {
        self.task = task
        if stop != nil { task.cancel() }
    }
}
