import Exchanges
import Execution
import Logging
import Persistence
import Scheduling
import Strategies
import TradingCore

/// A session to be taken up again after a start: its stored row, and the strategy made of it.
struct ResumedSession: Sendable {
    var row: StrategyInstanceStore.Row
    var plan: SessionPlan
    /// What an operator has set last, maybe not stored yet.
    var known: TradingStateEntry?
}

/// Learning what happened while nobody listened, before anything is decided.
extension InstrumentExecutor {
    /// Compares store and exchange, books what is missing, and puts the sessions back to work. ``subscribe()`` first.
    ///
    /// Nothing is sent in here but cancels of orders that the store does not know.
    func resume(_ sessions: [ResumedSession]) async throws {
        let outcome = try await reconcile()
        let starts = try await database.write { [self] transaction in
            try sessions.map { try start($0, outcome, transaction) }
        }
        let now = time.now()
        for start in starts { core.add(start, now: now) }
        for stray in try await unknownHere(outcome.strays) where connector.marksOwnOrders {
            takeOff(stray.id, "is ours but not stored")
        }
        for report in outcome.amended { takeOffAmended(report) }
        for order in outcome.changed { takeOffChanged(order) }
        // Live orders of instances that are not at work have nobody to look after them.
        for order in outcome.live where core.engine.order(order.id) == nil {
            takeOff(order.id, "belongs to no running strategy")
        }
        finishTurn()
    }

    /// Strays without those that the store knows at another place: of another label whose key is one of the same account.
    private func unknownHere(_ strays: [ListedOrder]) async throws -> [ListedOrder] {
        let known = try await database.read { [self] transaction in
            let own = OrderStore(transaction: transaction, place: place, instrument: instrument)
            // One that has ended by our own row, and rests all the same, is ours to cancel.
            return try strays.filter { try own.order($0.id) == nil && OrderStore.isStored($0.id, transaction) }
        }
        for order in known {
            logger.error(
                "open order \(order.id) was placed under another account's name: two keys of one exchange account? Left alone"
            )
        }
        return strays.filter { stray in !known.contains { $0.id == stray.id } }
    }

    /// Asks the exchange, compares, and stores what follows.
    private func reconcile() async throws -> Reconciliation.Outcome {
        let listed = try await account.openOrders(place.symbol)
        let missed = try await missedFills()
        let amended = Dictionary(missed.amendments.map { ($0.report.id, $0.report) }) { _, last in last }
        let stored = try await database.read { [self] transaction in
            let orders = OrderStore(transaction: transaction, place: place, instrument: instrument)
            let live = try orders.live()
            // What rests though it was said never to have been, or to have traded whole before it was changed, lives again.
            let known = Set(live.map(\.id))
            let others = listed.filter { $0.id.installation == installation && !known.contains($0.id) }
            let risen = try others.compactMap { try orders.order($0.id) }.filter {
                $0.status == .rejected || amended[$0.id] != nil
            }
            return (live + risen).map { order in amended[order.id].map { order.amended(by: $0) } ?? order }
        }
        let known = Set(listed.map(\.id))
        let reports = try await OrderLookUp(account: account, symbol: place.symbol).reports(
            of: stored.filter { !known.contains($0.id) }.placements)
        let outcome = Reconciliation(
            stored: stored, listed: listed, missed: missed, reports: reports,
            acceptanceWindow: connector.acceptanceWindow, installation: installation
        ).outcome(now: time.now())
        tell(of: try await journal.commit(outcome.steps))
        logger.info(
            "reconciled",
            metadata: [
                "live": "\(outcome.live.count)", "fills": "\(missed.new.count)", "strays": "\(outcome.strays.count)",
            ])
        return outcome
    }

    private func tell(of outcome: JournalOutcome) {
        for order in outcome.risen { tell(of: order) }
        for refusal in outcome.refusals { refused(refusal) }
        for order in outcome.amended { amended(order) }
        if !outcome.doubts.isEmpty { askAbout(outcome.doubts) }
    }

    /// Fills of orders that are stored here, from the newest booked trade on, without those booked already, and without those that
    /// cannot be of the orders whose ids they bear: no engine is to see them. The exchange is asked for the orders in doubt.
    private func missedFills() async throws -> JudgedFills {
        let told = try await fillsSinceBooked()
        var judged = try await database.read { [self] transaction in try fillStore(transaction).judge(told) }
        if !judged.doubts.isEmpty { judged = try await judgeAgain(told, judged.doubts) }
        try await refuse(judged)
        return judged
    }

    /// Whether the exchange tells fills of ours that are not booked yet.
    func lacksFills() async throws -> Bool {
        let told = try await fillsSinceBooked()
        let judged = try await database.read { [self] transaction in try fillStore(transaction).judge(told) }
        return !judged.new.isEmpty || !judged.doubts.isEmpty
    }

