import Exchanges
import Logging
import Persistence
import Scheduling
import TradingCore

extension ExchangeKeyring: ExchangeKeyDesk {
    public func publicKey() -> String { encryption.publicText }

    public func list() async throws(ExchangeKeyError) -> [ExchangeKeyView] {
        let keys = try await load { try ExchangeKeyStore(transaction: $0).all() }
        let states = holder.states
        return keys.map { view($0, states, keys) }
    }

    /// With what trading has met meanwhile, where the last check had nothing to say.
    private func view(
        _ key: ExchangeKey, _ states: [ExchangeAccountState], _ keys: [ExchangeKey]
    ) -> ExchangeKeyView {
        var view = ExchangeKeyView(key)
        view.fault = view.fault ?? SharedAccounts(keys).fault(key)
        guard key.fault == nil, key.purpose == .trade,
            let refusal = states.first(where: { "\($0.exchange)/\($0.label)" == key.accountName })?.keyRefusal
        else { return view }
        let credentials = settings(key)?.credentials ?? ExchangeCredentials(apiKey: key.apiKey, secret: Secret(""))
        (view.fault, view.faultCauses) = (KeyRefusal.words(refusal, credentials), refusal.keyCauses)
        return view
    }

    // MARK: - Adding

    public func add(_ new: NewExchangeKey) async throws(ExchangeKeyError) -> ExchangeKeyView {
        let faults = new.faults
        if !faults.isEmpty { throw .invalid(faults) }
        let (encryption, now) = (encryption, time.now())
        let credentials = try opened(new, encryption)
        let draft = ExchangeKey(new, now: now)
        let settings = draft.settings(credentials)
        guard validator.supports(new.exchange) else { throw .unsupportedExchange("\(new.exchange)") }
        if let label = new.label { try await checkFree(label, new) }
        if new.purpose == .trade {
            try Self.checkBeside(new, try await load { try ExchangeKeyStore(transaction: $0).trading(new.exchange) })
        }
        let moved = new.purpose == .trade ? try await checkNetwork(new) : nil
        let permissions = try await permissions(settings)
        if new.purpose == .trade, permissions.canWithdraw == true, !new.mayWithdraw {
            throw .canWithdraw(exchange: "\(new.exchange)")
        }
        if new.purpose == .trade, permissions.canTrade == false {
            throw .cannotTrade(exchange: "\(new.exchange)", permissions: permissions.names)
        }
        if new.purpose == .trade, let accountID = permissions.accountID { try await checkAccount(new, accountID) }
        guard let sealed = SealedSecrets.sealing(credentials, to: encryption) else {
            throw .encryptionKey("the secret could not be sealed")
        }
        let checkedAt = time.now()
        let (key, keys) = try await store { transaction in
            try EncryptionKeyStore(transaction: transaction).require(encryption, now: now)
            let store = ExchangeKeyStore(transaction: transaction)
            if new.purpose == .trade { try Self.checkBeside(new, store.trading(new.exchange)) }
            // The key that trades takes no money out, whichever of the two was there first; and one key is of one account.
            let other = try store.all().first { other in
                other.exchange == new.exchange && other.apiKey == new.apiKey
                    && (other.purpose != new.purpose || other.label != new.label)
            }
            if let other { throw ExchangeKeyError.keyTaken(other.accountName) }
            var key = draft
            let taken = try store.labels(new.exchange, new.purpose)
            key.label = new.label ?? AccountLabel.next(after: taken)
            if taken.contains(key.label) { throw ExchangeKeyError.labelTaken(key.accountName) }
            if new.purpose == .trade, key.accountName != moved { try Self.checkNetwork(key, store) }
            (key.sealed, key.permissions, key.checkedAt) = (sealed, permissions, checkedAt)
            key.id = try store.insert(key)
            return (key, try store.all())
        }
        askedAt[key.id] = checkedAt
        logger.notice("exchange key \(key.id) added", metadata: ["account": "\(key.accountName)"])
        if let shared = SharedAccounts(keys).fault(key) {
            logger.warning("exchange key \(key.id) (\(key.accountName)) \(shared)")
        }
        await reload()
        return view(key, [], keys)
    }

