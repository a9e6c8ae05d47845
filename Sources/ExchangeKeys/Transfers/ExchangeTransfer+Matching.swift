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
        return isOfTime(withdrawal, Self.clocksApart) && isOnNetwork(withdrawal.place)
            && isTo(withdrawal.address, withdrawal.tag, withdrawal.amount)
    }

    /// One address may be good on several networks; what is not told is no other.
    private func isOnNetwork(_ place: TransferPlace) -> Bool {
        guard asset == nil || asset == place.asset else { return false }
        guard let network, !network.isEmpty else { return true }
        return network.uppercased() == place.network.uppercased()
    }

    /// Whether it cannot be ruled out that it is, as far as clocks may be apart at all.
    func mayBe(_ withdrawal: Withdrawal) -> Bool {
        if clientID != nil, clientID != withdrawal.clientID { return false }
        return isOfTime(withdrawal, ExchangeTransfers.clocksApart) && !contradicts(withdrawal)
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

    /// What it tells can surely not be this one: another asset, address or tag, or an amount that no fee explains. What it does not tell
    /// says nothing.
    func contradicts(_ withdrawal: Withdrawal) -> Bool {
        contradicts(withdrawal.place.asset, withdrawal.address, withdrawal.tag, withdrawal.amount)
    }

    func contradicts(_ order: WithdrawalOrder) -> Bool {
        contradicts(order.place.asset, order.address, order.tag, order.amount)
    }

    private func contradicts(
        _ wantedAsset: AssetID, _ wantedAddress: String, _ wantedTag: String?, _ wantedAmount: FixedDecimal
    ) -> Bool {
        if let asset, asset != wantedAsset { return true }
        if let told = (addressTo ?? address)?.lowercased(), !told.isEmpty {
            let asked = wantedAddress.lowercased()
            // A tag or the network's name may stand before or behind it.
            if !told.contains(asked), !asked.contains(told) { return true }
        }
        if let told = tagTo ?? tag, let wantedTag, !told.isEmpty, told != wantedTag { return true }
        guard let amount, amount != wantedAmount, withFee != wantedAmount else { return false }
        return fee != nil || amount > wantedAmount
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
