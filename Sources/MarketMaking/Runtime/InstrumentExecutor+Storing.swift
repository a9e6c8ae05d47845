import Exchanges
import Execution
import Logging
import Persistence
import Scheduling
import TradingCore

/// Storing what the core decided, and sending what was stored.
extension InstrumentExecutor {
    /// How long a step that nothing waits for may wait for company.
    private static var lingerNanoseconds: Int64 { 20 * Nanoseconds.perMillisecond }

    /// Stores at once what is an intent, a fill or a command's end, and anything else soon.
    func scheduleStoring(_ now: Timestamp) {
        if storageRetryDue <= now {
            storageRetryDue = .distantFuture
            storageTriedAgain(now)
        }
        guard !core.steps.isEmpty else {
            // What lingered has gone with a batch that was tried again: left as it is, the alarm would ring without end.
            lingersUntil = .distantFuture
            return
        }
        if core.steps.contains(where: \.isUrgent) || lingersUntil <= now {
            lingersUntil = .distantFuture
            storeBatch()
        } else if lingersUntil == .distantFuture {
            lingersUntil = now.advanced(byNanoseconds: Self.lingerNanoseconds)
        }
    }

    /// So long quotes rest while the disk says nothing of what was to be stored; cancels never wait for it.
    private static var storePatience: Int64 { Nanoseconds.seconds(2) }

    /// When the commit under way has been waited for long enough.
    var storePatienceEnds: Timestamp {
        guard let storingSince, !storeIsSlow, storageFault == nil else { return .distantFuture }
        return storingSince.advanced(byNanoseconds: Self.storePatience)
    }

    /// A locked database answers only after many seconds. Nothing new can be placed meanwhile, so nothing may rest either.
    func noticeSlowStore(_ now: Timestamp) {
        guard storePatienceEnds <= now else { return }
        storeIsSlow = true
        logger.error("nothing could be stored for two seconds: quotes are taken off until it can be")
        core.storageChanged(isAvailable: false, now: now)
        carryOutCommands()
    }

    /// Stores what waits, until a time. What a full disk does not take by then the exchange tells again after the next
    /// start.
    /// - Returns: whether nothing is left.
    func flush(until deadline: Timestamp) async -> Bool {
        while !core.steps.isEmpty || isStoring {
            guard time.now() < deadline, !Task.isCancelled else { return false }
            storeBatch()
            try? await time.sleep(until: time.now().advanced(byNanoseconds: 2 * Nanoseconds.perMillisecond))
        }
        return true
    }

    /// Commits the steps that have gathered in one transaction, in order. One at a time: what comes meanwhile goes with
    /// the next. The answer is dealt with on the thread that committed, so that an intent leaves without waking another.
    private func storeBatch() {
        guard !isStoring, storageRetryDue == .distantFuture, !core.steps.isEmpty else { return }
        storingSince = time.now()
        let batch = core.steps
        core.steps = []
        storing = batch
        let began = time.now()
        journalSchedule.began(at: began, dueAt: began)
        // What the exchange has told it tells again after a power cut.
        journal.commit(batch, isDurable: batch.contains(where: \.isUrgent)) { [self] result in
            executor.performInline { [self] in assumeIsolated { $0.stored(batch, result) } }
        }
    }

    private func stored(_ batch: [JournalStep], _ result: Result<JournalOutcome, any Error>) {
        storingSince = nil
        storing = []
        switch result {
        case .success(let outcome):
            journalSchedule.ended(at: time.now(), failure: nil)
            finish(batch, outcome.stored)
            for order in outcome.risen { rose(order) }
            for refusal in outcome.refusals { refused(refusal) }
            for order in outcome.amended { amended(order) }
            if !outcome.doubts.isEmpty { askAbout(outcome.doubts) }
        case .failure(let error):
            journalSchedule.ended(at: time.now(), failure: "\(error)")
            recover(batch, error)
        }
        finishTurn()
    }

