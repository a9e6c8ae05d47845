import Jobs
import TradingCore

/// Jobs and dead letters, for the admin.
struct JobRoutes {
    let operations: Operations

    private static let states = JobState.allCases.map(\.rawValue)

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/admin/jobs", "Jobs of a queue in one state; finished ones newest first", tag: "jobs",
                answers: .json(.array(.job)),
                parameters: [
                    .query("queue", .string, "One that `/health/queues` lists"), .query("state", .choice(Self.states)),
                    .query("after", .integer(1...Int64.max), isRequired: false, "The last id of the page before"),
                    .query("limit", .integer(1...1_000), isRequired: false, "100 if absent"),
                ]
            ) { input in try await list(input) },
            Endpoint(.get, "/admin/jobs/:id", "One job", tag: "jobs", answers: .json(.job), parameters: [Self.id]) {
                input in
                let id = Self.id(input)
                guard let job = try await operations.look({ try JobStore(transaction: $0).job(id) }) else {
                    throw APIError.typed(404, "Job \(id) not found")
                }
                return .json(JSONTree(job))
            },
            act("retry", "Give a dead letter all its attempts again") { try $0.retry($1, now: $2) },
            act("discard", "Give a dead letter up; what waits behind it goes on") { try $0.discard($1, now: $2) },
            act("cancel", "Cancel a job; a running one is asked to stop") { store, id, now in
                try store.cancel(id, now: now) != .tooLate
            },
            pause("pause", "Start nothing more from a queue, on any node") { try $0.pause($1, now: $2) },
            pause("resume", "Let a paused queue go on") { store, queue, _ in try store.resume(queue) },
        ]
    }

    private static let id = Parameter.path("id", .integer(1...Int64.max))

    private static func id(_ input: EndpointInput) -> JobID { JobID(rawValue: input.integer("id") ?? 0) }

    private func list(_ input: EndpointInput) async throws -> Answer {
        let queue = try await operations.known(try input.required("queue"))
        guard let state = JobState(rawValue: try input.required("state")) else {
            throw APIError.invalid(["state: must be known"])
        }
        let after = input.integer("after").map { JobID(rawValue: $0) }
        let limit = Int(input.integer("limit") ?? 100)
        let jobs = try await operations.look { transaction in
            let store = JobStore(transaction: transaction)
            // One that is gone by now has no place to go on from.
            let last = try after.map { id in
                guard let job = try store.job(id), job.queue == queue else {
                    throw APIError.invalid(["after \(id): must be the id of a job of queue \(queue.rawValue)"])
                }
                return job
            }
            return try store.jobs(queue, state, after: last, limit: limit)
        }
        return .json(.array(jobs.map(JSONTree.init)))
    }

    private func act(
        _ name: String, _ summary: String, _ body: @escaping @Sendable (JobStore, JobID, Timestamp) throws -> Bool
    ) -> Endpoint {
        Endpoint(
            .post, "/admin/jobs/:id/\(name)", summary, tag: "jobs", answers: .json(.anyOf([.job, .jobGone])),
            parameters: [Self.id], status: 200
        ) { input in
            let id = Self.id(input)
            let (isDone, job) = try await operations.change { transaction, now in
                let store = JobStore(transaction: transaction)
                return (try body(store, id, now), try store.job(id))
            }
            guard isDone else {
                guard let job else { throw APIError.typed(404, "Job \(id) not found") }
                throw APIError.typed(409, "Job \(id) is \(job.state.rawValue), which cannot be told to \(name)")
            }
            return .json(job.map(JSONTree.init) ?? .object(["id": .string("\(id)"), "state": .string("removed")]))
        }
    }

    private func pause(
        _ name: String, _ summary: String, _ body: @escaping @Sendable (JobStore, QueueName, Timestamp) throws -> Void
    ) -> Endpoint {
        Endpoint(
            .post, "/admin/queues/:queue/\(name)", summary, tag: "jobs", answers: .json(.queueSwitch),
            parameters: [.path("queue")], status: 200
        ) { input in
            let queue = try await operations.known(try input.required("queue"))
            try await operations.change { transaction, now in
                try body(JobStore(transaction: transaction), queue, now)
            }
            return .json(.object(["queue": .string(queue.rawValue), "isPaused": .bool(name == "pause")]))
        }
    }
}

extension JSONTree {
    init(_ job: JobRecord) {
        self = .object([
            "id": .string("\(job.id)"), "queue": .string(job.queue.rawValue), "kind": .string(job.kind),
            "customId": job.customID.map(JSONTree.string) ?? .null,
            "serialKey": job.serialKey.map(JSONTree.string) ?? .null, "state": .string(job.state.rawValue),
            "priority": .number(job.priority), "arguments": .string(job.arguments),
            "attempts": .number(job.attempts), "failures": .number(job.failures), "rescues": .number(job.rescues),
            "enqueuedAt": .time(job.enqueuedAt), "runAt": .time(job.runAt),
            "startedAt": job.startedAt.map(JSONTree.time) ?? .null,
            "finishedAt": (job.finishedAt ?? job.diedAt).map(JSONTree.time) ?? .null,
            "progress": job.progress.map(JSONTree.string) ?? .null,
            "reason": job.reason.map(JSONTree.string) ?? .null,
        ])
    }
}
