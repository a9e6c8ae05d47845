import Exchanges
import Persistence
import TradingCore

/// `exchange_keys` over an open transaction. Whatever changes it wakes those who listen on ``channel``.
struct ExchangeKeyStore {
    static let channel = "exchange_keys"

    let transaction: any SQLTransaction

    func all() throws -> [ExchangeKey] {
        try transaction.rows("SELECT * FROM exchange_keys ORDER BY key_id").map(Self.key)
    }

    /// The trading keys of an exchange, oldest first.
    func trading(_ exchange: ExchangeID) throws -> [ExchangeKey] {
        try all().filter { $0.exchange == exchange && $0.purpose == .trade }
    }

    func key(_ id: Int64) throws -> ExchangeKey? {
        try transaction.row("SELECT * FROM exchange_keys WHERE key_id = \(id)").map(Self.key)
    }

    func labels(_ exchange: ExchangeID, _ purpose: ExchangeKey.Purpose) throws -> Set<String> {
        Set(
            try transaction.rows(
                """
                SELECT exchange_index FROM exchange_keys
                WHERE exchange = \(exchange.rawValue) AND purpose = \(purpose.rawValue)
                """
            ).map { try $0.get(0, as: String.self) })
    }

    /// - Returns: the new key's id.
    func insert(_ key: ExchangeKey) throws -> Int64 {
        let (environment, rest, streams) = Self.columns(key.connection.environment)
        let id = try nextID()
        try transaction.execute(
            """
            INSERT INTO exchange_keys (key_id, exchange, exchange_index, purpose, name, api_key, api_secret, api_passphrase,
                api_uid, environment, rest_url, stream_url, dead_mans_switch, receive_window, may_withdraw, can_read,
                can_trade, can_withdraw, is_bound, account_id, checked_at, fault, created_at, updated_at)
            VALUES (\(id), \(key.exchange.rawValue), \(key.label), \(key.purpose.rawValue), \(key.name), \(key.apiKey),
                \(key.sealed.secret), \(key.sealed.passphrase.sqlValue), \(key.sealed.uid.sqlValue), \(environment), \(rest.sqlValue), \(streams.sqlValue),
                \(key.connection.deadMansSwitchSeconds.sqlValue), \(key.connection.receiveWindow), \(key.mayWithdraw),
                \(key.permissions.canRead.sqlValue), \(key.permissions.canTrade.sqlValue), \(key.permissions.canWithdraw.sqlValue),
                \(key.permissions.isBoundToAddresses.sqlValue), \(key.permissions.accountID.sqlValue), \(key.checkedAt.sqlValue), \(key.fault.sqlValue), \(key.createdAt),
                \(key.createdAt))
            """)
        if key.purpose == .trade {
            try transaction.execute(
                """
                INSERT INTO exchange_account_networks (account, environment, rest_url, stream_url, account_id)
                VALUES (\(key.accountName), \(environment), \(rest.sqlValue), \(streams.sqlValue),
                    \(key.permissions.accountID.sqlValue))
                ON CONFLICT (account) DO UPDATE SET environment = excluded.environment, rest_url = excluded.rest_url,
                    stream_url = excluded.stream_url, account_id = excluded.account_id
                """)
        }
        try transaction.notify(Self.channel)
        return id
    }

    /// On which network an account trades, or did until its key was removed; nil for one that never had a key.
    func network(of account: String) throws -> ExchangeAccountSettings.Environment? {
        try transaction.row("SELECT * FROM exchange_account_networks WHERE account = \(account)").map(Self.environment)
    }

    /// Never one that another key had: who names a key that is gone must not mean its successor.
    private func nextID() throws -> Int64 {
        let row = try transaction.row("UPDATE exchange_key_numbers SET last = last + 1 WHERE id = 1 RETURNING last")
        guard let row else { throw SQLError.other("exchange_key_numbers: must have its row") }
        return try row.get(0)
    }

    /// As whom the exchange knows an account, or did until its key was removed; nil where it does not tell.
    func accountID(of account: String) throws -> String? {
        try transaction.row("SELECT account_id FROM exchange_account_networks WHERE account = \(account)")
            .flatMap { try $0.get(0) }
    }

    /// - Returns: false when there was none.
    func delete(_ id: Int64) throws -> Bool {
        let isGone = try transaction.execute("DELETE FROM exchange_keys WHERE key_id = \(id)") == 1
        if isGone { try transaction.notify(Self.channel) }
        return isGone
    }

