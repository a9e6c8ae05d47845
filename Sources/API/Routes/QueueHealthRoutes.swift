import Jobs
import Persistence
import Scheduling
import TradingCore

/// Backlog, failures and staleness of queues, for whoever watches the server.
struct QueueHealthRoutes {
    let operations: Operations

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/health/queues", "Every queue: backlog, failures, who works", tag: "health",
                answers: .json(.array(.queue))
                    .or(503, "Something stops, or the store cannot be read", .anyOf([.array(.queue), .queueFault])),
                needsToken: false
            ) { _ in try await queues() },
            Endpoint(
                .get, "/health/snapshots", "The queue of incoming payments", tag: "health", answers: .json(.snapshots),
                needsToken: false
            ) { _ in await snapshots() },
        ]
    }

    private func queues() async throws -> Answer {
        let (operations, now) = (operations, operations.time.now())
        do {
            let all = try await operations.look { transaction in
                try operations.allQueues(transaction).map { queue in
                    try QueueHealth(
                        queue, isServed: operations.queues.contains(queue), here: operations.worker(), now: now,
                        transaction)
                }
            }
            let isWell = all.allSatisfy { QueueHealth.Status($0.issues()) != .critical }
            let body = JSONTree.array(all.map(shown))
            return isWell ? .json(body) : .status(503, body)
        } catch {
            return .status(503, .object(["status": .string("critical"), "error": .string("\(error)")]))
        }
    }

    private func shown(_ queue: QueueHealth) -> JSONTree {
        let (issues, report) = (queue.issues(), operations.worker())
        return .object([
            "name": .string(queue.depth.queue.rawValue), "status": .string(QueueHealth.Status(issues).rawValue),
            "isPaused": .bool(queue.depth.isPaused), "isServed": .bool(queue.isServed), "metrics": metrics(queue.depth),
            "oldestWaitingMilliseconds": queue.depth.oldestDue.map {
                .number(max(0, queue.now.nanoseconds(since: $0)) / Nanoseconds.perMillisecond)
            } ?? .null,
            "thisProcess": queue.here.map { process($0, registrationsLost: report?.registrationsLost ?? 0) } ?? .null,
            "issues": .array(issues.map { .string($0.1) }),
        ])
    }

    /// - Parameter registrationsLost: of the worker, which all its queues have in common.
    private func process(_ queue: JobWorkerReport.Queue, registrationsLost: Int) -> JSONTree {
        let counters = queue.counters
        return .object([
            "concurrency": .number(queue.concurrency), "running": .number(queue.running),
            "overdue": .number(queue.overdue.count), "completed": .number(counters.completed),
            "failed": .number(counters.failed), "leasesLost": .number(counters.leasesLost),
            "registrationsLost": .number(registrationsLost),
            "maximumWaitMicroseconds": .number(counters.maximumWaitNanoseconds / 1_000),
        ])
    }

    /// As the original names them: what waits is what could start.
    private func metrics(_ depth: JobStore.Depth) -> JSONTree {
        .object([
            "waiting": .number(depth.ready), "active": .number(depth.running), "completed": .number(depth.completed),
            "failed": .number(depth.dead), "delayed": .number(depth.delayed + depth.waiting),
        ])
    }

    // MARK: - The original's endpoint

    private func snapshots() async -> Answer {
        let now = operations.time.now()
        do {
            let queue = try await operations.look {
                try QueueHealth("snapshots", here: operations.worker(), now: now, $0)
            }
            return .json(snapshots(queue, now))
        } catch {
            return .json(
                .object([
                    "status": .string("critical"), "healthy": .bool(false), "timestamp": .time(now),
                    "error": .string("\(error)"), "issues": .array([.string("Failed to retrieve queue status")]),
                ]))
        }
    }

    private func snapshots(_ queue: QueueHealth, _ now: Timestamp) -> JSONTree {
        let issues = queue.issues()
        let status = QueueHealth.Status(issues)
        return .object([
            "status": .string(status.rawValue), "healthy": .bool(status == .healthy), "timestamp": .time(now),
            "queue": .object([
                "name": .string("snapshots"), "isPaused": .bool(queue.depth.isPaused),
                // Switched off is no fault (D47).
                "polling": .string(operations.pollsSnapshots ? "enabled" : "disabled"),
                "isPollingActive": .bool(false), "lastPollTimestamp": .null,
            ]),
            "metrics": metrics(queue.depth), "activeJobs": .array(queue.active.map(Self.active)),
            "recentlyCompletedJobs": queue.completed.isEmpty ? nil : .array(queue.completed.map(Self.completed)),
            "issues": .array(issues.map { .string($0.1) }),
            "recentFailures": queue.failed.isEmpty ? nil : .array(queue.failed.map(Self.failed)),
        ])
    }

    private static func active(_ job: JobRecord) -> JSONTree {
        .object([
            "id": id(job), "name": .string(job.kind), "timestamp": milliseconds(job.enqueuedAt),
            "processedOn": job.startedAt.map(milliseconds) ?? .null,
        ])
    }

    private static func completed(_ job: JobRecord) -> JSONTree {
        .object([
            "id": id(job), "name": .string(job.kind), "timestamp": milliseconds(job.enqueuedAt),
            "processedOn": job.startedAt.map(milliseconds) ?? .null,
            "finishedOn": job.finishedAt.map(milliseconds) ?? .null,
        ])
    }

    private static func failed(_ job: JobRecord) -> JSONTree {
        .object([
            "id": id(job), "name": .string(job.kind), "failedReason": .string(job.reason ?? ""),
            "attemptsMade": .number(job.failures), "timestamp": milliseconds(job.enqueuedAt),
        ])
    }

    private static func id(_ job: JobRecord) -> JSONTree { .string(job.customID ?? "\(job.id)") }

    private static func milliseconds(_ moment: Timestamp) -> JSONTree {
        .number(moment.nanoseconds / Nanoseconds.perMillisecond)
    }
}