    private func fillsSinceBooked() async throws -> [Fill] {
        let now = time.now()
        var mark = try await database.read { [self] transaction in try fillStore(transaction).mark(now: now) }
        var fills: [Fill] = []
        while true {
            let page = try await account.fills(place.symbol, from: mark, limit: 1_000)
            // A page begins with the trade that the last one ended with.
            let new = page.filter { fill in !fills.contains { $0 == fill } }
            fills += new
            guard page.count == 1_000, let last = page.last, !new.isEmpty else { break }
            mark.tradeID = last.tradeID
        }
        return fills
    }

    /// Stores what is refused, which may halt strategies, and tells of it; once for each fill.
    private func refuse(_ judged: JudgedFills) async throws {
        let new = judged.refusals.filter { !refusedFills.contains(RefusedFill($0.fill)) }
        if new.isEmpty, judged.settled.isEmpty { return }
        let now = time.now()
        tell(of: try await journal.commit(new.map { .refused($0, now) } + judged.settled.map { .settled($0) }))
    }

    /// Books fills that came since ``resume(_:)``, which the mailbox will tell again: they are booked once.
    /// - Returns: how many there were.
    func bookMissedFills() async throws -> Int {
        let missed = try await missedFills()
        if !missed.new.isEmpty {
            tell(of: try await journal.commit(missed.steps(time.now())))
        }
        for report in missed.amendments.map(\.report) {
            core.amend(report)
            takeOffAmended(report)
        }
        return missed.new.count
    }

    nonisolated func fillStore(_ transaction: any SQLTransaction) -> FillStore {
        FillStore(orders: OrderStore(transaction: transaction, place: place, instrument: instrument))
    }

    private nonisolated func start(
        _ resumed: ResumedSession, _ outcome: Reconciliation.Outcome, _ transaction: any SQLTransaction
    ) throws -> SessionStart {
        let row = resumed.row
        let numbers = try SessionNumberStore(transaction: transaction, installation: installation)
            .take(for: row.instance.id)
        let seat = SessionSeat(row, numbers.current.session)
        // One of an earlier run has nobody to look after it.
        let orders = outcome.live(of: row.instance.id).filter { numbers.made($0.id, installation) }
        guard var books = try SessionBooksStore(transaction: transaction).books(of: row.instance.id) else {
            throw StoredValueError(table: "session_books", column: "instance_id", value: "nothing for \(seat.key)")
        }
        let isAbsurd = !books.isPlausible(instrument)
        if isAbsurd {
            let store = OrderStore(transaction: transaction, place: place, instrument: instrument)
            _ = try store.halt(row.instance.id, .absurdBooks, time.now())
            logger.critical("\(seat.key) is halted: its stored sums are none that trading can have made: \(books)")
            books = books.emptied
        }
        // Comparing with the exchange may have halted it.
        let scope = TradingScope.session(row.instance.key.description)
        let entry = try TradingStateStore(transaction: transaction).all().first { $0.scope == scope }
        let set = TradingStateEntry.newer(entry, resumed.known)
        return SessionStart(
            seat: seat,
            configuration: resumed.plan.configuration(installation, numbers, books),
            strategy: try resumed.plan.strategy(instrument),
            restored: RestoredSession(
                orders: orders, account: books.account, fills: try booked(orders, outcome, transaction),
                bestProfit: books.bestProfit, state: set?.state ?? .active,
                haltReason: isAbsurd ? .absurdBooks : set?.haltReason,
                isStopping: row.instance.status == .stopping))
    }

    /// What is booked already and may be told again: when an order is asked about, all its fills are.
    private nonisolated func booked(
        _ orders: [RestoredOrder], _ outcome: Reconciliation.Outcome, _ transaction: any SQLTransaction
    ) throws -> [Fill] {
        let missed = outcome.steps.compactMap { if case .fill(let fill, _, _) = $0 { fill } else { nil } }
        let store = fillStore(transaction)
        let ofLive = try orders.flatMap { try store.fills(of: $0.id) }
        return ofLive
            + missed.filter { fill in !ofLive.contains { $0.tradeID == fill.tradeID && $0.orderID == fill.orderID } }
    }

    /// The account's stream is back, or too much of it came: what was missed is asked for, and told to the engine as if
    /// it had come by the stream. Only then are new orders made again; until it can be asked for, not.
    func recoverAccount() async {
        do {
            hasDoubts = false
            take(try await missedFills())
            let listed = try await account.openOrders(place.symbol)
            for order in listed { core.handle(.accepted(order.id), now: time.now()) }
            for order in listed {
                guard let ours = core.engine.order(order.id) else { continue }
                if order.isOther(than: ours.side, ours.price, rest: ours.quantity) { takeOffChanged(order) }
            }
            try await takeOffUnattended(listed)
            // Found meanwhile, they are asked about next.
            recoveryDue = hasDoubts ? time.now() : .distantFuture
            recoveryFault = nil
            core.accountChanged(isReconciled: !hasDoubts && accountLostAt == nil, now: time.now())
        } catch {
            recoveryDue = time.now().advanced(byNanoseconds: Self.retryNanoseconds)
            // Tried each second, it is told once.
            if recoveryFault == nil {
                logger.error("what the account missed could not be asked for, and will be again: \(error)")
            }
            recoveryFault = "\(error)"
        }
    }