    /// What the exchange said of a key. The first good word makes an account of it, so those who listen are told.
    /// - Returns: false when the key is gone.
    @discardableResult
    func accepted(_ id: Int64, _ permissions: KeyPermissions, now: Timestamp) throws -> Bool {
        let isThere =
            try transaction.execute(
                """
                UPDATE exchange_keys SET can_read = \(permissions.canRead.sqlValue), can_trade = \(permissions.canTrade.sqlValue),
                    can_withdraw = \(permissions.canWithdraw.sqlValue), is_bound = \(permissions.isBoundToAddresses.sqlValue),
                    account_id = \(permissions.accountID.sqlValue),
                    checked_at = \(now), fault = NULL, fault_causes = NULL, updated_at = \(now)
                WHERE key_id = \(id)
                """) == 1
        if isThere, let accountID = permissions.accountID {
            try transaction.execute(
                """
                UPDATE exchange_account_networks SET account_id = \(accountID) WHERE account IN (
                    SELECT exchange || '/' || exchange_index FROM exchange_keys WHERE key_id = \(id) AND purpose = 'trade')
                """)
        }
        if isThere { try transaction.notify(Self.channel) }
        return isThere
    }

    @discardableResult
    func failed(_ id: Int64, _ fault: String, _ causes: [KeyCause] = [], now: Timestamp) throws -> Bool {
        let names = causes.isEmpty ? nil : causes.map(\.rawValue).joined(separator: " ")
        return try transaction.execute(
            """
            UPDATE exchange_keys SET fault = \(fault), fault_causes = \(names.sqlValue), updated_at = \(now)
            WHERE key_id = \(id)
            """) == 1
    }

    /// Puts the same secrets in another box.
    func reseal(_ id: Int64, _ sealed: SealedSecrets, now: Timestamp) throws {
        try transaction.execute(
            """
            UPDATE exchange_keys SET api_secret = \(sealed.secret), api_passphrase = \(sealed.passphrase.sqlValue),
                api_uid = \(sealed.uid.sqlValue), updated_at = \(now)
            WHERE key_id = \(id)
            """)
    }

    // MARK: - Rows

    private static func columns(
        _ environment: ExchangeAccountSettings.Environment
    ) -> (name: String, rest: String?, streams: String?) {
        switch environment {
        case .production: ("production", nil, nil)
        case .testnet: ("testnet", nil, nil)
        case .custom(let addresses): ("custom", addresses.rest, addresses.streams)
        }
    }

    private static func environment(_ row: SQLRow) throws -> ExchangeAccountSettings.Environment {
        switch try row.get("environment", as: String.self) {
        case "production": return .production
        case "testnet": return .testnet
        case let other:
            guard let rest = try row.get("rest_url", as: String?.self) else {
                throw SQLError.decoding(column: "environment", value: other)
            }
            return .custom(.init(rest: rest, streams: try row.get("stream_url")))
        }
    }

    private static func key(_ row: SQLRow) throws -> ExchangeKey {
        let purpose: String = try row.get("purpose")
        guard let known = ExchangeKey.Purpose(rawValue: purpose) else {
            throw SQLError.decoding(column: "purpose", value: purpose)
        }
        var key = ExchangeKey(
            id: try row.get("key_id"), exchange: ExchangeID(rawValue: try row.get("exchange")),
            label: try row.get("exchange_index"), purpose: known, name: try row.get("name"),
            apiKey: try row.get("api_key"),
            sealed: SealedSecrets(
                secret: try row.get("api_secret"), passphrase: try row.get("api_passphrase"),
                uid: try row.get("api_uid")),
            connection: KeyConnection(
                environment: try environment(row), deadMansSwitchSeconds: try row.get("dead_mans_switch"),
                receiveWindow: try row.get("receive_window")),
            mayWithdraw: try row.get("may_withdraw"),
            permissions: KeyPermissions(
                canRead: try row.get("can_read"), canTrade: try row.get("can_trade"),
                canWithdraw: try row.get("can_withdraw"), isBoundToAddresses: try row.get("is_bound")),
            checkedAt: try row.get("checked_at"), fault: try row.get("fault"), createdAt: try row.get("created_at"))
        key.permissions.accountID = try row.get("account_id")
        let causes: String? = try row.get("fault_causes")
        key.faultCauses = (causes ?? "").split(separator: " ").compactMap { KeyCause(rawValue: String($0)) }
        return key
    }
}
