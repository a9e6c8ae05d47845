public import Exchanges
import Execution
import Logging
import Persistence
import Scheduling
import TradingCore

/// Runs every strategy of the server: one executor per place, started when first needed, recovered before anything
/// trades. The only way to start and stop trading, whoever asks (D11).
public actor StrategySupervisor {
    let runtime: RuntimeContext
    /// Which exchanges there are may change while the server runs.
    let directory: any ExchangeDirectory
    private var instruments: [InstrumentID: Instrument] = [:]
    var executors: [TradingPlace: InstrumentExecutor] = [:]
    /// Places whose executor is being made; later callers wait for the first.
    private var arriving: [TradingPlace: Task<InstrumentExecutor, any Error>] = [:]
    var states: [TradingScope: TradingStateEntry] = [:]
    let stateTurn = Turnstile()
    /// Strategies that are being started, by key and how many times at once.
    var beginning: [String: Int] = [:]
    /// Halts that hold though the store would not take them yet, and who goes on trying.
    var unstoredHalts: [TradingScope: TradingStateEntry] = [:]
    var haltStorer: Task<Void, Never>?
    private(set) var isReconciled = false
    /// Accounts with something unfinished that has not been compared with the exchange yet; nil before the store is read.
    private(set) var unrecovered: Set<String>?
    private(set) var isClosing = false
    /// What could not be recovered yet, by place or account.
    var recoveryFaults: [String: String] = [:]
    private let work: AsyncStream<InstrumentExecutor>
    private let startWork: AsyncStream<InstrumentExecutor>.Continuation
    /// Accounts may have come or gone.
    private let accountChanges: AsyncStream<Void>

    public init(_ runtime: RuntimeContext, directory: any ExchangeDirectory) {
        self.runtime = runtime
        self.directory = directory
        (work, startWork) = AsyncStream.makeStream()
        accountChanges = directory.changes()
    }

    public init(_ runtime: RuntimeContext, connectors: [any ExchangeConnector]) {
        self.init(runtime, directory: FixedExchanges(connectors))
    }

    /// Recovers what an earlier process left, then keeps every executor at work until the task is cancelled or
    /// ``shutDown(limit:)``.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.trade() }
            group.addTask { await self.watchRules() }
            group.addTask { await self.watchAccounts() }
            for await executor in work { group.addTask { await executor.run() } }
            group.cancelAll()
        }
    }

    /// Where servers share the database, only while this one is the one to trade.
    private func trade() async {
        guard let lease = runtime.lease else { return await recover() }
        guard await lease.acquire() else { return }
        await withDiscardingTaskGroup { group in
            group.addTask { await lease.keep() }
            group.addTask { await self.recover() }
        }
    }

    // MARK: - Recovery

    /// Until the store could be read: before that nobody looks after what an earlier process left.
    private func recover() async {
        var wait = 200 * Nanoseconds.perMillisecond
        while !Task.isCancelled {
            do {
                try await recoverAll()
                recoveryFaults["store"] = nil
                isReconciled = !Task.isCancelled
                return
            } catch {
                runtime.logger.critical("the store cannot be read, will try again: \(error)")
                recoveryFaults["store"] = "\(error)"
            }
            try? await runtime.time.sleep(until: runtime.time.now().advanced(byNanoseconds: wait))
            wait = min(2 * wait, Self.longestRecoveryWait)
        }
    }

    /// Reconciles every account that has something unfinished. An exchange that cannot be reached is tried again, ever
    /// more slowly, and keeps no other one waiting.
    private func recoverAll() async throws {
        if try await runtime.database.write({ try OrderSequenceFloor(transaction: $0).raise() }) {
            runtime.logger.notice("the database was restored from a backup: order ids leap past those of before")
        }
        let (rows, entries, usedUp) = try await runtime.database.read { transaction in
            (
                try StrategyInstanceStore(transaction: transaction).unfinished(),
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
        let byAccount = Dictionary(grouping: rows) { $0.place.accountName }
        unrecovered = Set(byAccount.keys)
        await withDiscardingTaskGroup { group in
            for (account, rows) in byAccount { group.addTask { await self.recover(account, rows) } }
        }
    }

    /// Until an account is reconciled nobody looks after its orders: an exchange that is back is not to be kept waiting.
    private static let longestRecoveryWait = Nanoseconds.seconds(5)

    private func recover(_ account: String, _ rows: [StrategyInstanceStore.Row]) async {
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
                do { try await resume(fresh) } catch {
                    // Its key was removed, and nothing of it can be open: there is nothing to recover.
                    guard Self.isOfNobody(error), try await isForgettable(fresh) else { throw error }
                    runtime.logger.notice("account \(account) is gone, and nothing of it was open")
                }
                recoveryFaults[account] = nil
                unrecovered?.remove(account)
                return
            } catch {
                recoveryFaults[account] = "\(error)"
                runtime.logger.error("account \(account) could not be reconciled, will try again: \(error)")
            }
            try? await runtime.time.sleep(until: runtime.time.now().advanced(byNanoseconds: wait))
            wait = min(2 * wait, Self.longestRecoveryWait)
        }
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

    /// Lets go of places as soon as their accounts are removed, whoever asks or does not.
    private func watchAccounts() async {
        for await _ in accountChanges {
            // What is open, or not stored yet, is looked at again until it is not, or the account is back.
            while await dropRemoved(), !Task.isCancelled {
                let next = runtime.time.now().advanced(byNanoseconds: Nanoseconds.perSecond)
                do { try await runtime.time.sleep(until: next) } catch { return }
            }
        }
    }

    /// Lets go of places whose account was removed while nothing of it was open.
    /// - Returns: whether there are others whose account was removed.
    @discardableResult
    func dropRemoved() async -> Bool {
        var isLeft = false
        for (place, executor) in executors {
            if let connector = directory.connector(place.exchange) {
                do throws(ConnectorError) {
                    _ = try await connector.account(place.account)
                    continue
                } catch {
                    guard case .unknownAccount = error else { continue }
                }
            }
            guard await executor.isIdle, executors[place] === executor else {
                isLeft = isLeft || executors[place] === executor
                continue
            }
            runtime.logger.notice("\(place): its account is gone, and nothing of it is open")
            executors[place] = nil
            await executor.abandon()
        }
        return isLeft
    }

    /// All places of one account: orders and fills first, then what the account owns, and only then trading.
    /// - Parameter adopts: whether the exchange's balances become the account's; not while others of it trade.
    func resume(_ rows: [StrategyInstanceStore.Row], adopts: Bool = true) async throws {
        var ready: [(InstrumentExecutor, [ResumedSession])] = []
        do { try await resume(rows, adopts: adopts, into: &ready) } catch {
            for (executor, _) in ready {
                executors[executor.place] = nil
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
        _ rows: [StrategyInstanceStore.Row], adopts: Bool, into ready: inout [(InstrumentExecutor, [ResumedSession])]
    ) async throws {
        for (place, rows) in Dictionary(grouping: rows, by: \.place) {
            let sessions = rows.compactMap { resumed($0) }
            ready.append((try await makeExecutor(place), sessions))
        }
        for (executor, sessions) in ready {
            try await executor.resume(sessions)
            executors[executor.place] = executor
        }
        if adopts, let place = rows.first?.place { try await adoptBalances(place, settling: ready.map(\.0)) }
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
    private func adoptBalances(_ place: TradingPlace, settling executors: [InstrumentExecutor]) async throws {
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
    private func store(_ balances: [AssetBalance], of place: TradingPlace, onlyMissing: Bool) async throws {
        let now = runtime.time.now()
        let drifts = try await runtime.database.write { transaction in
            try AccountLedger(transaction: transaction, place: place).adopt(
                balances, onlyMissing: onlyMissing, now: now)
        }
        for drift in drifts { runtime.logger.warning("account \(place.accountName): \(drift)") }
    }

    // MARK: - Executors

    var exchangeNames: [String] { directory.connectors.map(\.id.rawValue) }

    func instrument(_ place: TradingPlace) async throws -> Instrument {
        let id = InstrumentID(exchange: place.exchange, symbol: place.symbol)
        if let known = instruments[id] { return known }
        guard let connector = directory.connector(place.exchange) else {
            throw DeskError.unknownExchange("\(place.exchange)")
        }
        for instrument in try await connector.instruments() {
            instruments[InstrumentID(exchange: place.exchange, symbol: instrument.id.symbol)] = instrument
        }
        guard let instrument = instruments[id] else {
            throw DeskError.unknownInstrument("\(place.symbol)", exchange: "\(place.exchange)")
        }
        return instrument
    }

    /// An executor for a place, listening, not yet at work.
    private func makeExecutor(_ place: TradingPlace) async throws -> InstrumentExecutor {
        guard let connector = directory.connector(place.exchange) else {
            throw DeskError.unknownExchange("\(place.exchange)")
        }
        let instrument = try await instrument(place)
        let executor = try InstrumentExecutor(
            place, instrument, connector: connector, account: try await connector.account(place.account),
            runtime: runtime)
        try await executor.subscribe()
        await executor.setState(server: state(.server), account: state(.account(place.accountName)))
        return executor
    }

    /// The executor of a place, made and reconciled if there is none yet.
    func executor(_ place: TradingPlace) async throws -> InstrumentExecutor {
        if let task = arriving[place] { return try await task.value }
        await dropRemoved()
        if let task = arriving[place] { return try await task.value }
        if let executor = executors[place] { return executor }
        let task = Task { try await self.arrive(place) }
        arriving[place] = task
        defer { arriving[place] = nil }
        return try await task.value
    }

    func arrive(_ place: TradingPlace) async throws -> InstrumentExecutor {
        let executor = try await makeExecutor(place)
        do {
            try await executor.resume([])
            if executors.keys.contains(where: { $0.accountName == place.accountName }) {
                let balances = try await executor.account.balances()
                try await store(balances, of: place, onlyMissing: true)
            } else {
                try await adoptBalances(place, settling: [executor])
            }
        } catch {
            await executor.abandon()
            throw error
        }
        executors[place] = executor
        // What was commanded since it was made has found nobody here to be told.
        await executor.setState(server: state(.server), account: state(.account(place.accountName)))
        startWork.yield(executor)
        return executor
    }

    /// Whoever wants the place meanwhile waits for the task.
    func arrive(_ place: TradingPlace, by task: Task<InstrumentExecutor, any Error>) async {
        arriving[place] = task
        _ = try? await task.value
        arriving[place] = nil
    }

    func forget(_ place: TradingPlace, _ fresh: Instrument) {
        instruments[InstrumentID(exchange: place.exchange, symbol: place.symbol)] = fresh
        executors[place] = nil
    }

    func state(_ scope: TradingScope) -> TradingState { states[scope]?.state ?? .active }

    // MARK: - The end

    /// Takes every own order off every book and lets the executors end. What runs stays `running` in the store and goes
    /// on at the next start.
    /// - Returns: whether every exchange has shown that nothing of ours is open.
    public func shutDown(limit: Int64) async -> Bool {
        isClosing = true
        haltStorer?.cancel()
        if let lease = runtime.lease, !lease.isHeld {
            // What is open is another server's to look after.
            startWork.finish()
            return true
        }
        await dropRemoved()
        var isClean = await !mayHaveLeftOrders()
        await withTaskGroup(of: Bool.self) { group in
            for executor in executors.values { group.addTask { await executor.suspend(limit: limit) } }
            for await result in group { isClean = isClean && result }
        }
        for executor in executors.values { await executor.close() }
        startWork.finish()
        await storeHaltsAtLast()
        await runtime.lease?.release()
        return isClean
    }

    /// Whether an account that could not be reconciled yet has orders from before which nobody has asked about.
    private func mayHaveLeftOrders() async -> Bool {
        let unrecovered = unrecovered
        if unrecovered?.isEmpty ?? false { return false }
        let found = try? await runtime.database.read { transaction in
            try StrategyInstanceStore(transaction: transaction).unfinished().contains { row in
                guard row.instance.key.type != .direct else { return false }
                guard unrecovered?.contains(row.place.accountName) ?? true else { return false }
                return try OrderStore.hasLive(at: row.place, transaction)
            }
        }
        return found ?? true
    }

    /// The last moment at which a halt can be stored that could not be before.
    private func storeHaltsAtLast() async {
        for (scope, entry) in unstoredHalts {
            guard (try? await storeHalt(entry)) != nil else { continue }
            unstoredHalts[scope] = nil
        }
        for scope in unstoredHalts.keys {
            runtime.logger.critical("the halt of \(scope) could not be stored: the next start will not know of it")
        }
    }

    /// Halts that hold in this process alone.
    public var haltsOfThisProcess: [TradingScope] { Array(unstoredHalts.keys) }
}