    /// Cancels what came to rest while the stream was lost and nobody here knows as live: replaced at the exchange under our id.
    private func takeOffUnattended(_ listed: [ListedOrder]) async throws {
        func unattended(_ listed: [ListedOrder]) -> [ListedOrder] {
            listed.filter {
                $0.id.installation == installation && core.engine.order($0.id) == nil && !strays.contains($0.id)
            }
        }
        let suspects = Set(unattended(listed).map(\.id))
        guard connector.marksOwnOrders, !suspects.isEmpty else { return }
        // What was just ending is on a list of before, and not on one of now.
        let still = try await account.openOrders(place.symbol).filter { suspects.contains($0.id) }
        for order in try await unknownHere(unattended(still)) {
            takeOff(order.id, "came to rest while the account's stream was lost, and no strategy looks after it")
        }
    }

    // MARK: - Stopping

    /// - Returns: whether the session was stopped, and stored so, within `limit` nanoseconds.
    func waitUntilStopped(_ instanceID: Int64, limit: Int64) async -> Bool {
        guard hosts(instanceID) || hasStep(ending: instanceID) else { return true }
        // One each: a client's second try waits like its first.
        let signal = Signal()
        stopWaiters[instanceID, default: []].append(signal)
        let deadline = time.now().advanced(byNanoseconds: limit)
        await withTaskGroup { group in
            group.addTask { await signal.wait() }
            group.addTask { [time] in try? await time.sleep(until: deadline) }
            await group.next()
            group.cancelAll()
        }
        stopWaiters[instanceID]?.removeAll { $0 === signal }
        return !hosts(instanceID) && !hasStep(ending: instanceID)
    }

    /// Whether neither the exchange nor the store has an open order of a strategy.
    func showsNothing(of instanceID: Int64) async -> Bool {
        guard let listed = try? await account.openOrders(place.symbol) else { return false }
        let (ours, place, instrument) = (listed.filter { $0.id.installation == installation }, place, instrument)
        let isNothing = try? await database.read { transaction in
            let orders = OrderStore(transaction: transaction, place: place, instrument: instrument)
            guard try !orders.live().contains(where: { $0.instanceID == instanceID }) else { return false }
            return try !ours.contains { try orders.order($0.id)?.instanceID == instanceID }
        }
        return isNothing ?? false
    }

    private func hasStep(ending instanceID: Int64) -> Bool {
        (storing + core.steps).contains { if case .stopped(let id, _) = $0 { id == instanceID } else { false } }
    }

    /// Takes a ``suspend(limit:)`` back that could not be carried out.
    func goOn() {
        core.goOn(now: time.now())
        finishTurn()
    }

    /// So long a stop waits for a store that takes nothing.
    private static var lastStorePatience: Int64 { 2 * Nanoseconds.perSecond }

    /// What cannot be stored the exchange tells again after the next start.
    private func storeAtLast(until deadline: Timestamp) async {
        let patience = time.now().advanced(byNanoseconds: Self.lastStorePatience)
        if await flush(until: storageFault == nil ? deadline : min(deadline, patience)) { return }
        logger.error(
            "nothing rests, and \(storing.count + core.steps.count) steps could not be stored: the next start asks the exchange"
        )
    }

    /// For the end of the process: takes every quote off the book, keeping what runs to be resumed at the next start.
    /// - Returns: whether the exchange has shown, within `limit` nanoseconds, that nothing of ours is open.
    func suspend(limit: Int64) async -> Bool {
        core.suspend(now: time.now())
        strays.hurry(time.now())
        finishTurn()
        let deadline = time.now().advanced(byNanoseconds: limit)
        var wait = 5 * Nanoseconds.perMillisecond
        while time.now() < deadline {
            if !core.hasLiveQuotes, let open = try? await account.openOrders(place.symbol) {
                strayOrdersListed(open)
                let isClear = !open.contains { $0.id.installation == installation && core.quotes($0.id) }
                if isClear, strays.isEmpty {
                    await storeAtLast(until: deadline)
                    return true
                }
            }
            // An exchange is not to be asked a hundred times a second.
            if !core.hasLiveQuotes { wait = min(2 * wait, Nanoseconds.perSecond) }
            finishTurn()
            try? await time.sleep(until: time.now().advanced(byNanoseconds: wait))
        }
        return false
    }
}
