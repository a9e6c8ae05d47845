import Exchanges
import Execution
import Logging
import Persistence
import Scheduling
import TradingCore

/// What an earlier process left is looked after before anything trades.
extension StrategySupervisor {
    /// Until the store could be read: before that nobody looks after what an earlier process left.
    func recover() async {
        let schedule = runtime.registry.schedule("recovery")
        defer { schedule.end() }
        schedule.works(since: runtime.time.now())
        var wait = 200 * Nanoseconds.perMillisecond
        while !Task.isCancelled {
            do {
                try await recoverAll()
                recoveryFaults["store"] = nil
                isReconciled = !Task.isCancelled
                await rememberRestoreLooks()
                return
            } catch {
                // Told to stop in its first moments: no fault of the store.
                if Task.isCancelled { return }
                runtime.logger.critical("the store cannot be read, will try again: \(error)")
                recoveryFaults["store"] = "\(error)"
            }
            let next = runtime.time.now().advanced(byNanoseconds: wait)
            do { try await schedule.wait(until: next, on: runtime.time, failure: recoveryFaults["store"]) } catch {
                return
            }
            wait = min(2 * wait, Self.longestRecoveryWait)
        }
    }

    /// Reconciles every account that has something unfinished. An exchange that cannot be reached is tried again, ever
    /// more slowly, and keeps no other one waiting.
    private func recoverAll() async throws {
        if try await runtime.database.write({ try OrderSequenceFloor(transaction: $0).raise() }) {
            runtime.logger.notice("the database was restored from a backup: order ids leap past those of before")
        }
        let reachable = reachableAccounts
        let (rows, restored, entries, usedUp) = try await runtime.database.read { transaction in
            (
                try StrategyInstanceStore(transaction: transaction).unfinished(),
                try Self.restoredAccounts(transaction, reachable: reachable),
                try TradingStateStore(transaction: transaction).all(),
                try OrderSequenceFloor(transaction: transaction).usedUp()
            )
        }
        if let usedUp {
            recoveryFaults["order ids"] = "\(usedUp)"
            runtime.logger.critical("\(usedUp)")
        }
        // What was commanded meanwhile is newer than what was stored.
        for entry in entries { states[entry.scope] = TradingStateEntry.newer(states[entry.scope], entry) ?? entry }
        await takeUpKept(entries)
        let byAccount = Dictionary(grouping: rows) { $0.place.accountName }
        unlooked = Dictionary(uniqueKeysWithValues: restored.map { ($0.name, $0) })
        let accounts = Set(byAccount.keys).union(unlooked.keys)
        unrecovered = accounts
        await withDiscardingTaskGroup { group in
            for account in accounts { group.addTask { await self.recover(account, byAccount[account] ?? []) } }
        }
    }

    /// Until an account is reconciled nobody looks after its orders: an exchange that is back is not to be kept waiting.
    private static let longestRecoveryWait = Nanoseconds.seconds(5)

    private func recover(_ account: String, _ rows: [StrategyInstanceStore.Row]) async {
        let schedule = runtime.registry.schedule("recovery \(account)")
        defer { schedule.end() }
        schedule.works(since: runtime.time.now())
        var wait = 200 * Nanoseconds.perMillisecond
        while !Task.isCancelled {
            do {
                let ids = Set(rows.map(\.instance.id))
                // Read anew: a stop may have been commanded since.
                let fresh = try await runtime.database.read { transaction in
                    try StrategyInstanceStore(transaction: transaction).unfinished().filter {
                        ids.contains($0.instance.id)
                    }
                }
                do {
                    let forgotten = try await forgottenOrders(account, besides: fresh)
                    try await resume(fresh, alsoAt: forgotten)
                    looked[account] = unlooked.removeValue(forKey: account)
                } catch {
                    // Its key was removed, and nothing of it can be open: there is nothing to recover.
                    guard Self.isOfNobody(error), try await isForgettable(fresh) else { throw error }
                    if unlooked[account] == nil {
                        runtime.logger.notice("account \(account) is gone, and nothing of it was open")
                    } else {
                        runtime.logger.warning(
                            "account \(account) is gone: nobody can look for orders that the restored database has forgotten"
                        )
                    }
                }
                recoveryFaults[account] = nil
                unrecovered?.remove(account)
                return
            } catch {
                if Task.isCancelled { return }
                // Tried for as long as it takes, the same cause is told once.
                if recoveryFaults.updateValue("\(error)", forKey: account) != "\(error)" {
                    runtime.logger.error("account \(account) could not be reconciled, will try again: \(error)")
                }
            }
            let next = runtime.time.now().advanced(byNanoseconds: wait)
            do { try await schedule.wait(until: next, on: runtime.time, failure: recoveryFaults[account]) } catch {
                return
            }
            wait = min(2 * wait, Self.longestRecoveryWait)
        }
    }

