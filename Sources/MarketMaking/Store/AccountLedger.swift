import Exchanges
import Execution
import Ledger
import Persistence
import TradingCore

/// One exchange account in the ledger: what of it is free, what its orders hold, and what its fills moved.
///
/// Four owners of the same name: `unallocated` is ours at the exchange, `exchange` whoever trades with us there, `fees` who
/// takes them, and `world` where funds come from and go to that no trade of ours explains.
struct AccountLedger {
    let ledger: LedgerStore
    let place: TradingPlace

    init(transaction: any SQLTransaction, place: TradingPlace) {
        ledger = LedgerStore(transaction: transaction)
        self.place = place
    }

    func account(_ kind: LedgerAccount.Kind, _ asset: AssetID) throws -> LedgerAccount {
        try LedgerAccount(kind, "\(place.exchange.rawValue):\(place.account)", asset)
    }

    /// What no order holds; nil of an asset that was never booked.
    func free(_ asset: AssetID) throws -> FixedDecimal? {
        try ledger.balance(of: account(.unallocated, asset))?.available
    }

    /// All that is booked as ours at the exchange, free or held.
    func totals() throws -> [AssetID: FixedDecimal] {
        let balances = try ledger.balances(of: .unallocated, "\(place.exchange.rawValue):\(place.account)")
        return Dictionary(balances.map { ($0.account.asset, $0.total) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: - Orders

    /// An order's reservation, by the order's id.
    private func reservation(_ id: ClientOrderID) -> LedgerStepID { LedgerStepID("order:\(id)") }

    /// - Returns: false, with nothing changed, when the account has less free.
    func reserve(_ amount: FixedDecimal, _ asset: AssetID, for id: ClientOrderID, now: Timestamp) throws -> Bool {
        let posting = try LedgerPosting(
            key: reservation(id).key,
            .reserve(from: account(.unallocated, asset), to: account(.exchange, asset), amount))
        do { try ledger.apply(posting, now: now) } catch LedgerError.overdraw { return false }
        return true
    }

    /// What an order holds that had given its funds back and is there after all.
    private func secondReservation(_ id: ClientOrderID) -> LedgerStepID { LedgerStepID("order:\(id):again") }

    /// Reserves for an order that had given its funds back: all of it, or what the account has free.
    /// - Returns: what is missing.
    func reserveAnew(
        _ amount: FixedDecimal, _ asset: AssetID, for id: ClientOrderID, now: Timestamp
    ) throws
        -> FixedDecimal
    {
        let second = secondReservation(id)
        guard try open(id) == nil else { return .zero }
        // An order rises once. Should it do so again, it is told that nothing covers it.
        guard try ledger.reservation(second) == nil else { return amount }
        let part = min(amount, try free(asset) ?? .zero)
        guard part.isPositive else { return amount }
        try ledger.apply(
            LedgerPosting(
                key: second.key, .reserve(from: account(.unallocated, asset), to: account(.exchange, asset), part)),
            now: now)
        return FixedDecimal(raw: amount.raw - part.raw)
    }

    /// Makes an order that was changed at the exchange hold what it may cost now: what it held is given back, and the amount, or what
    /// of it the account has free then, is reserved.
    /// - Returns: what is missing.
    func hold(
        _ amount: FixedDecimal, _ asset: AssetID, insteadFor id: ClientOrderID, now: Timestamp
    ) throws -> FixedDecimal {
        if let held = try open(id) { try close(held.id, now) }
        let part = min(amount, try free(asset) ?? .zero)
        guard part.isPositive else { return amount }
        try ledger.apply(
            LedgerPosting(
                key: try unusedReservation(id).key,
                .reserve(from: account(.unallocated, asset), to: account(.exchange, asset), part)),
            now: now)
        return FixedDecimal(raw: amount.raw - part.raw)
    }

    /// Gives back what an order still holds; nothing where its last fill left nothing.
    func release(_ id: ClientOrderID, now: Timestamp) throws {
        do { try close(reservation(id), now) } catch LedgerError.reservationClosed {} catch LedgerError
            .unknownReservation
        {}
        for later in try laterReservations(id) where later.status == .open { try close(later.id, now) }
    }

    private func close(_ reservation: LedgerStepID, _ now: Timestamp) throws {
        try ledger.apply(LedgerPosting(key: reservation.key + ":end", .void(reservation)), now: now)
    }

    /// What an order holds, under whichever name.
    private func open(_ id: ClientOrderID) throws -> (id: LedgerStepID, remaining: FixedDecimal)? {
        if let first = try ledger.reservation(reservation(id)), first.status == .open {
            return (first.id, first.remaining)
        }
        return try laterReservations(id).first { $0.status == .open }.map { ($0.id, $0.remaining) }
    }

    // MARK: - Reserved more than once

    /// The names of what an order held after its first reservation, one after the other: it rose again, or was changed.
    private func laterReservation(_ id: ClientOrderID, _ number: Int) -> LedgerStepID {
        number == 1 ? secondReservation(id) : LedgerStepID("order:\(id):again:\(number)")
    }

    private func laterReservations(_ id: ClientOrderID) throws -> [LedgerReservation] {
        var found: [LedgerReservation] = []
        while let next = try ledger.reservation(laterReservation(id, found.count + 1)) { found.append(next) }
        return found
    }

    private func unusedReservation(_ id: ClientOrderID) throws -> LedgerStepID {
        laterReservation(id, try laterReservations(id).count + 1)
    }

    // MARK: - Fills

    /// What one fill moves.
    struct Settlement {
        /// Made from exchange, account and trade: the same fill is booked once.
        var key: String
        var orderID: ClientOrderID
        /// Leaves us.
        var spent: (asset: AssetID, amount: FixedDecimal)
        /// Comes to us.
        var received: (asset: AssetID, amount: FixedDecimal)
        /// Below zero where the exchange pays us for trading.
        var fee: (asset: AssetID, amount: FixedDecimal)
        /// The order has traded all it was for: what it held beyond that is free again.
        var isLast: Bool
    }

    /// Books a fill. It has happened, so it is never refused: what our books cannot explain comes from the world's account,
    /// and the next comparison with the exchange tells.
    func settle(_ settlement: Settlement, now: Timestamp) throws {
        var steps = try steps(settlement)
        for _ in 0...2 {
            do {
                try ledger.apply(LedgerPosting(key: settlement.key, steps), now: now)
                return
            } catch LedgerError.overdraw(let account, let asked, let available) {
                let missing = FixedDecimal(raw: asked.raw - available.raw)
                steps.insert(.transfer(from: try self.account(.world, account.asset), to: account, missing), at: 0)
            }
        }
        // Two accounts of ours can be short, no more: what we spend, and the fee.
        try ledger.apply(LedgerPosting(key: settlement.key, steps), now: now)
    }

    private func steps(_ settlement: Settlement) throws -> [LedgerStep] {
        var steps: [LedgerStep] = []
        let (spent, received, fee) = (settlement.spent, settlement.received, settlement.fee)
        var direct = spent.amount
        if let held = try open(settlement.orderID) {
            let part = min(direct, held.remaining)
            direct = FixedDecimal(raw: direct.raw - part.raw)
            steps.append(settlement.isLast ? .postAndRelease(held.id, part) : .post(held.id, part))
        }
        if direct.isPositive {
            steps.append(
                .transfer(
                    from: try account(.unallocated, spent.asset), to: try account(.exchange, spent.asset), direct))
        }
        steps.append(
            .transfer(
                from: try account(.exchange, received.asset), to: try account(.unallocated, received.asset),
                received.amount))
        let (ours, theirs) = (try account(.unallocated, fee.asset), try account(.fees, fee.asset))
        if fee.amount.isPositive { steps.append(.transfer(from: ours, to: theirs, fee.amount)) }
        if fee.amount.raw < 0 {
            steps.append(.transfer(from: theirs, to: ours, FixedDecimal(raw: -fee.amount.raw)))
        }
        return steps
    }

    // MARK: - The exchange's word

    /// Takes the exchange's balances as the account's totals.
    /// - Parameter onlyMissing: assets that are booked already stay as they are.
    /// - Returns: a line for every total that was not as booked.
    func adopt(_ balances: [AssetBalance], onlyMissing: Bool, now: Timestamp) throws -> [String] {
        var drifts: [String] = []
        for balance in balances {
            let (sum, overflow) = balance.free.raw.addingReportingOverflow(balance.locked.raw)
            if overflow {
                drifts.append(
                    "\(balance.asset) is \(balance.free) and \(balance.locked) at the exchange: too much to book")
                continue
            }
            let total = FixedDecimal(raw: sum)
            let before = try ledger.balance(of: account(.unallocated, balance.asset))
            if onlyMissing, before != nil { continue }
            if let before, before.total != total {
                drifts.append("\(balance.asset) is \(total) at the exchange, was booked as \(before.total)")
            }
            try adjust(balance.asset, to: total, from: before, now)
        }
        return drifts
    }

    private func adjust(_ asset: AssetID, to total: FixedDecimal, from before: LedgerBalance?, _ now: Timestamp) throws
    {
        let (ours, world) = (try account(.unallocated, asset), try account(.world, asset))
        let missing = total.raw - (before?.total.raw ?? 0)
        // What orders hold stays theirs until they end; the next comparison takes the rest.
        let surplus = min(-missing, before?.available.raw ?? 0)
        let step: LedgerStep
        if missing > 0 {
            step = .transfer(from: world, to: ours, FixedDecimal(raw: missing))
        } else if surplus > 0 {
            step = .transfer(from: ours, to: world, FixedDecimal(raw: surplus))
        } else {
            return
        }
        // Each comparison is a fact of its own, told apart by how far the account has come.
        try ledger.apply(LedgerPosting(key: "adopt:\(ours):\((before?.entryCount ?? 0) + 1)", step), now: now)
    }
}
