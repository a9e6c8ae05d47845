public import Exchanges

/// Why something about keys was not done. None of its texts holds a secret.
public enum ExchangeKeyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One line per fault, each naming field, value and rule.
    case invalid([String])
    /// A sealed field does not open with the server's key.
    case notOpened(field: String)
    case unsupportedExchange(String)
    /// The exchange answered, and would not have the key.
    case refused(exchange: String, cause: String, causes: [KeyCause] = [])
    /// Nobody knows whether the key is any good: nothing was stored (D34).
    case unreachable(exchange: String, cause: String)
    /// A trading key that can withdraw, and nobody insisted.
    case canWithdraw(exchange: String)
    /// A key for trading that cannot trade, and what it can do.
    case cannotTrade(exchange: String, permissions: [String])
    case labelTaken(String)
    /// The same key is another account's already, or the same one's for the other purpose.
    case keyTaken(String)
    case unknownKey(Int64)
    /// What trades with it would be left without a key.
    case inUse([String])
    /// What traded on another network, and is not over, would go on where nothing of it is.
    case onOtherNetwork(account: String, was: String, users: [String])
    /// The orders of what traded with another account of the exchange under this name would be asked for in vain, and count as gone.
    case onOtherAccount(account: String, users: [String])
    /// The last key that can follow the account's withdrawals to their end, and how many are not there yet.
    case followsWithdrawals(account: String, key: Int64, count: Int64)
    /// The last key whose list can say of withdrawals that they never left, and of how many nobody knows that yet.
    case signedUnknown(account: String, key: Int64, count: Int64)
    /// A withdrawal that it signed is leaving just now.
    case sendsWithdrawal(key: Int64, withdrawal: Int64)
    /// The encryption key has been changed by another process, or comes from the environment where it cannot be.
    case encryptionKey(String)
    case storageUnavailable(String)

    public var description: String {
        switch self {
        case .invalid(let lines): lines.joined(separator: "; ")
        case .notOpened: "Failed to decrypt API secret. The provided key might be invalid or corrupted."
        case .unsupportedExchange(let name): "Exchange \(name) is not supported"
        case .refused(let exchange, let cause, _):
            "Invalid API Key or Secret for \(exchange). Verification failed: \(cause)"
        case .unreachable(let exchange, let cause):
            "\(exchange) could not be asked whether the key is good, so it was not stored: \(cause)"
        case .canWithdraw(let exchange):
            """
            api_key: must not be able to withdraw from \(exchange), as it is for trading. Make one without that permission, \
            store it with purpose withdraw, or insist with allow_withdrawals true
            """
        case .cannotTrade(let exchange, let permissions):
            """
            api_key with permissions \(permissions.isEmpty ? "none" : permissions.joined(separator: ", ")): must be able to trade on \
            \(exchange), as its purpose is trade. Give it that permission there
            """
        case .labelTaken(let name): "\(name) has such a key already: remove it first, or give another exchange_index"
        case .keyTaken(let name): "this key is that of \(name) already, and is for one account and purpose only"
        case .unknownKey(let id): "Key \(id) not found"
        case .inUse(let what): "\(what.joined(separator: ", ")): stop first what trades with the key"
        case .onOtherNetwork(let account, let was, let users):
            """
            environment, base_url: must be those of before (\(was)), as what traded with \(account) there is not over: \
            \(users.joined(separator: ", ")). Stop it first, or give another exchange_index
            """
        case .onOtherAccount(let account, let users):
            """
            api_key: must be one of the same account as before, as what traded with \(account) is not over: \
            \(users.joined(separator: ", ")). Stop it first, or give another exchange_index
            """
        case .followsWithdrawals(let account, let key, let count):
            """
            key_id \(key): must stay until the withdrawals of \(account) are final, as no other key of it can follow them \
            (\(count) pending, unknown or sent). Wait, store another key of the account, or insist with force=true
            """
        case .signedUnknown(let account, let key, let count):
            """
            key_id \(key): must stay until it is known what became of \(count) withdrawals of \(account), as only the list of the key \
            that signed one says that it never left. Wait an hour, settle them by hand, or insist with force=true
            """
        case .sendsWithdrawal(let key, let withdrawal):
            """
            key_id \(key): must stay until withdrawal \(withdrawal), which is leaving just now, is answered. Ask again in a minute; nothing \
            insists on this
            """
        case .encryptionKey(let why): why
        case .storageUnavailable(let why): "Nothing can be stored now: \(why)"
        }
    }
}