    /// Where a restored database has forgotten orders on the account.
    private func forgottenOrders(
        _ account: String, besides rows: [StrategyInstanceStore.Row]
    ) async throws -> Set<TradingPlace> {
        guard let restored = unlooked[account] else { return [] }
        let places = try await placesOfForgottenOrders(restored, besides: Set(rows.map(\.place)))
        for place in places {
            runtime.logger.error("\(place): orders rest there that the restored database has forgotten")
        }
        return places
    }

    /// Whether the account, or the whole exchange, is no longer ours.
    private static func isOfNobody(_ error: any Error) -> Bool {
        switch error {
        case ConnectorError.unknownAccount, DeskError.unknownExchange, DeskError.unknownAccount: true
        default: false
        }
    }

    /// Whether these are orders by hand alone, all of them ended.
    private func isForgettable(_ rows: [StrategyInstanceStore.Row]) async throws -> Bool {
        guard rows.allSatisfy({ $0.instance.key.type == .direct }) else { return false }
        let open = rows.map(\.place)
        return try await runtime.database.read { transaction in
            try open.allSatisfy { try !OrderStore.hasLive(at: $0, transaction) }
        }
    }

    /// All places of one account: orders and fills first, then what the account owns, and only then trading.
    /// - Parameters:
    ///   - forgotten: where orders of ours rest though no strategy is unfinished there.
    ///   - adopts: whether the exchange's balances become the account's; not while others of it trade.
    func resume(
        _ rows: [StrategyInstanceStore.Row], alsoAt forgotten: Set<TradingPlace> = [], adopts: Bool = true
    ) async throws {
        var ready: [(InstrumentExecutor, [ResumedSession])] = []
        do { try await resume(rows, forgotten, adopts: adopts, into: &ready) } catch {
            for (executor, _) in ready {
                leave(executor.place)
                await executor.abandon()
            }
            throw error
        }
        for (executor, sessions) in ready {
            try? await catchUp(sessions.map(\.row), on: executor)
            startWork.yield(executor)
            for row in rows where row.place == executor.place && row.instance.status == .stopping {
                await endUnseated(row, on: executor)
            }
        }
    }

    private func resume(
        _ rows: [StrategyInstanceStore.Row], _ forgotten: Set<TradingPlace>, adopts: Bool,
        into ready: inout [(InstrumentExecutor, [ResumedSession])]
    ) async throws {
        let byPlace = Dictionary(grouping: rows, by: \.place)
            .merging(forgotten.map { ($0, []) }, uniquingKeysWith: { rows, _ in rows })
        for (place, rows) in byPlace {
            let sessions = rows.compactMap { resumed($0) }
            ready.append((try await makeExecutor(place), sessions))
        }
        for (executor, sessions) in ready {
            try await executor.resume(sessions)
            try enter(executor)
        }
        if adopts, let place = ready.first?.0.place { try await adoptBalances(place, settling: ready.map(\.0)) }
    }

    /// - Returns: nil, told as a fault, when its stored parameters cannot be read: then its orders, of which nobody would look
    ///   after any, are cancelled like strays, and the account's others trade on.
    private func resumed(_ row: StrategyInstanceStore.Row) -> ResumedSession? {
        do {
            let plan =
                row.instance.key.type == .direct
                ? .direct : try StrategyPlan.read(row.instance.parameters, exchanges: exchangeNames).session
            recoveryFaults["\(row.instance.key)"] = nil
            return ResumedSession(
                row: row, plan: plan, known: states[.session(row.instance.key.description)])
        } catch {
            recoveryFaults["\(row.instance.key)"] = "its stored parameters cannot be read: \(error)"
            runtime.logger.error("strategy \(row.instance.key) is not taken up: \(error)")
            return nil
        }
    }

    /// What the exchange says the account owns is the truth; what live orders hold of it is ours to say.
    ///
    /// Resting orders go on trading meanwhile: a fill that the balances hold already and that is booked afterwards would
    /// count twice. So the balances are taken only when no fill has come between the last booking and them.
    func adoptBalances(_ place: TradingPlace, settling executors: [InstrumentExecutor]) async throws {
        guard let connector = directory.connector(place.exchange) else { return }
        let account = try await connector.account(place.account)
        for _ in 0..<20 {
            let balances = try await account.balances()
            var late = 0
            for executor in executors { late += try await executor.bookMissedFills() }
            if late == 0 { return try await store(balances, of: place, onlyMissing: false) }
        }
        throw ConnectorError.refused("the account's orders trade faster than its balances can be read")
    }

    /// - Parameter onlyMissing: assets that are booked already stay as they are, for others of the account trade.
    func store(_ balances: [AssetBalance], of place: TradingPlace, onlyMissing: Bool) async throws {
        let now = runtime.time.now()
        let drifts = try await runtime.database.write { transaction in
            try AccountLedger(transaction: transaction, place: place).adopt(
                balances, onlyMissing: onlyMissing, now: now)
        }
        for drift in drifts { runtime.logger.warning("account \(place.accountName): \(drift)") }
    }
}
