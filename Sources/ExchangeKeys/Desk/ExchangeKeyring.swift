public import Exchanges
public import Logging
public import Persistence
public import Scheduling
public import TradingCore

/// The stored keys at work: adds and removes them, keeps the accounts of ``ExchangeAccountsHolder`` as they are stored, asks
/// exchanges about them from time to time, and changes the key that they are sealed to.
public actor ExchangeKeyring {
    let database: any SQLDatabase
    let validator: any KeyValidator
    let holder: any ExchangeAccountsHolder
    /// Nil where the encryption key comes from the environment, which a process cannot change.
    let file: (any EncryptionKeyFile)?
    /// What trades with an account just now, by its name `exchange/label`; empty where nothing does.
    let users: @Sendable (String) async -> [String]
    let time: any TimeSource
    let logger: Logger
    private let alarms: AlarmClock
    var encryption: EncryptionKey
    /// Why an account could not be made of stored keys, by its name.
    var problems: [String: String] = [:]
    /// Accounts of withdrawal keys, by their names.
    private var withdrawalAccounts: [String: ExchangeAccountSettings] = [:]
    /// Nothing could be read anew because of it; what was, holds.
    var loadFault: String?
    private var reloading: Task<Void, Never>?
    /// When each key was last asked about, by its id.
    var askedAt: [Int64: Timestamp] = [:]

    public init(
        database: any SQLDatabase, encryption: EncryptionKey, file: (any EncryptionKeyFile)?,
        validator: any KeyValidator, holder: any ExchangeAccountsHolder,
        users: @escaping @Sendable (String) async -> [String] = { _ in [] }, alarms: AlarmClock, time: any TimeSource,
        logger: Logger
    ) {
        self.database = database
        self.encryption = encryption
        self.file = file
        self.validator = validator
        self.holder = holder
        self.users = users
        self.alarms = alarms
        self.time = time
        self.logger = logger
    }

    /// Follows changes, others' among them, and asks about keys, until the task is cancelled.
    public func run() async {
        let (wakes, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let alarm = alarms.alarm("exchange keys: upkeep", worksElsewhere: true) { _ in wake.yield() }
        defer { alarm.remove() }
        wake.yield()
        await withDiscardingTaskGroup { group in
            group.addTask { [self, database] in
                for await _ in database.notifications(ExchangeKeyStore.channel) { await self.reload() }
            }
            group.addTask { [self] in
                for await _ in wakes {
                    let began = time.now()
                    alarm.works(since: began)
                    await self.reload()
                    let next = await self.upkeep()
                    alarm.worked(since: began, failure: await self.loadFault)
                    alarm.set(next)
                }
            }
        }
    }

    // MARK: - Accounts

    /// Makes the accounts those that are stored. Returns when they are. One at a time, and each reads anew, so that the last
    /// word is the newest.
    public func reload() async {
        let before = reloading
        let task = Task {
            await before?.value
            await self.takeIn()
        }
        reloading = task
        await task.value
    }

    private func takeIn() async {
        let (keys, sealedTo): ([ExchangeKey], String?)
        do {
            (keys, sealedTo) = try await database.read { transaction in
                (
                    try ExchangeKeyStore(transaction: transaction).all(),
                    try EncryptionKeyStore(transaction: transaction).publicText()
                )
            }
        } catch {
            // What trades goes on trading: an unreadable store is no reason to drop accounts with live orders.
            loadFault = "the stored keys cannot be read: \(error)"
            logger.error("\(loadFault ?? "")")
            return
        }
        guard keys.isEmpty || sealedTo == nil || sealedTo == encryption.publicText else {
            loadFault = "the encryption key was changed by another process; accounts stay as they were"
            logger.error("\(loadFault ?? "")")
            return
        }
        loadFault = nil
        apply(keys)
    }

    private func apply(_ keys: [ExchangeKey]) {
        var accounts: [ExchangeAccountSettings] = []
        var problems: [String: String] = [:]
        var withdrawals: [String: ExchangeAccountSettings] = [:]
        for key in keys where key.checkedAt != nil {
            guard let settings = settings(key) else {
                problems[key.accountName] = "the stored secret of key \(key.id) cannot be opened"
                logger.error("account \(key.accountName) left out: the secret of key \(key.id) cannot be opened")
                continue
            }
            switch key.purpose {
            case .trade: accounts.append(settings)
            case .withdraw: withdrawals[key.accountName] = settings
            }
        }
        withdrawalAccounts = withdrawals
        for problem in holder.refresh(accounts) {
            problems["\(problem.exchange)/\(problem.label)"] = problem.message
            logger.error("account \(problem)")
        }
        self.problems = problems
    }

    func settings(_ key: ExchangeKey) -> ExchangeAccountSettings? {
        key.sealed.opened(key.apiKey, with: encryption).map { key.settings($0) }
    }

    /// A stored key with its account; nil for the account where its secret does not open, nil for both where there is none.
    func account(_ id: Int64) async throws(ExchangeKeyError) -> (ExchangeKey, ExchangeAccountSettings?)? {
        guard let key = try await load({ try ExchangeKeyStore(transaction: $0).key(id) }) else { return nil }
        return (key, settings(key))
    }

    /// The account that withdrawals of an account are signed with: a key of its own, never the one that trades.
    public func withdrawalAccount(_ exchange: ExchangeID, _ label: String) -> ExchangeAccountSettings? {
        withdrawalAccounts["\(exchange)/\(label)"]
    }

    // MARK: - The store

    func store<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws(ExchangeKeyError) -> Value {
        do { return try await database.write(body) } catch let error as ExchangeKeyError { throw error } catch {
            throw .storageUnavailable("\(error)")
        }
    }

    func load<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws(ExchangeKeyError) -> Value {
        do { return try await database.read(body) } catch { throw .storageUnavailable("\(error)") }
    }
}

extension ExchangeKey {
    func settings(_ credentials: ExchangeCredentials) -> ExchangeAccountSettings {
        ExchangeAccountSettings(
            exchange: exchange, label: label, credentials: credentials, environment: connection.environment,
            deadMansSwitchSeconds: connection.deadMansSwitchSeconds, receiveWindow: connection.receiveWindow)
    }
}
