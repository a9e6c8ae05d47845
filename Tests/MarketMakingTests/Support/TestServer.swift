import Exchanges
import Ledger
import Logging
import Persistence
import Scheduling
import Synchronization
import TestSupport
import TradingCore

@testable import MarketMaking

/// A supervisor on a database and an exchange of the test's. ``kill()`` ends it as a SIGKILL would: nothing is told,
/// nothing is finished.
final class TestServer: Sendable {
    let supervisor: StrategySupervisor
    let database: ObservedDatabase
    let registry = ScheduleRegistry()
    let place: DatabaseLocation
    private let tasks: [Task<Void, Never>]

    static let migrations = LedgerMigrations.all + MarketMakingMigrations.all

    /// - Parameters:
    ///   - haltReserve: room beside the database for halts that it does not take.
    ///   - prepare: makes its database fail from the first moment on, for instance.
    init(
        _ exchange: any ExchangeConnector, _ place: DatabaseLocation, time: any TimeSource,
        haltReserve: HaltReserve? = nil,
        lease: ((any SQLDatabase, ScheduleRegistry) -> TradingLease)? = nil,
        prepare: (ObservedDatabase) -> Void = { _ in }
    ) async throws {
        self.place = place
        database = ObservedDatabase(try await Databases.open(place))
        _ = try await Migrator(Self.migrations).migrate(database.real)
        prepare(database)
        let alarms = AlarmClock(time: time, registry: registry)
        let supervisor = StrategySupervisor(
            RuntimeContext(
                database: database, time: time, alarms: alarms, registry: registry,
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
                lease: lease?(database, registry), haltReserve: haltReserve),
            directory: OneExchange(exchange))
        self.supervisor = supervisor
        tasks = [Task { await alarms.run() }, Task { await supervisor.run() }]
    }

    func kill() async {
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        await database.close()
    }

    /// Asks until something is so; fails after ten seconds.
    func wait(
        _ what: String, _ isSo: @Sendable () async throws -> Bool
    ) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(10)
        var attempts = 0
        while try await !isSo() {
            attempts += 1
            // Beside a hundred busy tests a minute may pass between two looks: time alone proves nothing.
            guard clock.now < deadline || attempts < 500 else { throw TestTimeout(what: what) }
            try await clock.sleep(for: .milliseconds(2))
        }
    }
}

/// One exchange whose account may be taken away.
private struct OneExchange: ExchangeDirectory {
    let connectors: [any ExchangeConnector]

    init(_ exchange: any ExchangeConnector) { connectors = [exchange] }

    func connector(_ id: ExchangeID) -> (any ExchangeConnector)? {
        let connector = connectors.first { $0.id == id }
        guard let exchange = connector as? TestExchange, let network = exchange.state.withLock(\.otherNetwork) else {
            return connector
        }
        return OnOtherNetwork(exchange: exchange, network: network)
    }

    func changes() -> AsyncStream<Void> {
        (connectors.first as? TestExchange)?.bell.changes() ?? AsyncStream { $0.finish() }
    }
}

/// The same exchange as a connector to another of its networks sees it.
private struct OnOtherNetwork: ExchangeConnector {
    let exchange: TestExchange
    let network: String

    var id: ExchangeID { exchange.id }
    var displayName: String { exchange.displayName }
    var acceptanceWindow: Int64 { exchange.acceptanceWindow }

    func instruments() async throws(ConnectorError) -> [Instrument] { try await exchange.instruments() }

    func subscribe(
        _ symbol: Symbol, _ sink: @escaping @Sendable ([MarketRecord]) -> Void
    ) async throws(ConnectorError) -> Subscription { try await exchange.subscribe(symbol, sink) }

    func account(_ label: String) async throws(ConnectorError) -> any ExchangeAccount {
        try await exchange.account(label)
    }
}

struct TestTimeout: Error, CustomStringConvertible {
    let what: String
    var description: String { "waited in vain until \(what)" }
}
