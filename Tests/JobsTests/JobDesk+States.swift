import Jobs

extension JobDesk {
    struct WrongState: Error { var state: JobState? }

    /// A job that has come to a state in an ordinary way. For `waiting`, another job holds the key `key`.
    func job(in state: JobState, _ options: JobOptions = JobOptions()) throws -> JobStore.Enqueued {
        var options = options
        switch state {
        case .delayed: options.start = .after(.seconds(3_600))
        case .waiting:
            options.serialKey = "key"
            try enqueue(0, JobOptions(start: .after(.seconds(3_600)), serialKey: "key"))
        default: break
        }
        let job = try enqueue(1, options)
        switch state {
        case .ready, .delayed, .waiting: break
        case .cancelled: _ = try store { try $0.cancel(job.id, now: now) }
        case .running, .completed, .discarded, .dead:
            guard let claimed = try claim(100).first(where: { $0.id == job.id }) else { throw WrongState() }
            if state == .completed { _ = try complete(claimed) }
            if state == .discarded { try fail(claimed, .discard) }
            if state == .dead { try fail(claimed, .deadLetter) }
        }
        return job
    }
}
