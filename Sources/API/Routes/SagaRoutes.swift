import Jobs
import Persistence
import Scheduling
import TradingCore

/// Where business processes and outgoing messages stand, for the admin.
struct SagaRoutes {
    let operations: Operations

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/admin/sagas",
                "Sagas that need somebody, how many are at each step, and which kinds this server knows",
                tag: "sagas", answers: .json(.sagas), parameters: [Self.limit]
            ) { input in
                let (now, limit) = (operations.time.now(), Int(input.integer("limit") ?? 100))
                let (stuck, counts) = try await operations.look { transaction in
                    let store = SagaStore(transaction: transaction)
                    return (try store.stuck(limit: limit, now: now), try store.counts())
                }
                return .json(
                    .object([
                        "kinds": .array(operations.sagas.map { .string($0.kind) }),
                        "stuck": .array(stuck.map(shown)), "counts": .array(counts.map(shown)),
                    ]))
            },
            Endpoint(
                .get, "/admin/sagas/:kind", "Sagas of a kind", tag: "sagas", answers: .json(.array(.saga)),
                parameters: [
                    .path("kind"), .query("step", isRequired: false),
                    .query("status", .choice(SagaStatus.allCases.map(\.rawValue)), isRequired: false),
                    .query("after", isRequired: false, "The last id of the page before"), Self.limit,
                ]
            ) { input in .json(.array(try await list(input).map(shown))) },
            Endpoint(
                .get, "/admin/sagas/:kind/:id", "One saga and all that happened to it", tag: "sagas",
                answers: .json(.sagaStory),
                parameters: [.path("kind"), .path("id")]
            ) { input in .json(try await show(input)) },
            Endpoint(
                .post, "/admin/sagas/:kind/:id/retry", "Let a parked saga handle again what parked it", tag: "sagas",
                answers: .json(.sagaStory),
                parameters: [.path("kind"), .path("id")], status: 200
            ) { input in
                try await operate(input) { saga, id, transaction, now in
                    _ = try saga.retry(id, by: "admin", in: transaction, now: now)
                }
            },
            Endpoint(
                .post, "/admin/sagas/:kind/:id/resolve", "Put a parked saga into another state by hand", tag: "sagas",
                answers: .json(.sagaStory),
                parameters: [.path("kind"), .path("id"), .body("state", .string, "JSON"), .body("note")], status: 200
            ) { input in
                let (state, note) = (try input.required("state"), try input.required("note"))
                return try await operate(input) { saga, id, transaction, now in
                    _ = try saga.resolve(id, stateJSON: state, by: "admin", note: note, in: transaction, now: now)
                }
            },
            Endpoint(
                .get, "/admin/outbox", "Messages that wait, and lanes that fail", tag: "outbox",
                answers: .json(.outbox),
                parameters: [
                    .query(
                        "afterTopic", isRequired: false, "The last lane's of the page before, together with afterKey"),
                    .query("afterKey", isRequired: false), Self.limit,
                ]
            ) { input in
                let (after, limit) = (try Self.lane(input), Int(input.integer("limit") ?? 100))
                let (metrics, lanes) = try await operations.look { transaction in
                    let outbox = Outbox(transaction: transaction)
                    return (try outbox.metrics(), try outbox.failingLanes(after: after, limit: limit))
                }
                return .json(
                    .object([
                        "pending": .number(metrics.pendingMessages),
                        "oldestPending": metrics.oldestPending.map(JSONTree.time) ?? .null,
                        "failingLanes": .number(metrics.failingLanes), "parkedLanes": .number(metrics.parkedLanes),
                        "lanes": .array(lanes.map(JSONTree.init)),
                    ]))
            },
            Endpoint(
                .post, "/admin/outbox/retry", "Let a failing or parked lane try again at once", tag: "outbox",
                answers: .json(.lane),
                parameters: [.body("topic"), .body("key")], status: 200
            ) { input in
                let lane = OutboxLane(topic: try input.required("topic"), key: try input.required("key"))
                let isDone = try await operations.change { try Outbox(transaction: $0).retry(lane, now: $1) }
                guard isDone else { throw APIError.typed(409, "Lane \(lane) is being sent, or has nothing to send") }
                return .json(.object(["topic": .string(lane.topic), "key": .string(lane.key)]))
            },
            Endpoint(
                .post, "/admin/outbox/discard", "Give a message up for good", tag: "outbox", answers: .json(.message),
                parameters: [.body("id", .string, "The message's id")], status: 200
            ) { input in
                let id = try input.required("id")
                guard try await operations.change({ try Outbox(transaction: $0).discard(id, now: $1) }) else {
                    throw APIError.typed(409, "No message \(id) waits")
                }
                return .json(.object(["id": .string(id)]))
            },
        ]
    }

    private static let limit = Parameter.query("limit", .integer(1...1_000), isRequired: false, "100 if absent")

    /// The lane to go on after; nil begins at the first.
    private static func lane(_ input: EndpointInput) throws -> OutboxLane? {
        switch (input.text("afterTopic"), input.text("afterKey")) {
        case (nil, nil): return nil
        case (let topic?, let key?): return OutboxLane(topic: topic, key: key)
        case (_?, nil): throw APIError.invalid(["afterKey: is required, a text, beside afterTopic"])
        case (nil, _?): throw APIError.invalid(["afterTopic: is required, a text, beside afterKey"])
        }
    }

    /// What this server has no program for is shown all the same: a newer one's, or one that was left out.
    private func isKnown(_ kind: String) -> Bool { operations.sagas.contains { $0.kind == kind } }

    private func shown(_ saga: SagaRecord) -> JSONTree { JSONTree(saga, isKnown: isKnown(saga.kind)) }

    private func shown(_ count: SagaCount) -> JSONTree { JSONTree(count, isKnown: isKnown(count.kind)) }

    private func list(_ input: EndpointInput) async throws -> [SagaRecord] {
        let (kind, step) = (try input.required("kind"), input.text("step"))
        let status = input.text("status").flatMap { SagaStatus(rawValue: $0) }
        let (after, limit) = (input.text("after") ?? "", Int(input.integer("limit") ?? 100))
        return try await operations.look {
            try SagaStore(transaction: $0).list(kind: kind, step: step, status: status, after: after, limit: limit)
        }
    }

    private func show(_ input: EndpointInput) async throws -> JSONTree {
        let (kind, id) = (try input.required("kind"), try input.required("id"))
        do {
            let (record, history) = try await operations.look {
                try SagaStore(transaction: $0).show(kind: kind, id: id)
            }
            return .object(["saga": shown(record), "history": .array(history.map(JSONTree.init))])
        } catch let error as SagaError { throw APIError.typed(404, "\(error)") }
    }

    private func operate(
        _ input: EndpointInput,
        _ body: @escaping @Sendable (any SagaOperations, String, any SQLTransaction, Timestamp) throws -> Void
    ) async throws -> Answer {
        let (kind, id) = (try input.required("kind"), try input.required("id"))
        guard let saga = operations.sagas.first(where: { $0.kind == kind }) else {
            _ = try await show(input)
            throw APIError.typed(409, "This server has no program for sagas of kind \(kind)")
        }
        do { try await operations.change { try body(saga, id, $0, $1) } } catch let error as SagaError {
            throw APIError.typed(409, "\(error)")
        } catch is DecodingError { throw APIError.invalid(["state: must be JSON of a state of \(kind)"]) }
        return .json(try await show(input))
    }
}

