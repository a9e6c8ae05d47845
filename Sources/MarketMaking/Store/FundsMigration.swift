import Ledger
import Persistence
import TradingCore

/// Carries what accounts owned, and what their live orders held of it, from the rows of the first version into the ledger.
struct FundsMigration {
    let transaction: any SQLTransaction

    static let migration = Migration("market-making-005-funds-into-the-ledger") { transaction in
        try FundsMigration(transaction: transaction).carryOut()
    }

    private func carryOut() throws {
        for row in try transaction.rows("SELECT * FROM funds ORDER BY exchange, account_label, asset") {
            let total: FixedDecimal = try row.get("total")
            guard total.isPositive else { continue }
            let asset = AssetID(try row.get("asset"))
            let owner = "\(try row.get("exchange", as: String.self)):\(try row.get("account_label", as: String.self))"
            try LedgerStore(transaction: transaction).apply(
                LedgerPosting(
                    key: "funds:\(owner):\(asset)",
                    .transfer(
                        from: LedgerAccount(.world, owner, asset), to: LedgerAccount(.unallocated, owner, asset), total)
                ), now: row.get("updated_at"))
        }
        for row in try transaction.rows(
            "SELECT * FROM orders WHERE status IN ('pending', 'unknown', 'open', 'cancelling') ORDER BY client_order_id"
        ) { try reserve(row) }
        try transaction.execute("DROP TABLE funds")
    }

    private func reserve(_ row: SQLRow) throws {
        let order = try OrderStore.order(row)
        let symbol = try stored("orders", "symbol", row.get("symbol")) { Symbol($0) }
        let quantity: FixedDecimal = try row.get("quantity")
        let remaining = quantity.raw / Int128(order.quantity.lots) * Int128(order.quantity.lots - order.filled.lots)
        guard remaining > 0 else { return }
        let place = TradingPlace(
            exchange: ExchangeID(rawValue: try row.get("exchange")), account: try row.get("account_label"),
            symbol: symbol)
        let isBuy = order.side == .buy
        let held =
            isBuy
            ? try FixedDecimal(raw: remaining).multiplied(by: row.get("price"), rounding: .up)
            : FixedDecimal(raw: remaining)
        // An order that the account's funds did not cover is settled from what is free when it fills.
        _ = try AccountLedger(transaction: transaction, place: place).reserve(
            held, isBuy ? symbol.quote : symbol.base, for: order.id, now: order.createdAt)
    }
}
