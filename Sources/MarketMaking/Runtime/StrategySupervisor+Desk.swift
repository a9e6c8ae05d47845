import Exchanges
import Execution
import Logging
import Persistence
import Scheduling
import TradingCore

/// What operators and the API ask for.
extension StrategySupervisor: TradingDesk {
    /// How long a stop waits for the exchange's confirmation before it answers that it is still under way.
    private static var stopWait: Int64 { Nanoseconds.seconds(10) }

    // MARK: - Strategies

    public func startPureMarketMaking(_ parameters: String) async throws(DeskError) -> StrategyInstance {
        try checkReady()
        let plan = try StrategyPlan.read(parameters, exchanges: exchangeNames)
        try checkReady(plan.place.accountName)
        if let row = try await row(plan.key.description) {
            guard row.instance.key == plan.key else {
                throw .invalid([
                    "userId, clientId: must not make another user's key, \(plan.key) is that of \(row.instance.key.userID)"
                ])
            }
            if row.instance.status != .stopped { return try running(row, wanting: plan) }
        }
        return try await start(plan, parameters: parameters)
    }

    public func rerun(_ strategyKey: String) async throws(DeskError) -> StrategyInstance {
        try checkReady()
        guard let row = try await row(strategyKey) else { throw .unknownStrategy(strategyKey) }
        try checkReady(row.place.accountName)
        if row.instance.status != .stopped { return try running(row) }
        return try await start(
            StrategyPlan.read(row.instance.parameters, exchanges: exchangeNames), parameters: nil)
    }

    public func stop(_ key: StrategyKey) async throws(DeskError) -> StrategyInstance {
        // Names with a dash may make another user's key: that one is not theirs to stop.
        try checkTrades()
        guard let row = try await row(key.description), row.instance.key == key else {
            throw .unknownStrategy(key.description)
        }
        if row.instance.status == .stopped { return row.instance }
        stopsUnderWay += 1
        defer { stopsUnderWay -= 1 }
        let now = runtime.time.now()
        _ = try await store { transaction in
            try StrategyInstanceStore(transaction: transaction)
                .setStatus(.stopping, of: row.instance.id, from: .running, now: now)
        }
        if let executor = executors[row.place] {
            let isSeated = await executor.hosts(row.instance.id)
            await executor.stop(row.instance.id)
            _ = await executor.waitUntilStopped(row.instance.id, limit: Self.stopWait)
            if !isSeated { await endUnseated(row, on: executor) }
        }
        return try await row0(key.description).instance
    }

    /// Nobody looks after a strategy whose stored parameters cannot be read: its orders were cancelled as strays. It has stopped
    /// when the exchange shows none of them, and can be started with parameters that can be read then.
    func endUnseated(_ row: StrategyInstanceStore.Row, on executor: InstrumentExecutor) async {
        guard await !executor.hosts(row.instance.id), await executor.showsNothing(of: row.instance.id) else { return }
        // One that is just being put to work is told to stop as soon as it is there.
        guard beginning[row.instance.key.description] == nil else { return }
        let (now, installation) = (runtime.time.now(), runtime.installation)
        let isEnded = try? await runtime.database.write { transaction in
            try SessionNumberStore(transaction: transaction, installation: installation)
                .stopped(row.instance.id, now: now)
        }
        if isEnded == true { recoveryFaults["\(row.instance.key)"] = nil }
    }

    public func strategies(_ filter: StrategyFilter) async throws(DeskError) -> [StrategyInstance] {
        try await load { try StrategyInstanceStore(transaction: $0).rows(filter).map(\.instance) }
    }

    /// One that runs is left alone; one that is still being stopped cannot start yet.
    /// - Parameter plan: what somebody wants it to be: other parameters are not passed over in silence.
    private func running(
        _ row: StrategyInstanceStore.Row, wanting plan: StrategyPlan? = nil
    ) throws(DeskError) -> StrategyInstance {
        if row.instance.status == .stopping { throw .refused("\(row.instance.key) is still being stopped") }
        try plan?.check(isRunBy: row)
        return row.instance
    }