    /// Two accounts on one key would take each other's orders for their own and book the same fills; accounts of one exchange
    /// share its market.
    private static func checkBeside(_ new: NewExchangeKey, _ others: [ExchangeKey]) throws(ExchangeKeyError) {
        if let same = others.first(where: { $0.apiKey == new.apiKey }) { throw .keyTaken(same.accountName) }
        if let first = others.first, first.connection.environment != new.connection.environment {
            throw .invalid(["environment, base_url: must be those of \(first.accountName), as they share one market"])
        }
    }

    private func opened(
        _ new: NewExchangeKey, _ encryption: EncryptionKey
    ) throws(ExchangeKeyError) -> ExchangeCredentials {
        guard let secret = SealedBox.open(new.sealed.secret, with: encryption) else {
            throw .notOpened(field: "api_secret")
        }
        func optional(_ sealed: String?, _ field: String) throws(ExchangeKeyError) -> Secret? {
            guard let sealed else { return nil }
            guard let opened = SealedBox.open(sealed, with: encryption) else { throw .notOpened(field: field) }
            return opened.isEmpty ? nil : opened
        }
        if secret.isEmpty { throw .invalid(["api_secret: must not be empty inside its box"]) }
        return ExchangeCredentials(
            apiKey: new.apiKey, secret: secret, passphrase: try optional(new.sealed.passphrase, "api_passphrase"),
            uid: try optional(new.sealed.uid, "api_uid"))
    }

    /// Before the exchange is asked; the store decides.
    private func checkFree(_ label: String, _ new: NewExchangeKey) async throws(ExchangeKeyError) {
        let taken = try await load { try ExchangeKeyStore(transaction: $0).labels(new.exchange, new.purpose) }
        if taken.contains(label) { throw .labelTaken("\(new.exchange)/\(label)") }
    }

    /// - Returns: the account, where it was on another network and nothing of that is left.
    private func checkNetwork(_ new: NewExchangeKey) async throws(ExchangeKeyError) -> String? {
        let (account, was) = try await load { transaction in
            let store = ExchangeKeyStore(transaction: transaction)
            let label = try new.label ?? AccountLabel.next(after: store.labels(new.exchange, new.purpose))
            let account = "\(new.exchange)/\(label)"
            return (account, try store.network(of: account))
        }
        guard let was, was != new.connection.environment else { return nil }
        let users = await users(account)
        if !users.isEmpty { throw .onOtherNetwork(account: account, was: was.name, users: users) }
        return account
    }

    private func checkAccount(_ new: NewExchangeKey, _ accountID: String) async throws(ExchangeKeyError) {
        let (account, was) = try await load { transaction in
            let store = ExchangeKeyStore(transaction: transaction)
            let label = try new.label ?? AccountLabel.next(after: store.labels(new.exchange, new.purpose))
            let account = "\(new.exchange)/\(label)"
            return (account, try store.accountID(of: account))
        }
        guard let was, was != accountID else { return }
        let users = await users(account)
        if !users.isEmpty { throw .onOtherAccount(account: account, users: users) }
    }

    /// For an account that nobody has looked at before: another key took the label meanwhile.
    private static func checkNetwork(_ key: ExchangeKey, _ store: ExchangeKeyStore) throws {
        guard let was = try store.network(of: key.accountName), was != key.connection.environment else { return }
        throw ExchangeKeyError.onOtherNetwork(
            account: key.accountName, was: was.name, users: ["another key was stored meanwhile, ask again"])
    }

    private func permissions(_ settings: ExchangeAccountSettings) async throws(ExchangeKeyError) -> KeyPermissions {
        do throws(KeyRefusal) { return try await validator.permissions(of: settings) } catch {
            switch error {
            case .refused(let cause, let causes):
                throw .refused(exchange: "\(settings.exchange)", cause: cause, causes: causes)
            case .settings(let fault): throw .invalid([fault])
            case .unreachable(let cause): throw .unreachable(exchange: "\(settings.exchange)", cause: cause)
            }
        }
    }

    // MARK: - Removing and checking

