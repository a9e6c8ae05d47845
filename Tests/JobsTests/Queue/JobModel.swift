import Jobs
import TradingCore

/// What a queue should do, written down naively: a list of jobs in the order of their enqueueing.
struct JobModel {
    struct Job {
        var id: JobID
        var options: JobOptions
        var state: JobState
        var runAt: Timestamp
        var worker: JobWorkerID?
        var failures = 0
        var rescues = 0
        var cancelRequested = false
        var holdsKey = true
        var isGone = false

        var isLive: Bool { !state.isFinished && !isGone }
        var key: String? { holdsKey && isLive ? options.serialKey : nil }
    }

    var jobs: [Job] = []
    /// Every change of state, for the table of transitions.
    private(set) var transitions: [(JobState, JobState)] = []

    func index(_ id: JobID) -> Int? { jobs.firstIndex { $0.id == id } }

    func existing(_ id: String?) -> Job? {
        guard let id else { return nil }
        return jobs.first { $0.options.id == id && !$0.isGone }
    }

    mutating func enqueue(_ id: JobID, _ options: JobOptions, runAt: Timestamp, now: Timestamp) {
        let isBehind = options.serialKey.map { key in jobs.contains { $0.key == key } } ?? false
        let state: JobState = isBehind ? .waiting : runAt > now ? .delayed : .ready
        jobs.append(Job(id: id, options: options, state: state, runAt: runAt))
    }

    /// - Returns: what is leased, in order.
    mutating func claim(_ limit: Int, _ worker: JobWorkerID, now: Timestamp) -> [JobID] {
        for index in jobs.indices where jobs[index].state == .delayed && jobs[index].runAt <= now {
            move(index, to: .ready, now)
        }
        let ready = jobs.indices.filter { jobs[$0].state == .ready && jobs[$0].isLive }
        let chosen = ready.sorted { (jobs[$0].options.priority, $0) < (jobs[$1].options.priority, $1) }.prefix(limit)
        for index in chosen {
            move(index, to: .running, now)
            jobs[index].worker = worker
        }
        return chosen.map { jobs[$0].id }
    }

    /// Moves a job; when it leaves its key, the first that waits for the key goes on.
    mutating func move(_ index: Int, to state: JobState, _ now: Timestamp) {
        let before = jobs[index]
        transitions.append((before.state, state))
        jobs[index].state = state
        if state != .running {
            jobs[index].worker = nil
            jobs[index].cancelRequested = false
        }
        if state == .dead { jobs[index].holdsKey = before.options.deadLetterHoldsKey }
        if state.isFinished, before.options.isRemovedWhenFinished { jobs[index].isGone = true }
        guard let key = before.key, jobs[index].key == nil, before.state != .waiting else { return }
        if let next = jobs.indices.first(where: { jobs[$0].key == key }) {
            move(next, to: jobs[next].runAt <= now ? .ready : .delayed, now)
        }
    }
}