extension JSONTree {
    init(_ saga: SagaRecord, isKnown: Bool) {
        self = .object([
            "kind": .string(saga.kind), "isKnown": .bool(isKnown), "id": .string(saga.id), "step": .string(saga.step),
            "status": .string(saga.status.rawValue), "parkedReason": saga.parkedReason.map(JSONTree.string) ?? .null,
            "state": .string(saga.state), "version": .number(saga.version),
            "deadline": saga.deadline.map(JSONTree.time) ?? .null, "startedAt": .time(saga.startedAt),
            "updatedAt": .time(saga.updatedAt),
        ])
    }

    init(_ entry: SagaHistoryEntry) {
        self = .object([
            "version": .number(entry.version), "kind": .string(entry.kind.rawValue), "at": .time(entry.at),
            "event": entry.event.map(JSONTree.string) ?? .null, "from": .string(entry.fromStep),
            "to": .string(entry.toStep), "reason": entry.reason.map(JSONTree.string) ?? .null,
            "cause": .string(entry.cause), "commands": .array(entry.commands.map(JSONTree.string)),
            "isHeld": .bool(entry.isHeld),
        ])
    }

    init(_ count: SagaCount, isKnown: Bool) {
        self = .object([
            "kind": .string(count.kind), "isKnown": .bool(isKnown), "step": .string(count.step),
            "status": .string(count.status.rawValue),
            "count": .number(count.count),
        ])
    }

    init(_ lane: OutboxLaneReport) {
        self = .object([
            "topic": .string(lane.lane.topic), "key": .string(lane.lane.key), "pending": .number(lane.pending),
            "failures": .number(lane.failures), "lastFailure": lane.lastFailure.map(JSONTree.string) ?? .null,
            "isParked": .bool(lane.isParked), "readyAt": .time(lane.readyAt),
        ])
    }
}