    public func remove(_ id: Int64, force: Bool) async throws(ExchangeKeyError) -> Bool {
        guard let key = try await load({ try ExchangeKeyStore(transaction: $0).key(id) }) else { return false }
        if key.purpose == .trade, !force {
            let users = await users(key.accountName)
            if !users.isEmpty { throw .inUse(users) }
        }
        let (encryption, now) = (encryption, time.now())
        let isGone = try await store { transaction in
            let followers = KeyFollowers(transaction: transaction)
            try followers.checkNothingLeaves(key, now: now)
            if !force { try followers.checkRemoval(of: key, encryption, now: now) }
            return try ExchangeKeyStore(transaction: transaction).delete(id)
        }
        if isGone { logger.notice("exchange key \(id) removed", metadata: ["account": "\(key.accountName)"]) }
        askedAt[id] = nil
        await reload()
        return isGone
    }

    public func check(_ id: Int64) async throws(ExchangeKeyError) -> ExchangeKeyView {
        guard let key = try await load({ try ExchangeKeyStore(transaction: $0).key(id) }) else { throw .unknownKey(id) }
        await ask(key)
        await reload()
        let keys = try await load { try ExchangeKeyStore(transaction: $0).all() }
        guard let fresh = keys.first(where: { $0.id == id }) else { throw .unknownKey(id) }
        return view(fresh, holder.states, keys)
    }

    // MARK: - Readiness

    public func readiness() async throws(ExchangeKeyError) -> [AccountReadiness] {
        let keys = try await load { try ExchangeKeyStore(transaction: $0).all() }
        let (states, shared) = (holder.states, SharedAccounts(keys))
        return Dictionary(grouping: keys, by: \.accountName).sorted { $0.key < $1.key }.map { name, keys in
            let state = states.first { "\($0.exchange)/\($0.label)" == name }
            return readiness(keys, state, shared)
        }
    }

    private func readiness(
        _ keys: [ExchangeKey], _ state: ExchangeAccountState?, _ shared: SharedAccounts
    ) -> AccountReadiness {
        let (name, first) = (keys[0].accountName, keys[0])
        let trading = keys.first { $0.purpose == .trade }
        var faults = keys.compactMap { key in key.fault.map { "key \(key.id): \($0)" } }
        faults += [problems[name], state?.fault, loadFault].compactMap { $0 }
        if let trading {
            if trading.checkedAt == nil, trading.fault == nil { faults.append("key \(trading.id): not checked yet") }
            for fault in [trading.permissionFault, shared.fault(trading)].compactMap({ $0 }) {
                faults.append("key \(trading.id): \(fault)")
            }
        } else {
            faults.append("no key to trade with")
        }
        let isUsable = trading.map { $0.checkedAt != nil && $0.permissions.canTrade != false } ?? false
        return AccountReadiness(
            exchange: first.exchange, label: first.label,
            canTrade: isUsable && problems[name] == nil && state?.fault == nil,
            hasWithdrawalKey: keys.contains { $0.purpose == .withdraw && $0.checkedAt != nil },
            isStreaming: state?.isStreaming ?? false, faults: faults)
    }

    // MARK: - The encryption key

    public func rotate() async throws(ExchangeKeyError) -> String {
        guard let file else {
            throw .encryptionKey(
                "ENCRYPTION_PRIVATE_KEY comes from the environment, which a running server cannot change: stop it and run `mrmarket keys rotate`"
            )
        }
        let count: Int
        (encryption, count) = try await KeyRotation.perform(from: encryption, file, database, now: time.now())
        logger.notice("encryption key changed", metadata: ["keys": "\(count)", "public": "\(encryption.publicText)"])
        await reload()
        return encryption.publicText
    }
}

extension ExchangeKey {
    /// Not stored yet, its secrets still as the client sealed them.
    init(_ new: NewExchangeKey, now: Timestamp) {
        self.init(
            id: 0, exchange: new.exchange, label: new.label ?? ExchangeAccountSettings.defaultLabel,
            purpose: new.purpose, name: new.name, apiKey: new.apiKey, sealed: new.sealed, connection: new.connection,
            mayWithdraw: new.mayWithdraw, permissions: KeyPermissions(), checkedAt: nil, fault: nil, createdAt: now)
    }
}
