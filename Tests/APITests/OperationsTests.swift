import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Jobs
import Ledger
import NIOCore
import Persistence
import TestSupport
import Testing
import TradingCore

@testable import API

/// What operators see and do of queues, messages and the ledger, over the real stores.
@Suite struct OperationsTests {
    struct Pay: JobArguments {
        static let kind = "pay"
        static let queue: QueueName = "payments"
        var order: String
    }

    private struct Client {
        let client: any TestClientProtocol
        let token: String

        func send(_ method: HTTPRequest.Method, _ path: String, _ body: String? = nil) async throws -> TestResponse {
            try await client.execute(
                uri: path, method: method,
                headers: [.authorization: "Bearer \(token)", .contentType: "application/json"],
                body: body.map { ByteBuffer(string: $0) })
        }
    }

    private func with(_ api: TestAPI, _ body: @Sendable (Client) async throws -> Void) async throws {
        try await api.withClient { client in
            try await body(Client(client: client, token: try await TestAPI.token(client)))
        }
    }

    /// A job that has failed for good.
    private func dead(_ api: TestAPI, _ name: String) throws -> JobID {
        try api.database.transact { transaction in
            let store = JobStore(transaction: transaction)
            let job = try store.enqueue(Pay(order: name), JobOptions(id: name), now: api.time.now()).id
            let worker = try JobWorkerStore(transaction: transaction).register(
                node: "test", ownsDatabase: false, lease: .seconds(60), now: api.time.now())
            let claimed = try store.claim("payments", limit: 10, worker: worker, now: api.time.now()).jobs
            let mine = try #require(claimed.first { $0.id == job })
            _ = try store.fail(mine, .deadLetter, reason: "no such account", now: api.time.now())
            return job
        }
    }

    // MARK: - Queues

    @Test func `a dead letter is listed with its reason, retried, and discarded`() async throws {
        let api = try TestAPI()
        try await with(api) { client in
            let id = try dead(api, "a")
            let listed = try await client.send(.get, "/admin/jobs?queue=payments&state=dead").json()
            #expect(listed[0]?["id"] == .string("\(id)"))
            #expect(listed[0]?["reason"] == .string("no such account"))
            #expect(listed[0]?["arguments"] == .string(#"{"order":"a"}"#))
            let retried = try await client.send(.post, "/admin/jobs/\(id)/retry")
            #expect(retried.status == .ok)
            #expect(try retried.json()["state"] == .string("ready"))
            let again = try await client.send(.post, "/admin/jobs/\(id)/discard")
            #expect(again.status == .conflict, "a job that may run is no dead letter: \(again.text)")
            let other = try dead(api, "b")
            #expect(try await client.send(.post, "/admin/jobs/\(other)/discard").status == .ok)
            #expect(try await client.send(.post, "/admin/jobs/999999/retry").status == .notFound)
        }
    }

    @Test func `a queue is paused and resumed, and its health says so`() async throws {
        let api = try TestAPI()
        try await with(api) { client in
            #expect(try await client.send(.get, "/health/queues").status == .ok)
            #expect(try await client.send(.post, "/admin/queues/payments/pause").status == .ok)
            let paused = try await client.send(.get, "/health/queues")
            #expect(paused.status == .serviceUnavailable)
            #expect(paused.text.contains("Queue is paused"))
            #expect(try await client.send(.post, "/admin/queues/payments/resume").status == .ok)
            #expect(try await client.send(.get, "/health/queues").status == .ok)
            let unknown = try await client.send(.post, "/admin/queues/nonsense/pause")
            #expect(unknown.status == .badRequest)
        }
    }

    @Test func `work that nobody takes up is critical, and polling switched off is not (D46, D47)`() async throws {
        let api = try TestAPI()
        try await with(api) { client in
            let calm = try await client.send(.get, "/health/snapshots").json()
            #expect(calm["status"] == .string("healthy"))
            #expect(calm["queue"]?["polling"] == .string("disabled"))
            _ = try api.database.transact { transaction in
                try transaction.execute(
                    """
                    UPDATE jobs SET queue = 'snapshots' WHERE id = \(
                        try JobStore(transaction: transaction).enqueue(Pay(order: "x"), now: api.time.now()).id)
                    """)
            }
            api.time.advance(byNanoseconds: Nanoseconds.seconds(31))
            let stale = try await client.send(.get, "/health/snapshots").json()
            #expect(stale["status"] == .string("critical"))
            #expect(stale["issues"]?[0] == .string("No active workers processing waiting jobs"))
            #expect(stale["metrics"]?["waiting"] == .number("1"))
        }
    }

