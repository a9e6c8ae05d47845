import API
import ArgumentParser
import ExchangeKeys
import Exchanges
import Foundation
import Logging
import MarketMaking
import Networking
import Persistence
import Scheduling
import ServiceLifecycle
import Simulators
import TradingCore

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the server: API, strategies, and the paper exchange.")

    @OptionGroup var paper: PaperOptions

    @Option(
        help: "Trade on the paper exchange that `mrmarket paper-exchange` runs on this socket, with the same market.")
    var exchangeSocket: String?

    @Flag(help: "Start the example strategy when there is none yet.")
    var example = false

    @Flag(help: "Log to the terminal even where a status line stands.")
    var verbose = false

    func run() async throws {
        // Before anything secret is read.
        ProcessHardening.apply()
        let signals = await EndingSignals()
        try await withThrowingTaskGroup { group in
            group.addTask { await signals.follow() }
            // What the disk says at a start, of whichever file.
            do { try await serve(until: signals) } catch let error as SQLError { throw BadInput("\(error)") }
            group.cancelAll()
        }
    }

    private func serve(until signals: EndingSignals) async throws {
        let descriptors = FileDescriptors.raiseLimit()
        let files = try ServerFiles()
        try PortCheck.requireFree(files.configuration)
        let exchangeConfiguration = try paper.configuration()
        let logger = makeLogger(files)
        let time = SystemTime()
        let database = try await files.openDatabase().database
        await MoneyServices.tellFindings(database, logger)
        let secrets = try loadSecrets(files)
        for name in files.configuration.unknownNames {
            logger.warning(".env: \(name.prefix(64)) is no setting of the server, and is passed over")
        }
        for weakness in ServerSecrets.weaknesses(files.configuration) { logger.warning("\(weakness)") }
        for exposure in ServerSecrets.exposures(files.configuration) { logger.warning("\(exposure)") }
        let registry = ScheduleRegistry()
        let exchange = try await reachExchange(exchangeConfiguration, files, time, registry, logger)
        let sidecar = SidecarServices(files.configuration, time, registry, logger)
        let alarms = AlarmClock(time: time, registry: registry)
        let halts = try haltReserve(files, logger)
        let mark = try await OrderMarkStore.mark(of: database, random: SystemRandom(), now: time.now())
        // Before anything is made that would have to be closed.
        let encryption = try await KeyServices.open(files, secrets, database, time.now(), logger)
        let exchanges = try LiveExchanges(
            fixed: [exchange.connector], sidecar: sidecar, folder: files.configuration.dataFolder,
            orderMark: mark, time: time, schedules: registry, logger: logger)
        let lease = tradingLease(files, database, time, registry, logger)
        let supervisor = StrategySupervisor(
            RuntimeContext(
                database: database, time: time, alarms: alarms, registry: registry, logger: logger,
                installation: mark.installation, lease: lease, haltReserve: halts),
            directory: exchanges.registry)
        let keys = await KeyServices(
            encryption, database: database, exchanges: exchanges, sidecar: sidecar, alarms: alarms, time: time,
            users: { await supervisor.users(of: $0) }, logger: logger)
        let money = MoneyServices(
            database: database, configuration: files.configuration, alarms: alarms, time: time, logger: logger)
        var api = APIServer(
            desk: supervisor, operations: money.operations, configuration: files.configuration, secrets: secrets,
            registry: registry, time: time, keys: keys.keyring,
            swaggerFolder: files.swaggerFolder, limits: .within(descriptors: descriptors), logger: logger,
            catalog: sidecar.catalog)
        api.healthLasting = 5 * Nanoseconds.perMillisecond
        let caller = exchanges.caller
        let transfers = ExchangeTransfers(
            keyring: keys.keyring, database: database, allowed: files.configuration.transferNetworks, time: time,
            logger: logger, manners: exchanges.manners, makeID: { UUID().uuidString }
        ) { (request, milliseconds) throws(HTTPFailure) in try await caller.send(request, within: milliseconds) }
        api.transfers = transfers
        let follower = WithdrawalFollower(transfers, alarms: alarms, time: time)
        let symbol = exchangeConfiguration.listings[0].instrument.id.symbol
        let clock = ClockWatch(time: time, registry: registry, difference: { time.wallIsAhead() }) {
            logger.warning("\($0)")
        }
        let outcome = ShutdownOutcome()
        let drain = ClientDrain(time: time)
        let services: [any Service] = [
            BackgroundService { await alarms.run() }, BackgroundService { await clock.run() }, money.worker,
            money.relay,
            BackgroundService { await keys.run() }, BackgroundService { await follower.run() },
            BackgroundService { await exchange.run() }, BackgroundService { await sidecar.run() },
            HTTPService(api: api, files: files, secrets: secrets, drain: drain),
            StatusService(
                desk: supervisor, symbol: symbol, startsExample: example, time: time, registry: registry,
                showsLine: showsLine),
        ]
        var configuration = ServiceGroupConfiguration(
            services: ServiceOrder.configurations(
                services, pages: PageCheckService(database: database),
                supervisor: SupervisorService(supervisor: supervisor, outcome: outcome)),
            logger: quiet(logger))
        configuration.maximumGracefulShutdownDuration = Self.shutdownLimit
        let group = ServiceGroup(configuration: configuration)
        signals.end(group, drain)
        do { try await group.run() } catch {
            await exchanges.close(isClean: false)
            throw error
        }
        await exchanges.close(isClean: outcome.isClean)
        await database.close()
        if Terminal.isInteractive { Terminal.clearStatus() }
        guard outcome.isClean else {
            Terminal.error(
                "Stopped. Nobody confirmed that every own order is cancelled: look at the exchange, or start again.")
            throw ExitCode(1)
        }
        guard await supervisor.haltsOfThisProcess.isEmpty else {
            Terminal.error("Stopped, but a halt could not be stored: set it again, or the next start trades.")
            throw ExitCode(1)
        }
        Terminal.error(
            "Stopped. Own orders cancelled but for those placed by hand, what ran goes on at the next start.")
    }

    /// Of a database that other servers trade on, the file would be on the wrong machine.
    private func haltReserve(_ files: ServerFiles, _ logger: Logger) throws -> HaltReserve? {
        guard files.isEmbedded else { return nil }
        do { return try HaltReserve(beside: files.database) } catch {
            // Whatever an earlier process kept there must not be passed over.
            guard error.holdsNothing else {
                throw BadInput("\(files.database)-halts: cannot be read, and may hold a halt: \(error)")
            }
            logger.error("no room is kept for halts while the disk is full: \(error)")
            return nil
        }
    }

    /// The supervisor's own limit, and some for clients; less than systemd waits.
    private static let shutdownLimit = Duration.seconds(20)

    private var showsLine: Bool { Terminal.isInteractive && !verbose }

    private func makeLogger(_ files: ServerFiles) -> Logger {
        var logger = Logger(label: "mrmarket", factory: { LineLogHandler(label: $0) })
        // However the process ends by itself, nothing of its log is left behind.
        atexit { LogLines.standardError.flush() }
        logger.logLevel = Logger.Level(rawValue: files.configuration.logLevel) ?? .info
        // A status line and a log of every request do not go together.
        if showsLine { logger.logLevel = max(logger.logLevel, .warning) }
        return logger
    }

    private func quiet(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.logLevel = .error
        return quiet
    }

    /// A file is one server's alone; what a database server holds, only one of those that share it trades on.
    private func tradingLease(
        _ files: ServerFiles, _ database: any SQLDatabase, _ time: any TimeSource, _ registry: ScheduleRegistry,
        _ logger: Logger
    ) -> TradingLease? {
        if files.isEmbedded { return nil }
        return TradingLease(
            database, node: files.configuration.nodeName, time: time, registry: registry, logger: logger
        ) {
            // As after SIGKILL: whatever a careful end would still send could only disturb the server that trades now.
            Terminal.error("mrmarket: another server has taken over trading on this database, this one ends")
            _exit(1)
        }
    }

    private func loadSecrets(_ files: ServerFiles) throws -> ServerSecrets {
        do {
            return try ServerSecrets.load(
                files.configuration, hasDatabase: true, random: SystemRandom())
        } catch { throw BadInput(error.lines.joined(separator: "\nmrmarket: ")) }
    }

    /// The paper exchange in this process, or the way to one in another.
    private func reachExchange(
        _ configuration: PaperExchangeConfiguration, _ files: ServerFiles, _ time: any TimeSource,
        _ registry: ScheduleRegistry, _ logger: Logger
    ) async throws -> (connector: any ExchangeConnector, run: @Sendable () async -> Void) {
        let schedule = registry.schedule("paper exchange")
        if let exchangeSocket {
            let connector = PaperSocketConnector(configuration, path: exchangeSocket, time: time, logger: logger)
            return (connector, { await connector.run(schedule) })
        }
        let exchange = try await PaperExchange.open(configuration, files.paperJournal, time, logger)
        return (PaperConnector(exchange), { await exchange.run(schedule) })
    }
}
