import Exchanges
import Logging
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import ExchangeKeys

/// A validator that says what a test wants.
final class ScriptedValidator: KeyValidator {
    typealias Word = @Sendable (ExchangeAccountSettings) -> Result<KeyPermissions, KeyRefusal>

    private struct State {
        var word: Word = { _ in .success(KeyPermissions(canRead: true, canTrade: true, canWithdraw: false)) }
        var asked: [ExchangeAccountSettings] = []
    }

    private let state = Mutex(State())

    var asked: [ExchangeAccountSettings] { state.withLock { $0.asked } }

    func say(_ word: @escaping Word) { state.withLock { $0.word = word } }

    func supports(_ exchange: ExchangeID) -> Bool {
        ["binance", "okx", "mexc", "kucoin"].contains(exchange.rawValue)
    }

    func permissions(of account: ExchangeAccountSettings) async throws(KeyRefusal) -> KeyPermissions {
        let word = state.withLock { state in
            state.asked.append(account)
            return state.word
        }
        return try word(account).get()
    }
}

/// A holder that remembers every set of accounts it was given.
final class RecordingHolder: ExchangeAccountsHolder {
    private let state = Mutex<[[ExchangeAccountSettings]]>([])
    private let told = Mutex<[ExchangeAccountState]>([])

    var given: [[ExchangeAccountSettings]] { state.withLock { $0 } }
    var accounts: [String] { (given.last ?? []).map { "\($0.exchange)/\($0.label)" }.sorted() }
    var connectors: [any ExchangeConnector] { [] }
    var states: [ExchangeAccountState] { told.withLock { $0 } }

    func tell(_ states: [ExchangeAccountState]) { told.withLock { $0 = states } }

    private let good = Mutex<[String]>([])
    var knownGood: [String] { good.withLock { $0 } }

    func keyIsGood(_ exchange: ExchangeID, _ label: String) { good.withLock { $0.append("\(exchange)/\(label)") } }

    func connector(_ id: ExchangeID) -> (any ExchangeConnector)? { nil }

    func refresh(_ accounts: [ExchangeAccountSettings]) -> [ExchangeAccountProblem] {
        state.withLock { $0.append(accounts) }
        return []
    }
}

/// A place for the private key that a test can cut short.
final class MemoryKeyFile: EncryptionKeyFile {
    private let state = Mutex<(present: Secret, next: Secret?, failsToPromote: Bool)>((Secret(""), nil, false))

    init(_ key: EncryptionKey) { state.withLock { $0.present = key.privateText } }

    var present: EncryptionKey? { EncryptionKey(base64: state.withLock { $0.present }) }
    var next: EncryptionKey? { state.withLock { $0.next }.flatMap { EncryptionKey(base64: $0) } }
    func failToPromote() { state.withLock { $0.failsToPromote = true } }

    func keepNext(_ key: Secret) throws(ExchangeKeyError) { state.withLock { $0.next = key } }

    func promoteNext() throws(ExchangeKeyError) {
        let isCut = state.withLock { state in
            if state.failsToPromote { return true }
            if let next = state.next { (state.present, state.next) = (next, nil) }
            return false
        }
        if isCut { throw .storageUnavailable("cut short") }
    }

    func dropNext() { state.withLock { $0.next = nil } }
}

/// A keyring over a database, with everything around it in a test's hands.
struct KeyBench: Sendable {
    static let migrations = ExchangeKeyMigrations.all
    let database: any SQLDatabase
    let key: EncryptionKey
    let file: MemoryKeyFile
    let validator = ScriptedValidator()
    let holder = RecordingHolder()
    let time = ManualTime(Timestamp(nanoseconds: 1_760_000_000_000_000_000))
    let keyring: ExchangeKeyring

    init(
        _ database: any SQLDatabase, key: EncryptionKey? = nil,
        users: @escaping @Sendable (String) async -> [String] = { _ in [] }
    ) throws {
        self.database = database
        self.key = try #require(key ?? EncryptionKey.random())
        file = MemoryKeyFile(self.key)
        keyring = ExchangeKeyring(
            database: database, encryption: self.key, file: file, validator: validator, holder: holder, users: users,
            alarms: AlarmClock(time: time, registry: ScheduleRegistry()), time: time,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    func new(
        _ exchange: String = "binance", label: String? = nil, purpose: ExchangeKey.Purpose = .trade,
        apiKey: String = "api-key-1", secret: String = "hunter2", passphrase: String? = nil, mayWithdraw: Bool = false
    ) throws -> NewExchangeKey {
        NewExchangeKey(
            exchange: ExchangeID(rawValue: exchange), label: label, purpose: purpose, name: "mine",
            apiKey: apiKey,
            sealed: SealedSecrets(
                secret: try #require(SealedBox.seal(Secret(secret), toPublic: key.publicText)),
                passphrase: try passphrase.map { try #require(SealedBox.seal(Secret($0), toPublic: key.publicText)) }),
            mayWithdraw: mayWithdraw)
    }

    func rows() async throws -> [ExchangeKey] {
        try await database.read { try ExchangeKeyStore(transaction: $0).all() }
    }
}

func withKeys(_ body: (KeyBench) async throws -> Void) async throws {
    for engine in DatabaseEngine.available {
        try await withTemporaryDatabase(engine, KeyBench.migrations) { database in
            try await body(try KeyBench(database))
        }
    }
}
