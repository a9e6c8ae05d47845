import API
import ExchangeKeys
import Exchanges
import Foundation
import Logging
import MarketMaking
import Networking
import Persistence
import Scheduling
import TradingCore

/// Keys of exchange accounts: opened, checked, and kept as they are stored.
struct KeyServices {
    let keyring: ExchangeKeyring

    init(
        _ encryption: (key: EncryptionKey, file: EncryptionKeyFolder?), database: any SQLDatabase,
        exchanges: LiveExchanges, sidecar: SidecarServices, alarms: AlarmClock, time: any TimeSource,
        users: @escaping @Sendable (String) async -> [String], logger: Logger
    ) async {
        let caller = exchanges.caller
        let native = NetworkKeyValidator(time: time, manners: exchanges.manners) {
            (request, milliseconds) throws(HTTPFailure) in
            try await caller.send(request, within: milliseconds)
        }
        var validators: [any KeyValidator] = [native]
        if let validator = sidecar.validator { validators.append(validator) }
        keyring = ExchangeKeyring(
            database: database, encryption: encryption.key, file: encryption.file, validator: KeyValidators(validators),
            holder: exchanges.registry, users: users, alarms: alarms, time: time, logger: logger)
        await keyring.reload()
    }

    func run() async { await keyring.run() }

    /// The encryption key, and keys of the environment taken in.
    /// - Throws: ``BadInput`` when what is stored does not open: nothing may trade then (H49).
    static func open(
        _ files: ServerFiles, _ secrets: ServerSecrets, _ database: any SQLDatabase, _ now: Timestamp, _ logger: Logger
    ) async throws -> (key: EncryptionKey, file: EncryptionKeyFolder?) {
        let opened = try await encryption(files, secrets, database, now)
        try await seed(files.configuration, database, opened.key, now, logger)
        return opened
    }

    static func encryption(
        _ files: ServerFiles, _ secrets: ServerSecrets, _ database: any SQLDatabase, _ now: Timestamp
    ) async throws -> (key: EncryptionKey, file: EncryptionKeyFolder?) {
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
        var given = EnvironmentKey.all(of: ConfigurationKey.exchangeNames) { configuration.text($0) }
        guard !given.isEmpty else { return }
        let (settings, faults) = ExchangeAccountSettings.read(
            environment: ProcessInfo.processInfo.environment, exchanges: NativeExchange.allCases.map(\.id))
        guard faults.isEmpty else { throw BadInput(faults.joined(separator: "\nmrmarket: ")) }
        for index in given.indices {
            let match = settings.first { $0.exchange == given[index].exchange && $0.label == given[index].label }
            guard let match else { continue }
            given[index].connection = KeyConnection(
                environment: match.environment, deadMansSwitchSeconds: match.deadMansSwitchSeconds,
                receiveWindow: match.receiveWindow)
        }
        let keys = given
        let seeded = try await database.write {
            try EnvironmentKeySeeding(transaction: $0).carryOut(keys, sealedTo: key, now: now)
        }
        if !seeded.added.isEmpty {
            logger.notice("taken from the environment: \(seeded.added.joined(separator: ", "))")
        }
        for line in seeded.leftOut { logger.error("\(line)") }
    }
}
