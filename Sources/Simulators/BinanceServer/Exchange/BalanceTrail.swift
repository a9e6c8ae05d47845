import TradingCore

/// Balances of the last minute, for an exchange that tells them as they were.
struct BalanceTrail: Sendable {
    private struct Step: Sendable {
        var time: Timestamp
        var balance: SpotEvent.Balance
    }

    private struct Key: Hashable, Sendable {
        var account: String
        var asset: AssetID
    }

    private var steps: [Key: [Step]] = [:]
    private static let kept = 1_000

    /// An account's balance as it is from now on.
    mutating func note(_ balance: SpotEvent.Balance, of account: String, at time: Timestamp) {
        let key = Key(account: account, asset: balance.asset)
        steps[key, default: []].append(Step(time: time, balance: balance))
        if let count = steps[key]?.count, count > 2 * Self.kept { steps[key]?.removeFirst(Self.kept) }
    }

    /// As it was at a moment; the oldest known where that lies further back.
    func balance(_ account: String, _ asset: AssetID, at time: Timestamp) -> SpotEvent.Balance? {
        let known = steps[Key(account: account, asset: asset)] ?? []
        return (known.last { $0.time <= time } ?? known.first)?.balance
    }
}
