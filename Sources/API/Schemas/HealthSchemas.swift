import Jobs

/// How the server fares.
extension Schema {
    /// One object for each exchange, whose one member is named by it.
    static let exchangesAlive = Schema.named("ExchangesAlive", .array(.map(.choice(["alive", "dead"]))))

    static let readiness = Schema.named(
        "Readiness", .object(["status": .choice(["ready", "not ready"]), "faults": .array(.string)]))

    private static let latency = Schema.named(
        "Latency",
        .object([
            "count": .integer, "p50Microseconds": .integer, "p99Microseconds": .integer,
            "maximumMicroseconds": .integer,
        ]))

    static let trading = Schema.named(
        "Trading",
        .object([
            "reconciled": .boolean, "faults": .array(.string),
            "accounts": .array(
                .object([
                    "account": .string, "isStreaming": .boolean, "fault": .nullable(.string),
                    "ordersWhenUnattended": .string, "unattended": .map(.string),
                    "foreignOrders": .integer,
                ])),
            "executors": .array(
                .object([
                    "name": .string, "sessions": .integer, "openOrders": .integer, "unknownOrders": .integer,
                    "refusedFills": .integer,
                    "lastMarketData": .nullable(.time), "marketIsTrusted": .boolean, "decisions": latency,
                    "placements": latency,
                ])),
        ]))

    static let schedule = Schema.named(
        "Schedule",
        .object([
            "name": .string, "lastRun": .nullable(.time), "nextRun": .nullable(.time), "runningSince": .nullable(.time),
            "durationMicroseconds": .integer, "latenessMicroseconds": .integer,
            "maximumLatenessMicroseconds": .integer, "runs": .integer, "failures": .integer,
            "lastFailure": .nullable(.string),
        ]))

    // MARK: - Queues

    private static let wellness = Schema.choice(["healthy", "warning", "critical"])

    private static let queueMetrics = Schema.named(
        "QueueMetrics",
        .object([
            "waiting": .integer, "active": .integer, "completed": .integer, "failed": .integer, "delayed": .integer,
        ]))

    static let queue = Schema.named(
        "Queue",
        .object([
            "name": .string, "status": wellness, "isPaused": .boolean, "isServed": .boolean, "metrics": queueMetrics,
            "oldestWaitingMilliseconds": .nullable(.integer),
            "thisProcess": .nullable(
                .object([
                    "concurrency": .integer, "running": .integer, "overdue": .integer, "completed": .integer,
                    "failed": .integer, "leasesLost": .integer, "registrationsLost": .integer,
                    "maximumWaitMicroseconds": .integer,
                ])), "issues": .array(.string),
        ]))

    static let queueFault = Schema.named("QueueFault", .object(["status": wellness, "error": .string]))

    private static let activeJob = Schema.object([
        "id": .string, "name": .string, "timestamp": .integer, "processedOn": .nullable(.integer),
    ])

    static let snapshots = Schema.named(
        "SnapshotsHealth",
        .object([
            "status": wellness, "healthy": .boolean, "timestamp": .time,
            "queue?": .object([
                "name": .string, "isPaused": .boolean, "polling": .choice(["enabled", "disabled"]),
                "isPollingActive": .boolean, "lastPollTimestamp": .nullable(.time),
            ]), "metrics?": queueMetrics, "activeJobs?": .array(activeJob),
            "recentlyCompletedJobs?": .array(activeJob.with(["finishedOn": .nullable(.integer)])),
            "issues": .array(.string),
            "recentFailures?": .array(
                .object([
                    "id": .string, "name": .string, "failedReason": .string, "attemptsMade": .integer,
                    "timestamp": .integer,
                ])), "error?": .string,
        ]))
}
