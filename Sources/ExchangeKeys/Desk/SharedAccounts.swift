import Exchanges

/// Labels whose keys are of one account at the exchange, as far as it tells: each of them counts all of the account's funds. Pure.
struct SharedAccounts {
    private let keys: [ExchangeKey]

    init(_ keys: [ExchangeKey]) { self.keys = keys }

    /// What is to be said of a key; nil where its account is its own, or nobody knows.
    func fault(_ key: ExchangeKey) -> String? {
        guard let account = key.permissions.accountID else { return nil }
        let others = keys.filter { other in
            other.exchange == key.exchange && other.connection.environment == key.connection.environment
                && other.label != key.label && other.permissions.accountID == account
        }
        let names = Set(others.map(\.accountName)).sorted()
        if names.isEmpty { return nil }
        return
            "is of the same account at \(key.exchange) as \(names.joined(separator: ", ")): each counts all of its funds"
    }
}
