import Execution
public import Persistence
public import Scheduling
public import TradingCore

/// Trading states of a server that does not run.
public enum OfflineTradingState {
    /// Stores a state, to hold from the next start on.
    /// - Parameters:
    ///   - keyed: accounts that may be named though no strategy trades for them yet.
    ///   - reserve: halts that an earlier server kept there come first.
    ///   - sharedPace: how those beat that share the database; nil where no other server can have it open.
    /// - Throws: ``DeskError/unknownStrategy(_:)``, ``DeskError/unknownAccount(_:)``: a state of nobody would hold nobody.
    ///   ``DeskError/notReady(_:)`` where another server trades on the database: it would not look here.
    public static func set(
        _ change: TradingStateChange, in database: any SQLDatabase, keyed: Set<String>, reserve: HaltReserve? = nil,
        sharedPace: TradingLease.Pace? = nil, time: any TimeSource
    ) async throws {
        let kept = reserve?.left ?? []
        var seen: TradingLeaseStore.Sight?
        if let sharedPace {
            seen = try await TradingLeaseWatch(database: database, pace: sharedPace, time: time).waitForNobody()
        }
        let (sight, now) = (seen, time.now())
        try await database.write { transaction in
            // Whoever begins to trade later than this reads what is stored here.
            if let sight { try TradingLeaseWatch.require(sight, transaction) }
            try takeUp(kept, TradingStateStore(transaction: transaction))
            try check(change.scope, keyed, transaction)
            try TradingStateStore(transaction: transaction).put(
                TradingStateEntry(
                    scope: change.scope, state: change.state, reason: change.reason,
                    setBy: TradingStateEntry.operatorName, setAt: now))
        }
        // Left there it does no harm: what is stored is later.
        try? reserve?.strikeOut(Set(kept.map(\.entry)))
    }

    private static func check(_ scope: TradingScope, _ keyed: Set<String>, _ transaction: any SQLTransaction) throws {
        let strategies = StrategyInstanceStore(transaction: transaction)
        switch scope {
        case .server: break
        case .account(let name):
            guard try keyed.contains(name) || strategies.names(account: name) else {
                throw DeskError.unknownAccount(name)
            }
        case .session(let key):
            guard GivenName.isComposed(key), try strategies.row(key: key) != nil else {
                throw DeskError.unknownStrategy(key)
            }
        }
    }

    /// A halt that the database, which can be read, does not take now: the next start looks for it there.
    /// - Throws: as ``set(_:in:keyed:reserve:sharedPace:time:)``; ``HaltReserve/Failure`` when it has no room either.
    public static func keep(
        _ change: TradingStateChange, in reserve: HaltReserve, beside database: any SQLDatabase, keyed: Set<String>,
        now: Timestamp
    ) async throws {
        let known = try await database.read { transaction in
            try check(change.scope, keyed, transaction)
            return try TradingStateStore(transaction: transaction).all().first { $0.scope == change.scope }
        }
        // By its date whoever commands something later has the last word.
        let setAt = known.map { max(now, $0.setAt.advanced(byNanoseconds: 1)) } ?? now
        let halt = TradingStateEntry(
            scope: change.scope, state: .halted, reason: change.reason, setBy: TradingStateEntry.operatorName,
            setAt: setAt, isStored: false)
        do { try reserve.keep(halt) } catch {
            throw HaltReserve.Failure(description: "\(error)", holdsNothing: false)
        }
    }

    private static func takeUp(_ kept: [HaltReserve.KeptHalt], _ store: TradingStateStore) throws {
        for halt in kept {
            let known = try store.all().first { $0.scope == halt.entry.scope }
            if !halt.isLast, let known, known.setAt > halt.entry.setAt { continue }
            try store.put(halt.entry)
        }
    }
}
