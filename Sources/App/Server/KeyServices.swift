import API
import ExchangeKeys
import Exchanges
import Logging
import MarketMaking
import Networking
import Persistence
import Scheduling
import TradingCore

/// Keys of exchange accounts: opened, checked, and kept as they are stored.
struct KeyServices {
    let keyring: ExchangeKeyring
    private let caller: HTTPCaller

    /// - Throws: ``BadInput`` when what is stored does not open: nothing may trade then (H49).
    init(
        _ files: ServerFiles, _ secrets: ServerSecrets, database: any SQLDatabase, holder: any ExchangeAccountsHolder,
        alarms: AlarmClock, time: any TimeSource, users: @escaping @Sendable (String) async -> [String], logger: Logger
    ) async throws {
        let (key, file) = try await Self.encryption(files, secrets, database, time.now())
        try await Self.seed(files.configuration, database, key, time.now(), logger)
        let caller = try HTTPCaller()
        self.caller = caller
        let validator = NetworkKeyValidator(time: time) {
            (request, milliseconds) throws(HTTPFailure) in try await caller.send(request, within: milliseconds)
        }
        keyring = ExchangeKeyring(
            database: database, encryption: key, file: file, validator: validator, holder: holder, users: users,
            alarms: alarms, time: time, logger: logger)
        await keyring.reload()
    }

    func run() async {
        await keyring.run()
        await caller.shutdown()
    }

    static func encryption(
        _ files: ServerFiles, _ secrets: ServerSecrets, _ database: any SQLDatabase, _ now: Timestamp
    ) async throws -> (EncryptionKey, EncryptionKeyFolder?) {
        do { return try await secrets.encryption(files.configuration, database, now: now) } catch let error
            as ConfigurationErrors
        {
            throw BadInput(error.lines.joined(separator: "\nmrmarket: "))
        } catch let error as ExchangeKeyError { throw BadInput("\(error)") }
    }

    private static func seed(
        _ configuration: ServerConfiguration, _ database: any SQLDatabase, _ key: EncryptionKey, _ now: Timestamp,
        _ logger: Logger
    ) async throws {
        let given = EnvironmentKey.all(of: ConfigurationKey.exchangeNames) { configuration.text($0) }
        guard !given.isEmpty else { return }
        let added = try await database.write {
            try EnvironmentKeySeeding(transaction: $0).carryOut(given, sealedTo: key, now: now)
        }
        if !added.isEmpty { logger.notice("taken from the environment: \(added.joined(separator: ", "))") }
    }
}