    private func start(_ plan: StrategyPlan, parameters: String?) async throws(DeskError) -> StrategyInstance {
        let key = plan.key.description
        beginning[key, default: 0] += 1
        defer { beginning[key] = beginning[key].flatMap { $0 > 1 ? $0 - 1 : nil } }
        let executor: InstrumentExecutor
        let instrument: Instrument
        do {
            instrument = try await self.instrument(plan.place)
            // Refuses parameters that do not fit the instrument before anything is stored.
            _ = try plan.strategy(instrument)
            executor = try await executorToTrade(plan.place)
        } catch DeskError.unknownInstrument(let pair, let exchange) {
            throw .invalid(["pair \(pair): must be one that is traded on \(exchange)"])
        } catch ConnectorError.unknownAccount(let label) {
            throw .invalid(["accountLabel \(label.prefix(64)): must be an account that \(plan.place.exchange) has here"]
            )
        } catch { throw DeskError(error) }
        let startPrice = await executor.lastPrice
        try checkReady(plan.place.accountName)
        let (now, installation) = (runtime.time.now(), runtime.installation)
        let (row, books): (StrategyInstanceStore.Row, SessionBooks)
        do {
            (row, books) = try await runtime.database.write { transaction in
                try StrategyStart(
                    transaction: transaction, plan: plan, instrument: instrument, installation: installation, now: now
                ).carryOut(parameters: parameters, startPrice: startPrice)
            }
        } catch SQLError.constraint(.unique, _) {
            // Somebody else has started the same key between our look and here.
            return try running(try await row0(plan.key.description), wanting: parameters == nil ? nil : plan)
        } catch {
            noteOutcome(error)
            throw DeskError(error)
        }
        do {
            try await executor.begin(row, plan.session, books, known: states[.session(plan.key.description)])
            try await catchUp([row], on: executor)
        } catch { throw DeskError(error) }
        return row.instance
    }

    /// Does what was commanded while sessions were being put to work, when there was nobody yet to be told.
    func catchUp(_ rows: [StrategyInstanceStore.Row], on executor: InstrumentExecutor) async throws {
        let keys = rows.map(\.instance.key.description)
        let (now, entries) = try await runtime.database.read { transaction in
            (
                try keys.compactMap { try StrategyInstanceStore(transaction: transaction).row(key: $0) },
                try TradingStateStore(transaction: transaction).all()
            )
        }
        for row in now {
            let id = row.instance.id
            if row.instance.status == .stopping { await executor.stop(id) }
            let scope = TradingScope.session(row.instance.key.description)
            // An operator's may have come since the store was read, or not be stored yet.
            let entry = TradingStateEntry.newer(entries.first { $0.scope == scope }, states[scope])
            if let entry {
                // One of before this process is older than whatever has halted the session since it began.
                await executor.setState(
                    entry.state, of: id, reason: entry.haltReason, commandedAt: commandedAt[scope] ?? .distantPast)
            }
        }
        await executor.setState(
            server: state(.server), account: state(.account(executor.place.accountName)))
    }

    // MARK: - The market

    public func orderBook(
        exchange: String, symbol: String, limit: Int
    ) async throws(DeskError) -> OrderBookView {
        try checkReady()
        let id = ExchangeID(rawValue: exchange.lowercased())
        guard directory.connector(id) != nil else { throw .unknownExchange(exchange) }
        guard let pair = Symbol(symbol) else { throw .unknownInstrument(symbol, exchange: exchange) }
        let network = directory.connector(id)?.network
        let known = executors.first {
            $0.key.exchange == id && $0.key.symbol == pair
                && (network == nil || network == $0.value.connector.network)
        }?.value
        do {
            let executor =
                if let known {
                    known
                } else {
                    try await executorToTrade(TradingPlace(exchange: id, account: "default", symbol: pair))
                }
            guard let view = await executor.firstBookView(limit: limit) else {
                throw DeskError.notReady("\(exchange) has not told anything of \(pair) yet")
            }
            return view
        } catch { throw DeskError(error) }
    }

    // MARK: - Between here and the store

    /// - Parameter account: the one that matters; another that cannot be reached keeps nobody else waiting.
    func checkReady(_ account: String? = nil) throws(DeskError) {
        if isClosing { throw .notReady("the server is shutting down") }
        try checkTrades()
        let isUnrecovered = unrecovered.map { unrecovered in account.map(unrecovered.contains) ?? false } ?? true
        guard isUnrecovered else { return }
        let faults = recoveryFaults.filter { account == nil || $0.key == account }
        throw .notReady(
            faults.isEmpty
                ? "open orders are being reconciled with the exchanges"
                : faults.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: "; "))
    }

    func row(_ key: String) async throws(DeskError) -> StrategyInstanceStore.Row? {
        try await load { try StrategyInstanceStore(transaction: $0).row(key: key) }
    }

    func row0(_ key: String) async throws(DeskError) -> StrategyInstanceStore.Row {
        guard let row = try await row(key) else { throw .unknownStrategy(key) }
        return row
    }

    func load<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws(DeskError) -> Value {
        do { return try await runtime.database.read(body) } catch { throw DeskError(error) }
    }

    func store<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws(DeskError) -> Value {
        do { return try await runtime.database.write(body) } catch {
            noteOutcome(error)
            throw DeskError(error)
        }
    }
}

extension DeskError {
    /// What an error from below means to whoever asked.
    init(_ error: any Error) {
        switch error {
        case let error as DeskError: self = error
        case let error as ConnectorError:
            switch error {
            case .unknownAccount(let label): self = .unknownAccount(label)
            case .unknownSymbol(let symbol): self = .unknownInstrument("\(symbol)", exchange: "the exchange")
            case .unreachable(let why), .refused(let why), .unreadable(let why): self = .notReady("exchange: \(why)")
            }
        default: self = .storageUnavailable("\(error)")
        }
    }
}
