import ExchangeKeys
import Exchanges
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Jobs
import Ledger
import Logging
import NIOCore
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import API

/// The API over a recording desk, with a clock that stands still unless a test moves it.
struct TestAPI: Sendable {
    static let password = "correct horse battery staple"
    let desk = RecordingDesk()
    let database: MemoryDatabase
    let time = ManualTime(Timestamp(nanoseconds: 1_760_000_000_000_000_000))
    let log = LogLines()
    let keys: KeyDeskBench
    let transfers = PlayedTransfers()
    let server: APIServer

    init(
        throttle: Int = 1_000_000, logins: Int = 1_000_000, operations: Operations? = nil,
        makeOperations: ((MemoryDatabase, ManualTime) -> Operations)? = nil,
        sagas: [any SagaOperations] = [], worker: @escaping @Sendable () -> JobWorkerReport? = { nil },
        catalog: ExchangeCatalog = .unknowing
    ) throws {
        let log = self.log
        database = try MemoryDatabase()
        keys = try KeyDeskBench(database, time, Logger(label: "test", factory: { _ in LogCollector(lines: log) }))
        var server = APIServer(
            desk: desk,
            operations: operations ?? makeOperations?(database, time)
                ?? Operations(
                    database: database, time: time, alarms: AlarmClock(time: time, registry: ScheduleRegistry()),
                    queues: ["payments", "snapshots"], worker: worker, sagas: sagas),
            configuration: try ServerConfiguration(environment: [
                "THROTTLE_LIMIT": "\(throttle)", "THROTTLE_LOGIN_LIMIT": "\(logins)",
            ]),
            secrets: ServerSecrets(
                adminPassword: Secret(Self.password), signingKey: Secret("short"),
                encryptionKey: Secret("")), registry: ScheduleRegistry(), time: time, keys: keys.keyring,
            swaggerFolder: nil,
            logger: Logger(label: "test", factory: { _ in LogCollector(lines: log) }), catalog: catalog)
        server.transfers = transfers
        self.server = server
    }

    func withClient(_ body: @Sendable (any TestClientProtocol) async throws -> Void) async throws {
        try await Migrator(
            LedgerMigrations.all + JobsMigrations.all + OutboxMigrations.all + SagaMigrations.all
                + ExchangeKeyMigrations.all
        ).migrate(database)
        let application = Application(router: await server.router(), logger: server.logger)
        let document = try await document()
        try await application.test(.router) { client in
            try await body(ConformingClient(client: client, document: document))
        }
    }

    static func token(_ client: any TestClientProtocol) async throws -> String {
        let hash = AdminPassword.hash(Secret(password))
        let answer = try await client.execute(
            uri: "/auth/login", method: .post, headers: [.contentType: "application/json"],
            body: ByteBuffer(string: "{\"password\":\"\(hash)\"}"))
        let value = try JSONValue(String(buffer: answer.body))
        guard case .string(let token)? = value["access_token"] else { throw NoToken(answer: "\(value)") }
        return token
    }
}

extension ExchangeCatalog {
    /// Is there, and knows no exchange.
    static let unknowing = ExchangeCatalog(
        names: { () throws(Failure) in [] }, details: { _ throws(Failure) in throw .unknownExchange },
        markets: { _ throws(Failure) in throw .unknownExchange })
}

struct NoToken: Error { var answer: String }

/// What was logged, a text a line.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}

struct LogCollector: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.add("\(event.level) \(event.message) \(event.metadata ?? [:])")
    }
}

extension TestResponse {
    var text: String { String(buffer: body) }
    func json() throws -> JSONValue { try JSONValue(text) }
}
