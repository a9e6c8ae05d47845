import Exchanges
import Persistence
import TradingCore

/// All funds of one account, over all its instruments.
struct AccountFunds {
    let transaction: any SQLTransaction
    let place: TradingPlace

    /// Takes the exchange's balances as the account's totals, and recomputes what live orders hold.
    /// - Returns: a line for every total that was not as booked.
    func adopt(_ balances: [AssetBalance], onlyMissing: Bool, now: Timestamp) throws -> [String] {
        let store = FundsStore(transaction: transaction, exchange: place.exchange, account: place.account)
        let holds = try holdsByAsset()
        var drifts: [String] = []
        for balance in balances {
            let total = FixedDecimal(raw: balance.free.raw + balance.locked.raw)
            let before = try store.funds(balance.asset)
            if onlyMissing, before != nil { continue }
            if let before, before.total != total {
                drifts.append("\(balance.asset) is \(total) at the exchange, was booked as \(before.total)")
            }
            let reserved = FixedDecimal(raw: holds[balance.asset] ?? 0)
            try store.put(FundsStore.Funds(total: total, reserved: reserved), balance.asset, now)
        }
        return drifts
    }

    /// What live orders hold, from their rows.
    private func holdsByAsset() throws -> [AssetID: Int128] {
        let rows = try transaction.rows(
            """
            SELECT symbol, side, price, quantity, lots, filled_lots FROM orders
            WHERE exchange = \(place.exchange.rawValue) AND account_label = \(place.account)
                AND status IN ('pending', 'unknown', 'open', 'cancelling')
            """)
        return try rows.reduce(into: [:]) { holds, row in
            let symbol = try stored("orders", "symbol", row.get("symbol")) { Symbol($0) }
            let side = try stored("orders", "side", row.get("side")) { Side(storedName: $0) }
            let quantity: FixedDecimal = try row.get("quantity")
            let (lots, filled): (Int64, Int64) = (try row.get("lots"), try row.get("filled_lots"))
            let remaining = quantity.raw / Int128(lots) * Int128(max(0, lots - filled))
            if side == .sell {
                holds[symbol.base, default: 0] += remaining
            } else {
                let price: FixedDecimal = try row.get("price")
                holds[symbol.quote, default: 0] +=
                    try FixedDecimal(raw: remaining).multiplied(by: price, rounding: .up).raw
            }
        }
    }
}