    private func finish(_ batch: [JournalStep], _ stored: Set<ClientOrderID>) {
        failedStores = 0
        if storageFault != nil || storeIsSlow {
            logger.notice("the store takes intents again")
            storageFault = nil
            storeIsSlow = false
            core.storageChanged(isAvailable: true, now: time.now())
        }
        for step in batch {
            switch step {
            case .place(let order, let approved):
                if stored.contains(order.id) {
                    if core.mayBeSent(order.id, now: time.now()) {
                        account.send(.place(approved), place.symbol)
                        placements.record(nanoseconds: time.now().nanoseconds(since: order.createdAt))
                    }
                } else {
                    fundsRefusals += 1
                    logger.warning("not sent: the account's free funds do not cover order \(order.id)")
                    core.wasNotStored(order.id, now: time.now())
                }
            case .stopped(let instanceID, _): sessionStopped(instanceID)
            case .update, .rejected, .fill, .amended, .refused, .settled, .books, .startPrice: break
            }
        }
    }

    /// An order that was given up is there after all, and nobody may leave it there.
    private func rose(_ order: RisenOrder) {
        tell(of: order)
        if let session = core.engine.session(thatMade: order.id) {
            // Found in the exchange's list it is taken into the session's care, until its cancel is confirmed.
            listOpenOrders(of: session)
        } else {
            takeOff(order.id, "is of no strategy at work")
        }
        if order.isHalted, let session = session(of: order.instanceID) {
            core.halt(session, reason: .uncoveredOrder, now: time.now())
        }
    }

    func refused(_ refusal: FillRefusal) {
        tell(of: refusal)
        if refusal.isHalted, let session = session(of: refusal.instanceID) {
            core.halt(session, reason: .mismatchedFill, now: time.now())
        }
    }

    /// Once for each fill: the exchange tells it again and again.
    func tell(of refusal: FillRefusal) {
        guard refusedFills.insert(RefusedFill(refusal.fill)).inserted else { return }
        logger.critical("\(refusal)", metadata: ["halted": "\(refusal.isHalted)"])
    }

    func tell(of order: RisenOrder) {
        logger.error("order \(order.id) was refused and is at the exchange after all")
        guard order.missing.isPositive else { return }
        logger.critical(
            "the account's free funds do not cover order \(order.id): \(order.missing) is missing",
            metadata: ["halted": "\(order.isHalted)"])
    }

    /// The store would not. Intents are given up, for nobody has seen them; what the exchange has told is kept and tried
    /// again, ever more slowly. Meanwhile nothing is sent but cancels.
    private func recover(_ batch: [JournalStep], _ error: any Error) {
        let now = time.now()
        storageFault = "\(error)"
        storeIsSlow = false
        failedStores += 1
        logger.error("storing failed, trading stops: \(error)", metadata: ["steps": "\(batch.count)"])
        core.storageChanged(isAvailable: false, now: now)
        for case .place(let order, _) in batch { core.wasNotStored(order.id, now: now) }
        core.steps.insert(contentsOf: batch.compactMap { $0.whenNotStored(error, now) }, at: 0)
        let wait = min(Nanoseconds.seconds(5), 100 * Nanoseconds.perMillisecond << Int64(min(failedStores, 6)))
        storageRetryDue = now.advanced(byNanoseconds: wait)
    }

    /// What is stored now nobody will find again: quotes come off before anything is to be stored.
    func storeIsLost(_ error: SQLError) {
        guard storageFault == nil, !isStoring else { return }
        recover([], error)
        finishTurn()
    }

    /// Time to see whether the store takes something again. Nothing may be left to store; the next intent is the test then.
    private func storageTriedAgain(_ now: Timestamp) {
        guard core.steps.isEmpty else { return storeBatch() }
        if let lost = database.lostFile() { return recover([], lost) }
        storageFault = nil
        core.storageChanged(isAvailable: true, now: now)
    }

    private func sessionStopped(_ instanceID: Int64) {
        for waiter in stopWaiters.removeValue(forKey: instanceID) ?? [] { waiter.raise() }
    }
}

extension JournalStep {
    /// What is left of a step to be stored when its commit failed; nil when nothing is. Of a placement that may be stored
    /// nobody knows: its row must not stay live, holding funds for an order that was never sent.
    func whenNotStored(_ error: any Error, _ now: Timestamp) -> JournalStep? {
        guard case .place(let order, _) = self else { return self }
        guard case .outcomeUnknown? = error as? SQLError else { return nil }
        return .update(order.id, .neverExisted, now)
    }

    /// Somebody or something waits for it.
    var isUrgent: Bool {
        switch self {
        case .place, .fill, .amended, .refused, .stopped: true
        case .update, .rejected, .settled, .books, .startPrice: false
        }
    }
}
