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
    /// Of which of its networks the rules in ``instruments`` are.
    private var networks: [ExchangeID: String] = [:]
    private(set) var executors: [TradingPlace: InstrumentExecutor] = [:]
    /// Places whose executor is being made; later callers wait for the first.
    private var arriving: [TradingPlace: Task<InstrumentExecutor, any Error>] = [:]
    var states: [TradingScope: TradingStateEntry] = [:]
    let stateTurn = Turnstile()
    /// Of long lists so many are read at a time: a database has a few readers, and commands need them, too.
    let recordTurns = Turnstile(width: 2)
    /// Orders of people that are being placed and have a name of their own.
    var directRequests: Set<DirectOrderDetails.Request> = []
    /// Strategies that are being started, by key and how many times at once.
    var beginning: [String: Int] = [:]
    /// Halts that hold though the store would not take them yet, and who goes on trying.
    var unstoredHalts: [TradingScope: TradingStateEntry] = [:]
    /// Those of them that the next start finds all the same.
    var keptHalts: Set<TradingStateEntry> = []
    var haltStorer: Task<Void, Never>?
    /// How many trading states were commanded, and which of those was a scope's last halt.
    var commandCount = 0
    var lastHalt: [TradingScope: Int] = [:]
    /// The date of the latest state that was commanded of a scope here.
    var lastMoments: [TradingScope: Timestamp] = [:]
    /// When this process was last told of a laxer state: what a session does of its own accord later than that is not undone by it.
    var commandedAt: [TradingScope: Timestamp] = [:]
    /// Whether a command's commit was cut short, and who asks the store about it.
    var areCommandsUnknown = false
    var commandResolver: Task<Void, Never>?
    var isReconciled = false
    /// Accounts with something unfinished that has not been compared with the exchange yet; nil before the store is read.
    var unrecovered: Set<String>?
    /// Accounts that have to be asked for orders which a restored database has forgotten, by name; those that were asked go to `looked`,
    /// until nothing of that rests any more.
    var unlooked: [String: RestoredAccount] = [:]
    var looked: [String: RestoredAccount] = [:]
    private(set) var isClosing = false
    /// The last look at what may rest has been taken: whatever comes to work afterwards nobody would take off.
    private(set) var isSealed = false
    /// Stops of strategies that somebody waits for.
    var stopsUnderWay = 0
    /// What the last look at the database's files has found.
    var lostFile: SQLError?
    /// What could not be recovered yet, by place or account.
    var recoveryFaults: [String: String] = [:]
    /// What the last comparison of balances found, by account and asset.
    var balanceDrifts: [String: [AssetID: BalanceDrift]] = [:]
    private let work: AsyncStream<InstrumentExecutor>
    let startWork: AsyncStream<InstrumentExecutor>.Continuation
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
            group.addTask { await self.watchRuleDoubts() }
            group.addTask { await self.watchBalances() }
            group.addTask { await self.watchKillSwitches() }
            group.addTask { await self.watchAccounts() }
            group.addTask { await self.watchStore() }
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

    // MARK: - Removed accounts

    /// Lets go of places as soon as their accounts are removed, whoever asks or does not.
    private func watchAccounts() async {
        let schedule = runtime.registry.schedule("removed accounts")
        defer { schedule.end() }
        for await _ in accountChanges {
            // What is open, or not stored yet, is looked at again until it is not, or the account is back.
            while await dropRemoved(), !Task.isCancelled {
                let next = runtime.time.now().advanced(byNanoseconds: Nanoseconds.perSecond)
                do { try await schedule.wait(until: next, on: runtime.time) } catch { return }
            }
        }
    }

    /// Lets go of places whose account was removed, or is on another network now, while nothing of it was open.
    /// - Returns: whether there are others like them.
    @discardableResult
    func dropRemoved() async -> Bool {
        var isLeft = false
        for (place, executor) in executors {
            guard await isRemoved(executor) else { continue }
            guard await executor.isIdle, executors[place] === executor else {
                isLeft = isLeft || executors[place] === executor
                continue
            }
            runtime.logger.notice("\(place): its account is gone or elsewhere, and nothing of it is open")
            executors[place] = nil
            await executor.abandon()
        }
        return isLeft
    }

    /// Whether a place's account has no key any more, or one of another network.
    func isRemoved(_ executor: InstrumentExecutor) async -> Bool {
        let place = executor.place
        guard let connector = directory.connector(place.exchange), connector.network == executor.connector.network
        else { return true }
        do throws(ConnectorError) { _ = try await connector.account(place.account) } catch {
            if case .unknownAccount = error { return true }
        }
        return false
    }

    // MARK: - Executors

    var exchangeNames: [String] { directory.connectors.map(\.id.rawValue) }

    func instrument(_ place: TradingPlace) async throws -> Instrument {
        let id = InstrumentID(exchange: place.exchange, symbol: place.symbol)
        guard let connector = directory.connector(place.exchange) else {
            throw DeskError.unknownExchange("\(place.exchange)")
        }
        if networks.updateValue(connector.network, forKey: place.exchange) != connector.network {
            instruments = instruments.filter { $0.key.exchange != place.exchange }
        }
        if let known = instruments[id] { return known }
        for instrument in try await connector.instruments() {
            instruments[InstrumentID(exchange: place.exchange, symbol: instrument.id.symbol)] = instrument
        }
        guard let instrument = instruments[id] else {
            throw DeskError.unknownInstrument("\(place.symbol)", exchange: "\(place.exchange)")
        }
        return instrument
    }

    /// An executor for a place, listening, not yet at work.
    func makeExecutor(_ place: TradingPlace) async throws -> InstrumentExecutor {
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
    ///
    /// There is one at most, whoever asks and when: two would trade side by side, and a halt would reach one of them. So while an
    /// account's places are being recovered, which makes theirs, nobody else makes any.
    func executor(_ place: TradingPlace) async throws -> InstrumentExecutor {
        if let task = arriving[place] { return try await task.value }
        await dropRemoved()
        if let task = arriving[place] { return try await task.value }
        try checkReady(place.accountName)
        if let executor = executors[place] { return executor }
        let task = Task { try await self.arrive(place) }
        arriving[place] = task
        defer { arriving[place] = nil }
        return try await task.value
    }

    /// The same for what is new. While something is open on another network than the account is on now, its executor has to stay, and
    /// trades nothing new there.
    func executorToTrade(_ place: TradingPlace) async throws -> InstrumentExecutor {
        let executor = try await executor(place)
        if let network = directory.connector(place.exchange)?.network, network != executor.connector.network {
            throw DeskError.notReady(
                "\(place.accountName) is on \(network) now, and something of it is still open on \(executor.connector.network)"
            )
        }
        return executor
    }

    func arrive(_ place: TradingPlace) async throws -> InstrumentExecutor {
        let executor = try await makeExecutor(place)
        do {
            if executors[place] != nil { throw DeskError.notReady("\(place) is at work already") }
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
        do { try enter(executor) } catch {
            await executor.abandon()
            throw error
        }
        // What was commanded since it was made has found nobody here to be told.
        await executor.setState(server: state(.server), account: state(.account(place.accountName)))
        startWork.yield(executor)
        return executor
    }

    /// The only way for an executor to be put to work. What enters while the server stops is suspended with the others; what comes after
    /// their last look does not begin.
    func enter(_ executor: InstrumentExecutor) throws(DeskError) {
        if isSealed { throw .notReady("the server is shutting down") }
        executors[executor.place] = executor
    }

    func leave(_ place: TradingPlace) { executors[place] = nil }

    /// Whether an executor of the place is being made.
    func isArriving(at place: TradingPlace) -> Bool {
        arriving[place] != nil || (unrecovered?.contains(place.accountName) ?? true)
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
        commandResolver?.cancel()
        if let lease = runtime.lease, !lease.isHeld {
            // What is open is another server's to look after.
            isSealed = true
            startWork.finish()
            return true
        }
        await dropRemoved()
        let deadline = runtime.time.now().advanced(byNanoseconds: limit)
        let isClean = await suspendAll(until: deadline)
        // Who waits for a strategy's stop is answered before the server takes leave of its clients.
        while stopsUnderWay > 0, runtime.time.now() < deadline, await pause() {}
        for executor in executors.values { await executor.close() }
        startWork.finish()
        await storeHaltsAtLast()
        await runtime.lease?.release()
        return isClean
    }

    /// Also what recovery brings meanwhile: accounts that are just being compared with their exchange are waited for.
    /// - Returns: whether every exchange has shown that nothing of ours is open.
    private func suspendAll(until deadline: Timestamp) async -> Bool {
        var suspended: Set<ObjectIdentifier> = []
        var isClean = true
        while true {
            let fresh = executors.values.filter { !suspended.contains(ObjectIdentifier($0)) }
            if fresh.isEmpty {
                if isRecovering, runtime.time.now() < deadline, await pause() { continue }
                break
            }
            suspended.formUnion(fresh.map { ObjectIdentifier($0) })
            let left = max(0, deadline.nanoseconds(since: runtime.time.now()))
            await withTaskGroup(of: Bool.self) { group in
                for executor in fresh { group.addTask { await executor.suspend(limit: left) } }
                for await result in group { isClean = isClean && result }
            }
        }
        // In the same step as the last look: between the two nothing can enter.
        isSealed = true
        let hasLeft = await mayHaveLeftOrders()
        return isClean && !hasLeft
    }

    /// - Returns: false when the task is cancelled.
    private func pause() async -> Bool {
        let next = runtime.time.now().advanced(byNanoseconds: 20 * Nanoseconds.perMillisecond)
        return (try? await runtime.time.sleep(until: next)) != nil
    }

    /// Whether accounts are being compared with their exchange, and none of it has gone wrong so far.
    private var isRecovering: Bool {
        guard let unrecovered else { return recoveryFaults["store"] == nil }
        return unrecovered.contains { recoveryFaults[$0] == nil }
    }

    /// Whether an account that could not be reconciled yet has orders from before which nobody has asked about.
    private func mayHaveLeftOrders() async -> Bool {
        let unrecovered = unrecovered
        if unrecovered?.isEmpty ?? false { return false }
        // A restored store does not know what rests: only the exchange does.
        if let unrecovered, unlooked.keys.contains(where: unrecovered.contains) { return true }
        let reachable = reachableAccounts
        let found = try? await runtime.database.read { transaction in
            if unrecovered == nil, try !Self.restoredAccounts(transaction, reachable: reachable).isEmpty { return true }
            return try StrategyInstanceStore(transaction: transaction).unfinished().contains { row in
                guard row.instance.key.type != .direct else { return false }
                guard unrecovered?.contains(row.place.accountName) ?? true else { return false }
                return try OrderStore.hasLive(at: row.place, transaction)
            }
        }
        return found ?? true
    }
}
