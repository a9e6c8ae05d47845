import Exchanges
import Execution
import Logging
import Persistence
import Scheduling
import TradingCore

/// What operators and kill switches set: a halt holds first and is stored then, a laxer state is stored first.
extension StrategySupervisor {
    public func setTradingState(_ change: TradingStateChange) async throws(DeskError) {
        // Said in another form, it would hold whatever is of a name that compares the same.
        if case .session(let key) = change.scope, !GivenName.isComposed(key) { throw .unknownStrategy(key) }
        if isClosing, change.state != .halted { throw .notReady("the server is shutting down") }
        if change.state == .halted {
            try await requireNoLivingHolder()
        } else {
            try checkTrades()
        }
        let entry = TradingStateEntry(
            scope: change.scope, state: change.state, reason: change.reason, setBy: TradingStateEntry.operatorName,
            setAt: runtime.time.now())
        guard change.state == .halted else { return try await relax(entry, change) }
        try await halt(entry, change)
        if !isClosing { await waitUntilOff(change.scope) }
    }

    /// Later than all that this process has commanded of the scope or read of it, also where the clock was ahead when that was set. So the
    /// dates alone say which of two came last, to the next start, too.
    private func nextMoment(_ scope: TradingScope) -> Timestamp {
        let known = [states[scope]?.setAt, lastMoments[scope]].compactMap(\.self).max()
        let now = runtime.time.now()
        let moment = known.map { max(now, $0.advanced(byNanoseconds: 1)) } ?? now
        lastMoments[scope] = moment
        return moment
    }

    /// It holds at once: neither for a disk that may be the reason for it does it wait, nor behind a change that waits for one.
    private func halt(_ entry: TradingStateEntry, _ change: TradingStateChange) async throws(DeskError) {
        let row = await isAtWork(change.scope) ? nil : try await sessionRow(change)
        await makeSafe(entry.scope, await hold(entry, row))
    }

    /// What a kill switch has halted already is a halt like any other from here on.
    func fell(_ halts: [TradingStateEntry]) async {
        for halt in halts {
            let isOver = await hold(halt, nil)
            Task { await makeSafe(halt.scope, isOver) }
        }
    }

    /// - Returns: is raised when the database has taken it, or has refused it.
    private func hold(_ entry: TradingStateEntry, _ row: StrategyInstanceStore.Row?) async -> Signal {
        var entry = entry
        entry.isStored = false
        // From here to where it holds nobody comes between: whoever queues later has been commanded later.
        let turn = stateTurn.queue()
        entry.setAt = nextMoment(entry.scope)
        commandCount += 1
        lastHalt[entry.scope] = commandCount
        unstoredHalts[entry.scope] = entry
        await apply(entry, row)
        let (scope, isOver) = (entry.scope, Signal())
        Task {
            await turn.wait()
            await storeNow(scope)
            stateTurn.give()
            isOver.raise()
        }
        return isOver
    }

    /// A disk that says nothing may go on saying nothing: whoever commanded a halt shall not have to wait for that.
    private func makeSafe(_ scope: TradingScope, _ isOver: Signal) async {
        let isEnded = await wait(for: isOver, atMost: Self.haltStorePatience)
        if let entry = unstoredHalts[scope], await keepBeside(entry) || isEnded { return }
        if !isEnded { await wait(for: isOver, atMost: Self.haltAnswerPatience) }
    }

    /// So long a halt waits for the database before it is kept beside it.
    private static var haltStorePatience: Int64 { Nanoseconds.milliseconds(500) }
    /// So long an operator waits for a halt that can be kept nowhere. Then he is told that it holds in this process alone.
    private static var haltAnswerPatience: Int64 { Nanoseconds.seconds(15) }

