import Exchanges
import Scheduling
import TradingCore

/// Whether a row of an exchange's list is one of ours. Exchanges write addresses and amounts in their own way.
extension ExchangeTransfer {
    /// Milliseconds that the exchange's clock and ours may differ by where a row is taken for ours.
    static let clocksApart: Int64 = 30_000

    /// As it was asked for, at the time when it was. Exchanges tell the amount with or without the fee. One that bears another name is
    /// another.
    func isWhat(_ withdrawal: Withdrawal) -> Bool {
        if clientID != nil, clientID != withdrawal.clientID { return false }
        guard status != .failed, status != .cancelled else { return false }
        return isOfTime(withdrawal, Self.clocksApart) && isTo(withdrawal.address, withdrawal.tag, withdrawal.amount)
    }

    /// Whether it cannot be ruled out that it is, as far as clocks may be apart at all.
    func mayBe(_ withdrawal: Withdrawal) -> Bool {
        if clientID != nil, clientID != withdrawal.clientID { return false }
        return isOfTime(withdrawal, ExchangeTransfers.clocksApart)
            && isTo(withdrawal.address, withdrawal.tag, withdrawal.amount)
    }

    /// Not before it was stored, nor after it could be accepted.
    private func isOfTime(_ withdrawal: Withdrawal, _ margin: Int64) -> Bool {
        guard let createdAt else { return true }
        let made = withdrawal.createdAt.milliseconds
        return createdAt >= made - margin
            && createdAt <= made + WithdrawalFinding.surelyDead / Nanoseconds.perMillisecond + margin
    }

    func isSurelyAnothers(than withdrawal: Withdrawal, _ claims: WithdrawalClaims) -> Bool {
        if claims.isTaken(self) { return true }
        return clientID != nil && withdrawal.clientID != nil && clientID != withdrawal.clientID
    }

    /// Where it goes to and how much it is, its fee included or not.
    func isTo(_ address: String, _ tag: String?, _ amount: FixedDecimal) -> Bool {
        guard let told = addressTo ?? self.address, Self.isSame(told, address), let listed = self.amount,
            (tagTo ?? self.tag ?? "") == (tag ?? "")
        else { return false }
        return listed == amount || withFee == amount
    }

    /// What it tells can surely not be this one: another address, or an amount that no fee explains. What it does not tell says nothing.
    func contradicts(_ withdrawal: Withdrawal) -> Bool {
        if let told = (addressTo ?? address)?.lowercased(), !told.isEmpty {
            let asked = withdrawal.address.lowercased()
            // A tag or the network's name may stand before or behind it.
            if !told.contains(asked), !asked.contains(told) { return true }
        }
        guard let amount, amount != withdrawal.amount, withFee != withdrawal.amount else { return false }
        return fee != nil || amount > withdrawal.amount
    }

    private var withFee: FixedDecimal? {
        guard let fee, let amount else { return nil }
        return try? amount.adding(fee.cost)
    }

    /// Ethereum's addresses may be written in capitals or not: they only hold a checksum (EIP-55).
    private static func isSame(_ one: String, _ other: String) -> Bool {
        one == other || (one.lowercased() == other.lowercased() && other.lowercased().hasPrefix("0x"))
    }
}
