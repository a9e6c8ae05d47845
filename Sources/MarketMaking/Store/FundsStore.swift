import Persistence
import TradingCore

/// What an account owns and what its live orders hold of it, one row per asset, kept in the transaction that makes or
/// ends an order, so that no two orders can be promised the same funds.
struct FundsStore {
    let transaction: any SQLTransaction
    let exchange: ExchangeID
    let account: String

    struct Funds: Hashable, Sendable {
        var total: FixedDecimal
        var reserved: FixedDecimal

        var free: FixedDecimal { FixedDecimal(raw: total.raw - reserved.raw) }
    }

    func funds(_ asset: AssetID) throws -> Funds? {
        try transaction.row(
            """
            SELECT total, reserved FROM funds WHERE exchange = \(exchange.rawValue) AND account_label = \(account)
                AND asset = \(asset.rawValue)
            """
        ).map { Funds(total: try $0.get("total"), reserved: try $0.get("reserved")) }
    }

    /// - Returns: false, with nothing changed, when less than `amount` is free.
    func reserve(_ amount: FixedDecimal, _ asset: AssetID, now: Timestamp) throws -> Bool {
        guard var funds = try funds(asset), funds.free >= amount else { return false }
        funds.reserved = FixedDecimal(raw: funds.reserved.raw + amount.raw)
        try put(funds, asset, now)
        return true
    }

    /// Changes both amounts by what happened.
    func move(_ asset: AssetID, total: Int128 = 0, reserved: Int128 = 0, now: Timestamp) throws {
        if total == 0, reserved == 0 { return }
        var funds = try funds(asset) ?? Funds(total: .zero, reserved: .zero)
        funds.total = FixedDecimal(raw: funds.total.raw + total)
        funds.reserved = FixedDecimal(raw: funds.reserved.raw + reserved)
        try put(funds, asset, now)
    }

    func put(_ funds: Funds, _ asset: AssetID, _ now: Timestamp) throws {
        try transaction.execute(
            """
            INSERT INTO funds (exchange, account_label, asset, total, reserved, updated_at)
            VALUES (\(exchange.rawValue), \(account), \(asset.rawValue), \(funds.total), \(funds.reserved), \(now))
            ON CONFLICT (exchange, account_label, asset) DO UPDATE SET total = excluded.total,
                reserved = excluded.reserved, updated_at = excluded.updated_at
            """)
    }
}
