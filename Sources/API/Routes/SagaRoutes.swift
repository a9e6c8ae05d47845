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
                .get, "/admin/sagas", "Sagas that need somebody, and how many are at each step", tag: "sagas"
            ) { _ in
                let now = operations.time.now()
                let (stuck, counts) = try await operations.look { transaction in
                    let store = SagaStore(transaction: transaction)
                    return (try store.stuck(now: now), try store.counts())
                }
                return .json(
                    .object([
                        "stuck": .array(stuck.map(JSONTree.init)), "counts": .array(counts.map(JSONTree.init)),
                    ]))
            },
            Endpoint(
                .get, "/admin/sagas/:kind", "Sagas of a kind", tag: "sagas",
                parameters: [
                    .path("kind"), .query("step", isRequired: false),
                    .query("status", .choice(SagaStatus.allCases.map(\.rawValue)), isRequired: false),
                    .query("after", isRequired: false, "The last id of the page before"),
                    .query("limit", .integer(1...1_000), isRequired: false, "100 if absent"),
                ]
            ) { input in .json(.array(try await list(input).map(JSONTree.init))) },
            Endpoint(
                .get, "/admin/sagas/:kind/:id", "One saga and all that happened to it", tag: "sagas",
                parameters: [.path("kind"), .path("id")]
            ) { input in .json(try await show(input)) },
            Endpoint(
                .post, "/admin/sagas/:kind/:id/retry", "Let a parked saga handle again what parked it", tag: "sagas",
                parameters: [.path("kind"), .path("id")], status: 200
            ) { input in
                try await operate(input) { saga, id, transaction, now in
                    _ = try saga.retry(id, by: "admin", in: transaction, now: now)
                }
            },
            Endpoint(
                .post, "/admin/sagas/:kind/:id/resolve", "Put a parked saga into another state by hand", tag: "sagas",
                parameters: [.path("kind"), .path("id"), .body("state", .string, "JSON"), .body("note")], status: 200
            ) { input in
                let (state, note) = (try input.required("state"), try input.required("note"))
                return try await operate(input) { saga, id, transaction, now in
                    _ = try saga.resolve(id, stateJSON: state, by: "admin", note: note, in: transaction, now: now)
                }
            },
            Endpoint(.get, "/admin/outbox", "Messages that wait, and lanes that fail", tag: "outbox") { _ in
                let (metrics, lanes) = try await operations.look { transaction in
                    let outbox = Outbox(transaction: transaction)
                    return (try outbox.metrics(), try outbox.failingLanes())
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
                parameters: [.body("topic"), .body("key")], status: 200
            ) { input in
                let lane = OutboxLane(topic: try input.required("topic"), key: try input.required("key"))
                let isDone = try await operations.change { try Outbox(transaction: $0).retry(lane, now: $1) }
                guard isDone else { throw APIError.typed(409, "Lane \(lane) is being sent, or has nothing to send") }
                return .json(.object(["topic": .string(lane.topic), "key": .string(lane.key)]))
            },
            Endpoint(
                .post, "/admin/outbox/discard", "Give a message up for good", tag: "outbox",
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
            return .object(["saga": JSONTree(record), "history": .array(history.map(JSONTree.init))])
        } catch let error as SagaError { throw APIError.typed(404, "\(error)") }
    }

    private func operate(
        _ input: EndpointInput,
        _ body: @escaping @Sendable (any SagaOperations, String, any SQLTransaction, Timestamp) throws -> Void
    ) async throws -> Answer {
        let (kind, id) = (try input.required("kind"), try input.required("id"))
        guard let saga = operations.sagas.first(where: { $0.kind == kind }) else {
            throw APIError.typed(404, "No saga of kind \(kind) is known")
        }
        do { try await operations.change { try body(saga, id, $0, $1) } } catch let error as SagaError {
            throw APIError.typed(409, "\(error)")
        } catch is DecodingError { throw APIError.invalid(["state: must be JSON of a state of \(kind)"]) }
        return .json(try await show(input))
    }
}

extension JSONTree {
    init(_ saga: SagaRecord) {
        self = .object([
            "kind": .string(saga.kind), "id": .string(saga.id), "step": .string(saga.step),
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

    init(_ count: SagaCount) {
        self = .object([
            "kind": .string(count.kind), "step": .string(count.step), "status": .string(count.status.rawValue),
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
