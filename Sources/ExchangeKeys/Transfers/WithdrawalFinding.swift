import Exchanges
import Scheduling
import TradingCore

/// What an exchange's list of withdrawals says of one of ours. Pure.
enum WithdrawalFinding: Equatable {
    /// What the exchange says of it: it has taken it, or how that ended.
    case found(WithdrawalStep)
    /// It is on no list of the key that signed it, and can no longer be accepted. Another key of the label may be another account's, of a
    /// sub-account for instance, whose list says nothing.
    case neverLeft
    case open

    /// A signed request is good for a minute at most; the rest is for lists that come late.
    static let surelyDead = Nanoseconds.seconds(3_600)
    /// Exchanges keep their lists for so long at least: of an older one an empty list says nothing.
    static let surelyListed = 6 * Nanoseconds.perDay
    /// - Parameters:
    ///   - listed: withdrawals of the asset from a little before this one was stored.
    ///   - taken: the exchange's ids that are some stored withdrawal's already.
    init(_ withdrawal: Withdrawal, _ list: WithdrawalList, taken: Set<String>, now: Timestamp) {
        let listed = list.rows
        let named = listed.filter { $0.clientID != nil && $0.clientID == withdrawal.clientID }
        if let found = named.first {
            self = .found(WithdrawalStep(found))
            return
        }
        let own = listed.filter { transfer in
            transfer.isWhat(withdrawal) && !(transfer.id.map(taken.contains) ?? false)
        }
        // Of several nobody can say which it is.
        if own.count == 1 {
            self = .found(WithdrawalStep(own[0]))
        } else if list.isWhole, list.keyID == withdrawal.place.keyID,
            Self.isTold(now.nanoseconds(since: withdrawal.createdAt)),
            // An address or an amount may be written in another way: what could be ours keeps it open.
            listed.allSatisfy({ $0.isSurelyAnothers(than: withdrawal, taken) })
        {
            self = .neverLeft
        } else {
            self = .open
        }
    }
}

extension WithdrawalFinding {
    private static func isTold(_ age: Int64) -> Bool { age > surelyDead && age < surelyListed }
}

extension ExchangeTransfer {
    fileprivate func isSurelyAnothers(than withdrawal: Withdrawal, _ taken: Set<String>) -> Bool {
        if id.map(taken.contains) ?? false { return true }
        return clientID != nil && withdrawal.clientID != nil && clientID != withdrawal.clientID
    }

    /// Milliseconds that the exchange's clock and ours may differ by.
    private static let clocksApart: Int64 = 30_000

    /// Exchanges tell the amount with or without the fee. One that bears another name is another.
    func isWhat(_ withdrawal: Withdrawal) -> Bool {
        if clientID != nil, clientID != withdrawal.clientID { return false }
        guard status != .failed, status != .cancelled else { return false }
        let made = withdrawal.createdAt.nanoseconds / Nanoseconds.perMillisecond
        if let createdAt, createdAt < made - Self.clocksApart { return false }
        return isTo(withdrawal.address, withdrawal.tag, withdrawal.amount)
    }

    /// Where it goes to and how much it is, its fee included or not.
    func isTo(_ address: String, _ tag: String?, _ amount: FixedDecimal) -> Bool {
        guard let told = addressTo ?? self.address, Self.isSame(told, address), let listed = self.amount,
            (tagTo ?? self.tag ?? "") == (tag ?? "")
        else { return false }
        if listed == amount { return true }
        guard let fee, let whole = try? listed.adding(fee.cost) else { return false }
        return whole == amount
    }

    /// Ethereum's addresses may be written in capitals or not: they only hold a checksum (EIP-55).
    private static func isSame(_ one: String, _ other: String) -> Bool {
        one == other || (one.lowercased() == other.lowercased() && other.lowercased().hasPrefix("0x"))
    }
}