    /// - Returns: whether the signal was raised in time.
    @discardableResult
    func wait(for signal: Signal, atMost length: Int64) async -> Bool {
        let (time, end) = (runtime.time, runtime.time.now().advanced(byNanoseconds: length))
        return await withTaskGroup { group in
            group.addTask {
                await signal.wait()
                return true
            }
            group.addTask {
                try? await time.sleep(until: end)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    private func storeNow(_ scope: TradingScope) async {
        // Dated anew where a laxer state came to be stored meanwhile; gone where it has been stored by now.
        guard let entry = unstoredHalts[scope] else { return }
        do { try await storeHalt(entry) } catch {
            // It holds all the same, is shown as what it is, and is stored as soon as that can be done.
            runtime.logger.error("a halt holds and could not be stored yet: \(error)")
            keepStoringHalts()
            await keepBeside(entry)
            return
        }
        isStored(entry)
    }

    /// The laxer states wait for the disk, one after another: what is stored last must be what holds.
    private func relax(_ entry: TradingStateEntry, _ change: TradingStateChange) async throws(DeskError) {
        let row = try await sessionRow(change)
        // What is stored decides on its date, and on whatever was kept beside it.
        if unrecovered == nil { throw .notReady("the store has not been read yet") }
        let turn = stateTurn.queue()
        var entry = entry
        entry.setAt = nextMoment(entry.scope)
        commandCount += 1
        let number = commandCount
        commandedAt[entry.scope] = runtime.time.now()
        await turn.wait()
        defer { stateTurn.give() }
        let asked = entry
        entry.setAt = try await store { try TradingStateStore(transaction: $0).put(asked) }
        let isOvertaken = { self.lastHalt[entry.scope].map { $0 > number } ?? false }
        if !isOvertaken() { await apply(entry, row) }
        // A halt that came meanwhile, also while executors were being told, holds already, and is stored next.
        if isOvertaken() { return await redateHalt(entry.scope, after: entry.setAt) }
        unstoredHalts[entry.scope] = nil
        strikeOutHalts(of: entry.scope)
    }

    private func isAtWork(_ scope: TradingScope) async -> Bool {
        guard case .session(let key) = scope else { return false }
        for executor in executors.values where await executor.hosts(key: key) { return true }
        return false
    }

    /// - Returns: nil also where the store cannot be read to know a session by: a halt does not wait for that.
    private func sessionRow(_ change: TradingStateChange) async throws(DeskError) -> StrategyInstanceStore.Row? {
        switch change.scope {
        case .server: return nil
        case .account(let name):
            guard await hasAccount(name) else { throw .unknownAccount(name) }
            return nil
        case .session(let key):
            let row: StrategyInstanceStore.Row?
            do { row = try await self.row(key) } catch {
                guard case .storageUnavailable = error, change.state == .halted else { throw error }
                return nil
            }
            guard let row else { throw .unknownStrategy(key) }
            return row
        }
    }

    /// An account that is worked on here is known though its exchange cannot be reached.
    private func hasAccount(_ name: String) async -> Bool {
        if executors.keys.contains(where: { $0.accountName == name }) { return true }
        let parts = name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let connector = directory.connector(ExchangeID(rawValue: parts[0])) else {
            return false
        }
        do { _ = try await connector.account(parts[1]) } catch .unknownAccount { return false } catch {}
        return true
    }

    func apply(_ entry: TradingStateEntry, _ row: StrategyInstanceStore.Row?) async {
        states[entry.scope] = entry
        await tell(entry, row)
        // A halt may have come while executors were told: whoever was told last of the laxer state is told again.
        if entry.state != .halted, let halt = states[entry.scope], halt.state == .halted { await tell(halt, row) }
    }

    private func tell(_ entry: TradingStateEntry, _ row: StrategyInstanceStore.Row?) async {
        switch entry.scope {
        case .server: for executor in executors.values { await executor.setState(server: entry.state) }
        case .account(let name):
            for (place, executor) in executors where place.accountName == name {
                await executor.setState(account: entry.state)
            }
        case .session(let key):
            let commandedAt = commandedAt[entry.scope]
            if let row {
                await executors[row.place]?.setState(
                    entry.state, of: row.instance.id, reason: entry.haltReason, commandedAt: commandedAt)
            } else {
                for executor in executors.values {
                    await executor.setState(
                        entry.state, ofKey: key, reason: entry.haltReason, commandedAt: commandedAt)
                }
            }
        }
    }

    public func tradingStates() async throws(DeskError) -> [TradingStateEntry] {
        // One that is stored while the store is read is in neither: what was not stored before counts, too.
        let before = unstoredHalts
        var stored = try await knownStates()
        for entry in before.merging(unstoredHalts, uniquingKeysWith: { $1 }).values {
            let isStored = stored.contains { $0.scope == entry.scope && $0.setAt >= entry.setAt }
            if isStored, unstoredHalts[entry.scope] == nil { continue }
            var shown = entry
            shown.isStored = keptHalts.contains(entry)
            stored.removeAll { $0.scope == entry.scope }
            stored.append(shown)
        }
        stored = await withUncancelled(stored)
        if stored.contains(where: { $0.scope == .server }) { return stored }
        let active = TradingStateEntry(
            scope: .server, state: .active, reason: "never set", setBy: "default", setAt: Timestamp(nanoseconds: 0))
        return [active] + stored
    }
}
