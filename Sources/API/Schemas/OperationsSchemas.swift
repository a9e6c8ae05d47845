import Jobs
import Ledger

/// Jobs, sagas, outgoing messages and the ledger.
extension Schema {
    static let job = Schema.named(
        "Job",
        .object([
            "id": .string, "queue": .string, "kind": .string, "customId": .nullable(.string),
            "serialKey": .nullable(.string), "state": .choice(JobState.allCases.map(\.rawValue)), "priority": .integer,
            "arguments": .string, "attempts": .integer, "failures": .integer, "rescues": .integer, "enqueuedAt": .time,
            "runAt": .time, "startedAt": .nullable(.time), "finishedAt": .nullable(.time),
            "progress": .nullable(.string), "reason": .nullable(.string),
        ]))

    static let jobGone = Schema.object(["id": .string, "state": .choice(["removed"])])
    static let queueSwitch = Schema.object(["queue": .string, "isPaused": .boolean])

    // MARK: - Sagas

    private static let sagaStatus = Schema.choice(SagaStatus.allCases.map(\.rawValue))

    static let saga = Schema.named(
        "Saga",
        .object([
            "kind": .string, "isKnown": .boolean, "id": .string, "step": .string, "status": sagaStatus,
            "parkedReason": .nullable(.string), "state": .string, "version": .integer, "deadline": .nullable(.time),
            "startedAt": .time, "updatedAt": .time,
        ]))

    static let sagas = Schema.object([
        "kinds": .array(.string), "stuck": .array(saga),
        "counts": .array(
            .object(["kind": .string, "isKnown": .boolean, "step": .string, "status": sagaStatus, "count": .integer])),
    ])

    static let sagaStory = Schema.named(
        "SagaStory",
        .object([
            "saga": saga,
            "history": .array(
                .object([
                    "version": .integer, "kind": .string, "at": .time, "event": .nullable(.string), "from": .string,
                    "to": .string, "reason": .nullable(.string), "cause": .string, "commands": .array(.string),
                    "isHeld": .boolean,
                ])),
        ]))

    // MARK: - Messages

    static let outbox = Schema.object([
        "pending": .integer, "oldestPending": .nullable(.time), "failingLanes": .integer, "parkedLanes": .integer,
        "lanes": .array(
            .object([
                "topic": .string, "key": .string, "pending": .integer, "failures": .integer,
                "lastFailure": .nullable(.string), "isParked": .boolean, "readyAt": .time,
            ])),
    ])
    static let lane = Schema.object(["topic": .string, "key": .string])
    static let message = Schema.object(["id": .string])

    // MARK: - Ledger

    static let balance = Schema.named(
        "Balance",
        .object([
            "account": .string, "available": .money, "locked": .money, "total": .money, "entries": .integer,
            "head": .string,
        ]))

    static let entries = Schema.object([
        "balance": balance,
        "entries": .array(
            .object([
                "sequence": .integer, "step": .string, "kind": .string, "counterparty": .string, "available": .money,
                "locked": .money, "postedAt": .time, "hash": .string,
            ])),
    ])
}
