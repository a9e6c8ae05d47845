import Exchanges
import Execution
import Logging
import Persistence
import Scheduling
import TradingCore

/// Storing what the core decided, and sending what was stored.
extension InstrumentExecutor {
    /// How long a step that nothing waits for may wait for company.
    private static var lingerNanoseconds: Int64 { 100 * Nanoseconds.perMillisecond }

    /// Wakes the storing task: at once for an intent, a fill or a command's end, soon for anything else.
    func scheduleStoring(_ now: Timestamp) {
        guard !core.steps.isEmpty else { return }
        if core.steps.contains(where: \.isUrgent) || lingersUntil <= now {
            lingersUntil = .distantFuture
            journalSignal.raise()
        } else if lingersUntil == .distantFuture {
            lingersUntil = now.advanced(byNanoseconds: Self.lingerNanoseconds)
        }
    }

    /// Commits steps in order, as many as have gathered in one transaction, until the task is cancelled.
    func store() async {
        while !Task.isCancelled {
            while !core.steps.isEmpty, !Task.isCancelled { await storeBatch() }
            if Task.isCancelled { return }
            await journalSignal.wait()
        }
    }

    /// Stores what waits, until a time. What a full disk does not take by then the exchange tells again after the next
    /// start.
    /// - Returns: whether nothing is left.
    func flush(until deadline: Timestamp) async -> Bool {
        while !core.steps.isEmpty || isStoring {
            guard time.now() < deadline, !Task.isCancelled else { return false }
            journalSignal.raise()
            try? await time.sleep(until: time.now().advanced(byNanoseconds: 2 * Nanoseconds.perMillisecond))
        }
        return true
    }

    private func storeBatch() async {
        guard !isStoring else { return }
        isStoring = true
        let batch = core.steps
        core.steps = []
        let began = time.now()
        journalSchedule.began(at: began, dueAt: began)
        do {
            let stored = try await journal.commit(batch)
            journalSchedule.ended(at: time.now(), failure: nil)
            isStoring = false
            await finish(batch, stored)
        } catch {
            journalSchedule.ended(at: time.now(), failure: "\(error)")
            await recover(batch, error)
            isStoring = false
        }
        finishTurn()
    }

    private func finish(_ batch: [JournalStep], _ stored: Set<ClientOrderID>) async {
        failedStores = 0
        if storageFault != nil {
            logger.notice("the store takes intents again")
            storageFault = nil
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
            case .stopped(let instanceID, _): await sessionStopped(instanceID)
            case .update, .fill, .halted: break
            }
        }
    }

    /// The store would not. Intents are given up, for nobody has seen them; what the exchange has told is kept and tried
    /// again, ever more slowly. Meanwhile nothing is sent but cancels.
    private func recover(_ batch: [JournalStep], _ error: any Error) async {
        let now = time.now()
        storageFault = "\(error)"
        failedStores += 1
        logger.error("storing failed, trading stops: \(error)", metadata: ["steps": "\(batch.count)"])
        core.storageChanged(isAvailable: false, now: now)
        for case .place(let order, _) in batch { core.wasNotStored(order.id, now: now) }
        core.steps.insert(contentsOf: batch.compactMap { $0.whenNotStored(error, now) }, at: 0)
        finishTurn()
        let wait = min(Nanoseconds.seconds(5), 100 * Nanoseconds.perMillisecond << Int64(min(failedStores, 6)))
        try? await time.sleep(until: now.advanced(byNanoseconds: wait))
        // Nothing may be left to store; the next intent is the test then.
        if core.steps.isEmpty {
            storageFault = nil
            core.storageChanged(isAvailable: true, now: time.now())
        }
    }

    private func sessionStopped(_ instanceID: Int64) async {
        guard let session = SessionID(UInt16(clamping: instanceID)) else { return }
        stopWaiters.removeValue(forKey: session)?.raise()
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
        case .place, .fill, .halted, .stopped: true
        case .update: false
        }
    }
}
