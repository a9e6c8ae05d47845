import TradingCore

/// After every commit: each asset's balances sum to zero, no account of ours is below zero, and what is locked is what open
/// reservations have left. Kept up from the rows as they change, apart from the ledger's own arithmetic.
final class MoneyCheck: SimulationCheck {
    private struct Account {
        let path: String
        let asset: String
        var available: Int128
        var locked: Int128
        var reserved: Int128 = 0
    }

    private var accounts: [Int64: Account] = [:]
    /// Open reservations: what remains, by their row.
    private var remaining: [String: Int128] = [:]
    private var sums: [String: Int128] = [:]
    /// Of this transaction, in order.
    private var touched: [Int64] = []

    func observe(_ change: SimulationChange, _ world: SimulationWorld) {
        switch change.what {
        case "account": observeAccount(change, world)
        case "reservation": observeReservation(change, world)
        default: break
        }
    }

    private func observeAccount(_ change: SimulationChange, _ world: SimulationWorld) {
        let path = change.detail ?? ""
        let parts = (change.new ?? "").split(separator: "|").compactMap { FixedDecimal(String($0))?.raw }
        guard let id = Int64(change.id), parts.count == 2 else {
            return world.violate("readable", "account \(path) is \(change.new ?? "gone")")
        }
        let asset = String(path.split(separator: "/").last ?? "")
        var account = accounts[id] ?? Account(path: path, asset: asset, available: 0, locked: 0)
        sums[asset, default: 0] += parts[0] + parts[1] - account.available - account.locked
        (account.available, account.locked) = (parts[0], parts[1])
        accounts[id] = account
        touched.append(id)
        if parts[1] < 0 || (parts[0] < 0 && change.number == 0) {
            world.violate("negativeBalance", "\(path) has \(change.new ?? "")")
        }
    }

    private func observeReservation(_ change: SimulationChange, _ world: SimulationWorld) {
        guard let new = FixedDecimal(change.new ?? "")?.raw else {
            return world.violate("readable", "reservation \(change.id) has \(change.new ?? "nothing") left")
        }
        let old = remaining[change.id] ?? 0
        world.pass("reservation \(change.detail ?? "")")
        if change.old != nil, new > old {
            world.violate("reservationShrinks", "reservation \(change.id) grew to \(new)")
        }
        remaining[change.id] = new
        accounts[change.number]?.reserved += new - old
        touched.append(change.number)
    }

    func committed(_ world: SimulationWorld) {
        for id in touched {
            guard let account = accounts[id] else { continue }
            let sum = sums[account.asset] ?? 0
            if sum != 0 {
                world.violate("assetSum", "\(account.asset) sums to \(FixedDecimal(raw: sum))")
            }
            if account.locked != account.reserved {
                world.violate(
                    "lockedIsReserved",
                    "\(account.path) has \(FixedDecimal(raw: account.locked)) locked and "
                        + "\(FixedDecimal(raw: account.reserved)) reserved")
            }
        }
        touched.removeAll(keepingCapacity: true)
    }
}
