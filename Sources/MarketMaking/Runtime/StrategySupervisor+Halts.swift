import Execution
import Logging
import Persistence
import Scheduling
import TradingCore

/// Halts that come before the store is read or an account is reached: they hold for everything that begins afterwards, and what
/// they have not taken off yet is said.
extension StrategySupervisor {
    /// One of a session that was not known, for the store could not be read when it came, is stored only if there is such a session.
    func storeHalt(_ entry: TradingStateEntry) async throws(DeskError) {
        let setAt = try await store { transaction -> Timestamp? in
            if case .session(let key) = entry.scope,
                try StrategyInstanceStore(transaction: transaction).row(key: key) == nil
            {
                return nil
            }
            return try TradingStateStore(transaction: transaction).put(entry)
        }
        if let setAt {
            if states[entry.scope] == entry {
                states[entry.scope]?.setAt = setAt
                states[entry.scope]?.isStored = true
            }
            return
        }
        runtime.logger.error("a halt of \(entry.scope) is dropped: there is no such strategy")
        states[entry.scope] = nil
    }

    /// What is stored. While that cannot be read, and a halt has come that is not stored yet, what this process knows: whoever
    /// commanded the halt is to learn that it holds.
    func knownStates() async throws(DeskError) -> [TradingStateEntry] {
        do { return try await load { try TradingStateStore(transaction: $0).all() } } catch {
            guard !unstoredHalts.isEmpty else { throw error }
            return states.values.sorted { $0.scope.storedName < $1.scope.storedName }
        }
    }

    /// Says of every halt which accounts' orders nobody has been able to cancel.
    func withUncancelled(_ entries: [TradingStateEntry]) async -> [TradingStateEntry] {
        if let lease = runtime.lease, let standing = lease.standing {
            // Whatever trades on this database, it is not this process that could take anything off.
            return entries.map { entry in
                var entry = entry
                let whose =
                    switch entry.scope {
                    case .server: "every account"
                    case .account(let name): name
                    case .session(let key): key
                    }
                if entry.state == .halted { entry.uncancelled = ["\(whose): \(standing)"] }
                return entry
            }
        }
        var entries = unrecovered?.isEmpty ?? false ? entries : await withUnrecovered(entries)
        for index in entries.indices where entries[index].state == .halted {
            entries[index].uncancelled += await notOff(entries[index].scope)
        }
        return entries
    }

    /// What a halt has not taken off yet, where somebody works: cancels that nobody has answered, an exchange that is not reached, a key
    /// that is gone.
    private func notOff(_ scope: TradingScope) async -> [String] {
        var lines: [String] = []
        for (place, executor) in executors.sorted(by: { $0.key.description < $1.key.description }) {
            let line: String? =
                switch scope {
                case .server: await executor.notOff()
                case .account(let name): place.accountName == name ? await executor.notOff() : nil
                case .session(let key): await executor.notOff(ofKey: key)
                }
            if let line { lines.append("\(place.accountName): \(line)") }
        }
        return lines
    }

    /// Whoever halts wants to be told that all is off, which takes an exchange some milliseconds; of one that says nothing he is told that.
    func waitUntilOff(_ scope: TradingScope) async {
        let end = runtime.time.now().advanced(byNanoseconds: Nanoseconds.seconds(2))
        while await !notOff(scope).isEmpty, runtime.time.now() < end {
            let next = runtime.time.now().advanced(byNanoseconds: 10 * Nanoseconds.perMillisecond)
            guard (try? await runtime.time.sleep(until: next)) != nil else { return }
        }
    }

    private func withUnrecovered(_ entries: [TradingStateEntry]) async -> [TradingStateEntry] {
        let keys = entries.compactMap { if case .session(let key) = $0.scope { key } else { nil } }
        let rows = try? await load { transaction in
            try keys.compactMap { try StrategyInstanceStore(transaction: transaction).row(key: $0) }
        }
        return entries.map { entry in
            guard entry.state == .halted else { return entry }
            var entry = entry
            switch entry.scope {
            case .server: entry.uncancelled = uncancelled(of: nil)
            case .account(let name): entry.uncancelled = uncancelled(of: name)
            case .session(let key):
                if let row = rows?.first(where: { "\($0.instance.key)" == key }) {
                    let isAtWork = row.instance.status != .stopped
                    entry.uncancelled = isAtWork ? uncancelled(of: row.place.accountName) : []
                } else {
                    entry.uncancelled = uncancelled(of: nil)
                }
            }
            return entry
        }
    }

    /// - Parameter account: nil: of all accounts.
    private func uncancelled(of account: String?) -> [String] {
        guard let unrecovered else {
            let why = recoveryFaults["store"].map { "the store cannot be read: \($0)" } ?? "the store is being read"
            return ["\(account ?? "every account"): \(why)"]
        }
        return unrecovered.filter { account == nil || $0 == account }.sorted().map { name in
            "\(name): \(recoveryFaults[name] ?? "its open orders are being compared with the exchange")"
        }
    }

    // MARK: - Halts that the store does not take

    /// Unless another halt of the same has come meanwhile.
    func isStored(_ entry: TradingStateEntry) {
        guard unstoredHalts[entry.scope] == entry else { return }
        unstoredHalts[entry.scope] = nil
        strikeOutHalts(of: entry.scope)
    }

    func keepStoringHalts() {
        guard haltStorer == nil else { return }
        haltStorer = Task {
            let schedule = runtime.registry.schedule("halts to be stored")
            defer { schedule.end() }
            while !unstoredHalts.isEmpty, !Task.isCancelled {
                let next = runtime.time.now().advanced(byNanoseconds: Nanoseconds.perSecond)
                try? await schedule.wait(until: next, on: runtime.time)
                await stateTurn.take()
                for (scope, entry) in unstoredHalts {
                    guard unstoredHalts[scope] == entry, (try? await storeHalt(entry)) != nil else { continue }
                    isStored(entry)
                }
                stateTurn.give()
            }
            haltStorer = nil
        }
    }

