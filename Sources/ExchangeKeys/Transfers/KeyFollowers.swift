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

    /// Whoever insists passes over this.
    /// - Throws: ``ExchangeKeyError/followsWithdrawals(account:key:count:)`` when withdrawals that are not final would be left without
    ///   anybody to follow them, ``ExchangeKeyError/signedUnknown(account:key:count:)`` when of some nobody could say any more that they
    ///   never left.
    func checkRemoval(of key: ExchangeKey, _ encryption: EncryptionKey, now: Timestamp) throws {
        let others = try keys(key.exchange, key.label).filter { other in
            other.id != key.id && other.sealed.opened(other.apiKey, with: encryption) != nil
        }
        let recent = now.advanced(byNanoseconds: -WithdrawalProgress.surelyOver)
        let open = try WithdrawalStore(transaction: transaction).open(key.exchange, key.label, createdAfter: recent)
        let left = open.filter { open in key.mayList(open) && !others.contains { $0.mayList(open) } }
        if !left.isEmpty {
            throw ExchangeKeyError.followsWithdrawals(
                account: key.accountName, key: key.id, count: Int64(left.count))
        }
        let unsaid = open.filter { open in
            open.status != .sent && key.surelyLists(open) && !others.contains { $0.surelyLists(open) }
                && now.nanoseconds(since: open.createdAt) < WithdrawalFinding.surelyListed
        }
        if !unsaid.isEmpty {
            throw ExchangeKeyError.signedUnknown(account: key.accountName, key: key.id, count: Int64(unsaid.count))
        }
    }

    /// Nobody passes over this: what has left our limiter arrives, whatever becomes of its key.
    /// - Throws: ``ExchangeKeyError/sendsWithdrawal(key:withdrawal:)``.
    func checkNothingLeaves(_ key: ExchangeKey, now: Timestamp) throws {
        let since = now.advanced(byNanoseconds: -ExchangeTransfers.abandoned)
        if let leaving = try WithdrawalStore(transaction: transaction).leaving(key.id, since: since) {
            throw ExchangeKeyError.sendsWithdrawal(key: key.id, withdrawal: leaving)
        }
    }
}

extension ExchangeKey {
    /// Whether its list may hold a withdrawal of its label: not where the exchange tells that they are of two accounts.
    func mayList(_ withdrawal: Withdrawal) -> Bool {
        guard id != withdrawal.place.keyID, let own = permissions.accountID, let its = withdrawal.accountID else {
            return true
        }
        return own == its
    }

    /// Whether its list would hold it if it had left.
    func surelyLists(_ withdrawal: Withdrawal) -> Bool {
        id == withdrawal.place.keyID || permissions.accountID != nil && permissions.accountID == withdrawal.accountID
    }
}

extension ExchangeKeyring {
    /// What the withdrawals of an account may be asked about with, the best first.
    func followers(
        _ exchange: ExchangeID, _ label: String
    ) async throws(ExchangeKeyError) -> [AccountLists.Key] {
        try await load { try KeyFollowers(transaction: $0).keys(exchange, label) }.compactMap { key in
            settings(key).map { (key, $0) }
        }
    }
}
