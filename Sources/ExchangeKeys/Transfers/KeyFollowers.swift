import Exchanges
import Persistence
import TradingCore

/// Which of an account's keys can ask what became of its withdrawals: whoever sent them may be gone.
struct KeyFollowers {
    let transaction: any SQLTransaction

    /// Those that are signed with for withdrawals first, then those that only read; a key that its exchange had something against
    /// when it was last asked comes after those that it had nothing against.
    func keys(_ exchange: ExchangeID, _ label: String) throws -> [ExchangeKey] {
        let able = try ExchangeKeyStore(transaction: transaction).all().filter {
            $0.exchange == exchange && $0.label == label && $0.permissions.canRead != false
        }
        func place(_ key: ExchangeKey) -> Int { (key.fault == nil ? 0 : 2) + (key.purpose == .withdraw ? 0 : 1) }
        return able.sorted { (place($0), $0.id) < (place($1), $1.id) }
    }

    /// - Throws: ``ExchangeKeyError/followsWithdrawals(account:key:count:)`` when withdrawals that are not final would be left without
    ///   anybody to follow them.
    func checkRemoval(of key: ExchangeKey, _ encryption: EncryptionKey, now: Timestamp) throws {
        let others = try keys(key.exchange, key.label).filter { other in
            other.id != key.id && other.sealed.opened(other.apiKey, with: encryption) != nil
        }
        guard others.isEmpty else { return }
        let recent = now.advanced(byNanoseconds: -WithdrawalProgress.surelyOver)
        let open = try WithdrawalStore(transaction: transaction).open(key.exchange, key.label, createdAfter: recent)
        if open > 0 {
            throw ExchangeKeyError.followsWithdrawals(account: key.accountName, key: key.id, count: open)
        }
    }
}

extension ExchangeKeyring {
    /// What the withdrawals of an account may be asked about with, the best first.
    func followers(
        _ exchange: ExchangeID, _ label: String
    ) async throws(ExchangeKeyError) -> [(keyID: Int64, settings: ExchangeAccountSettings)] {
        try await load { try KeyFollowers(transaction: $0).keys(exchange, label) }.compactMap { key in
            settings(key).map { (key.id, $0) }
        }
    }
}