    /// A halt that is not stored yet is to be the latest word of its scope, in the store and beside it, whatever the clock said.
    func redateHalt(_ scope: TradingScope, after moment: Timestamp) async {
        guard var entry = unstoredHalts[scope], entry.setAt <= moment else { return }
        let wasKept = keptHalts.contains(entry)
        let isWhatHolds = states[scope] == entry
        entry.setAt = max(moment, lastMoments[scope] ?? moment).advanced(byNanoseconds: 1)
        lastMoments[scope] = entry.setAt
        unstoredHalts[scope] = entry
        if isWhatHolds { states[scope] = entry }
        if wasKept { await keepBeside(entry) }
    }

    /// A disk that is full has room for this. One that hangs is waited for a little: what it does in the end is noted then.
    /// - Returns: whether it is there.
    @discardableResult
    func keepBeside(_ entry: TradingStateEntry) async -> Bool {
        guard let reserve = runtime.haltReserve else { return false }
        if keptHalts.contains(entry) { return true }
        // Before the store is read nobody knows which of its words this came after.
        let (isLast, isOver) = (unrecovered == nil, Signal())
        Task {
            do {
                try await reserve.keepOnItsThread(entry, isLast: isLast)
                isKept(entry)
            } catch {
                runtime.logger.critical("the halt of \(entry.scope) could not be kept beside the database: \(error)")
            }
            isOver.raise()
        }
        await wait(for: isOver, atMost: Self.reservePatience)
        return keptHalts.contains(entry)
    }

    private static var reservePatience: Int64 { Nanoseconds.seconds(2) }

    private func isKept(_ entry: TradingStateEntry) {
        guard keptHalts.insert(entry).inserted else { return }
        runtime.logger.notice("the halt of \(entry.scope) is kept beside the database, where the next start finds it")
        // The store, or a later word, was faster.
        if unstoredHalts[entry.scope] != entry { strikeOutHalts(of: entry.scope) }
    }

    /// What the store has, or has a later word of, is of no use there any more.
    func strikeOutHalts(of scope: TradingScope) {
        let dead = keptHalts.filter { $0.scope == scope && unstoredHalts[scope] != $0 }
        guard !dead.isEmpty, let reserve = runtime.haltReserve else { return }
        keptHalts.subtract(dead)
        Task {
            do { try await reserve.strikeOutOnItsThread(dead) } catch {
                // Harmless: the store's later word counts.
                runtime.logger.error("halts that are stored could not be struck out beside the database: \(error)")
            }
        }
    }

    /// What an earlier process could not store holds again, unless the store knows better.
    /// - Parameter stored: what the store says.
    func takeUpKept(_ stored: [TradingStateEntry]) async {
        for entry in stored { await redateHalt(entry.scope, after: entry.setAt) }
        for kept in runtime.haltReserve?.left ?? [] {
            var entry = kept.entry
            keptHalts.insert(entry)
            let known = TradingStateEntry.newer(stored.first { $0.scope == entry.scope }, states[entry.scope])
            let isOlder = known.map { $0.setAt > entry.setAt } ?? false
            if isOlder, !kept.isLast || known?.isStored == false { continue }
            if isOlder, let known { entry.setAt = known.setAt.advanced(byNanoseconds: 1) }
            runtime.logger.notice("a halt of \(entry.scope) that could not be stored before holds: \(entry.reason)")
            states[entry.scope] = entry
            unstoredHalts[entry.scope] = entry
            // By its date it is known from here on for what it is: an operator's later word counts, also to the next start.
            if kept.isLast { await keepDated(entry, insteadOf: kept.entry) }
        }
        for scope in Set(keptHalts.map(\.scope)) { strikeOutHalts(of: scope) }
        if !unstoredHalts.isEmpty { keepStoringHalts() }
    }

    private func keepDated(_ entry: TradingStateEntry, insteadOf kept: TradingStateEntry) async {
        do {
            try await runtime.haltReserve?.keepOnItsThread(entry, isLast: false)
            keptHalts.insert(entry)
        } catch {
            // What lies there stays for the next start.
            keptHalts.remove(kept)
            runtime.logger.error("the halt of \(entry.scope) could not be dated beside the database: \(error)")
        }
    }

    /// The last moment at which a halt can be stored that could not be before.
    func storeHaltsAtLast() async {
        await fell(runtime.fallenHalts.take())
        let isOver = Signal()
        Task {
            await stateTurn.take()
            for (scope, entry) in unstoredHalts {
                guard unstoredHalts[scope] == entry, (try? await storeHalt(entry)) != nil else { continue }
                isStored(entry)
            }
            stateTurn.give()
            isOver.raise()
        }
        await wait(for: isOver, atMost: Self.lastStorePatience)
        for entry in unstoredHalts.values { await keepBeside(entry) }
        for scope in haltsOfThisProcess {
            runtime.logger.critical("the halt of \(scope) could not be stored: the next start will not know of it")
        }
    }

    /// So long a stop waits for a database that does not take a halt.
    private static var lastStorePatience: Int64 { Nanoseconds.seconds(5) }

    /// Halts of kill switches are looked after as an operator's are.
    func watchKillSwitches() async {
        while !Task.isCancelled {
            await runtime.fallenHalts.signal.wait()
            await fell(runtime.fallenHalts.take())
        }
    }

    /// Halts that hold in this process alone.
    public var haltsOfThisProcess: [TradingScope] {
        unstoredHalts.values.filter { !keptHalts.contains($0) }.map(\.scope).sorted { $0.storedName < $1.storedName }
    }
}