    @Test func `failures are shown newest first, at most ten, and over a hundred they are a warning (D47)`()
        async throws
    {
        let api = try TestAPI()
        try await with(api) { client in
            for number in 0...100 { _ = try dead(api, "j\(number)") }
            _ = try api.database.transact { try $0.execute("UPDATE jobs SET queue = 'snapshots'") }
            let health = try await client.send(.get, "/health/snapshots").json()
            #expect(health["status"] == .string("warning"))
            #expect(health["issues"]?[0] == .string("High failure rate: 101 failed jobs"))
            guard case .array(let failures)? = health["recentFailures"] else {
                Issue.record("no failures listed")
                return
            }
            #expect(failures.count == 10)
            #expect(failures[0]["id"] == .string("j100"))
            #expect(failures[0]["failedReason"] == .string("no such account"))
        }
    }

    @Test func `scrapers see every queue`() async throws {
        let api = try TestAPI()
        try await with(api) { client in
            _ = try dead(api, "a")
            let text = try await client.send(.get, "/health/prometheus").text
            #expect(text.contains(#"mrmarket_jobs{queue="payments",state="dead"} 1"#))
            #expect(text.contains(#"mrmarket_jobs_oldest_ready_seconds{queue="snapshots"} 0.0"#))
        }
    }

    // MARK: - Ledger

    @Test func `balances and entries are shown as they are booked`() async throws {
        let api = try TestAPI()
        try await with(api) { client in
            try api.database.transact { transaction in
                let ours = try LedgerAccount(.unallocated, "paper:default", AssetID("USDT"))
                let posting = try LedgerPosting(
                    key: "in-1",
                    .transfer(from: LedgerAccount(.world, "paper:default", AssetID("USDT")), to: ours, "12.5"))
                try LedgerStore(transaction: transaction).apply(posting, now: api.time.now())
            }
            let owner = "unallocated:paper:default"
            let balances = try await client.send(.get, "/admin/ledger/balances?owner=\(owner)").json()
            #expect(balances[0]?["available"] == .string("12.5"))
            #expect(balances[0]?["account"] == .string("unallocated:paper:default/USDT"))
            let shown = try await client.send(.get, "/admin/ledger/entries?account=\(owner)/USDT").json()
            #expect(shown["entries"]?[0]?["step"] == .string("in-1#0"))
            #expect(shown["entries"]?[0]?["available"] == .string("12.5"))
            #expect(try await client.send(.get, "/admin/ledger/entries?account=nonsense").status == .badRequest)
            #expect(try await client.send(.get, "/admin/ledger/entries?account=\(owner)/BTC").status == .notFound)
            #expect(try await client.send(.get, "/admin/ledger/balances?owner=moon:x").status == .badRequest)
        }
    }

    // MARK: - Outbox and sagas

    @Test func `messages that nobody takes are shown and can be given up`() async throws {
        let api = try TestAPI()
        try await with(api) { client in
            let id = try api.database.transact { transaction in
                try Outbox(transaction: transaction).put(
                    topic: "webhook", key: "order-1", name: "paid", payload: Array("{}".utf8), now: api.time.now())
            }
            #expect(try await client.send(.get, "/admin/outbox").json()["pending"] == .number("1"))
            #expect(try await client.send(.post, "/admin/outbox/discard", "{\"id\":\"\(id)\"}").status == .ok)
            #expect(try await client.send(.post, "/admin/outbox/discard", "{\"id\":\"\(id)\"}").status == .conflict)
            #expect(try await client.send(.get, "/admin/outbox").json()["pending"] == .number("0"))
            #expect(try await client.send(.get, "/admin/sagas").status == .ok)
            #expect(try await client.send(.get, "/admin/sagas/deposit/none").status == .notFound)
        }
    }
}

extension JSONValue {
    fileprivate subscript(index: Int) -> JSONValue? {
        if case .array(let values) = self, values.indices.contains(index) { values[index] } else { nil }
    }
}
