import ExchangeKeys
import Exchanges
import Logging
import Persistence
import Scheduling
import Synchronization
import TestSupport
import TradingCore

/// The real keyring over the test's database; only the exchange is played.
struct KeyDeskBench: Sendable {
    let keyring: ExchangeKeyring
    let exchange = PlayedExchange()
    let publicKey: String

    init(_ database: any SQLDatabase, _ time: any TimeSource, _ logger: Logger) throws {
        guard let key = EncryptionKey(base64: Secret("MgQ3LwWFc2kdkOzkNk3jWVH832qiTjPMuBT8jV2DEBE=")) else {
            throw NoToken(answer: "no key")
        }
        publicKey = key.publicText
        keyring = ExchangeKeyring(
            database: database, encryption: key, file: PlayedKeyFile(), validator: exchange, holder: NoAccounts(),
            alarms: AlarmClock(time: time, registry: ScheduleRegistry()), time: time, logger: logger)
    }

    func sealed(_ text: String) -> String { SealedBox.seal(Secret(text), toPublic: publicKey) ?? "" }
}

/// Says of every key what a test wants it to.
final class PlayedExchange: KeyValidator {
    private let word = Mutex<Result<KeyPermissions, KeyRefusal>>(
        .success(KeyPermissions(canRead: true, canTrade: true, canWithdraw: false)))

    func say(_ word: Result<KeyPermissions, KeyRefusal>) { self.word.withLock { $0 = word } }
    func supports(_ exchange: ExchangeID) -> Bool { ["binance", "okx"].contains(exchange.rawValue) }

    func permissions(of account: ExchangeAccountSettings) async throws(KeyRefusal) -> KeyPermissions {
        try word.withLock { $0 }.get()
    }
}

struct PlayedKeyFile: EncryptionKeyFile {
    func keepNext(_ key: Secret) throws(ExchangeKeyError) {}
    func promoteNext() throws(ExchangeKeyError) {}
    func dropNext() {}
}

struct NoAccounts: ExchangeAccountsHolder {
    var connectors: [any ExchangeConnector] { [] }
    var states: [ExchangeAccountState] { [] }
    func connector(_ id: ExchangeID) -> (any ExchangeConnector)? { nil }
    func refresh(_ accounts: [ExchangeAccountSettings]) -> [ExchangeAccountProblem] { [] }
    func keyIsGood(_ exchange: ExchangeID, _ label: String) {}
}
