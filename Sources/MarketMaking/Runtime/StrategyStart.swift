import Execution
import Persistence
import TradingCore

/// Storing that a strategy starts: instance, parameters and books in one transaction.
struct StrategyStart {
    let transaction: any SQLTransaction
    let plan: StrategyPlan
    let instrument: Instrument
    let installation: InstallationID
    let now: Timestamp

    /// - Parameter parameters: new ones; nil takes the stored instance up with its newest.
    func carryOut(
        parameters: String?, startPrice: FixedDecimal?
    ) throws -> (row: StrategyInstanceStore.Row, books: SessionBooks) {
        let store = StrategyInstanceStore(transaction: transaction)
        let row: StrategyInstanceStore.Row
        if let stopped = try store.row(key: plan.key.description) {
            guard stopped.instance.key == plan.key else {
                throw DeskError.invalid([
                    "clientId \(plan.key.clientID): must be one with which the strategy key \(plan.key) is nobody else's"
                ])
            }
            // Somebody else has started it between our caller's look and here: that start is this one's answer.
            if stopped.instance.status == .running,
                let books = try SessionBooksStore(transaction: transaction).books(of: stopped.instance.id)
            {
                if parameters != nil { try plan.check(isRunBy: stopped) }
                return (stopped, books)
            }
            guard
                let restarted = try store.restart(
                    stopped, plan.place, startPrice: startPrice, parameters: parameters, now: now)
            else { throw DeskError.refused("\(plan.key) is still being stopped") }
            row = restarted
        } else {
            guard let parameters else { throw DeskError.unknownStrategy(plan.key.description) }
            row = try store.insert(plan.key, plan.place, startPrice: startPrice, parameters: parameters, now: now)
        }
        _ = try SessionNumberStore(transaction: transaction, installation: installation).take(for: row.instance.id)
        let books = try books(row)
        try SessionBooksStore(transaction: transaction).put(books, now: now)
        return (row, books)
    }

    /// A run begins with empty books and its share of what the account has free.
    private func books(_ row: StrategyInstanceStore.Row) throws -> SessionBooks {
        let ledger = AccountLedger(transaction: transaction, place: plan.place)
        return SessionBooks(
            instanceID: row.instance.id, run: row.run,
            base: try share(plan.base, "baseFunds", try ledger.free(instrument.base), instrument.base),
            quote: try share(plan.quote, "quoteFunds", try ledger.free(instrument.quote), instrument.quote),
            account: PositionAccount(), bestProfit: nil)
    }

    private func share(
        _ wanted: FixedDecimal?, _ field: String, _ free: FixedDecimal?, _ asset: AssetID
    ) throws -> FixedDecimal {
        let free = free ?? .zero
        guard let wanted else { return free }
        guard wanted <= free else {
            throw DeskError.invalid(["\(field) \(wanted): must be at most what the account has free, \(free) \(asset)"])
        }
        return wanted
    }
}
