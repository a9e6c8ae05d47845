import Exchanges
import Execution
public import Logging
import Persistence
public import Scheduling
import Synchronization
public import TradingCore

/// A paper exchange at work: its markets move with the clock, its accounts trade on them, and SIGKILL at any moment costs
/// it nothing.
///
/// It stands apart from the server that trades on it as a real exchange does, in a file of its own. Started again, it
/// first does what it was told since its last checkpoint, then plays its markets forward to now: what would have happened
/// to resting orders meanwhile has happened.
public actor PaperExchange {
    public static let id = ExchangeID(rawValue: "paper")

    /// A request on its way in.
    enum Request: Sendable {
        case command(PaperCommand)
        case query(ClientOrderID, account: String, symbol: Symbol)
    }

    private struct Sink<Value: Sendable>: Sendable {
        var label: String
        var symbol: Symbol
        var tell: @Sendable (Value) -> Void
    }

    private let core: PaperExchangeCore
    private let journal: PaperJournal
    private let time: any TimeSource
    private let logger: Logger
    private let incoming = Mutex<[Request]>([])
    private let signal = Signal()
    private var marketSinks: [Int: Sink<[MarketRecord]>] = [:]
    private var accountSinks: [Int: Sink<AccountUpdate>] = [:]
    private var nextSink = 0
    private var checkpointDue: Timestamp
    private var fault: String?
    /// Cancels that were carried out while the journal took nothing: they go into it before anything else does.
    private var debt: CancelDebt<PaperCommand>

    /// How often the whole state is stored: a restart repeats at most so much.
    private static var checkpointInterval: Int64 { Nanoseconds.seconds(5) }

    // MARK: - Life

    /// Opens, or begins, an exchange and plays it forward to now.
    /// - Parameter progress: told how far playing forward has come, as a share of one.
    public static func open(
        _ configuration: PaperExchangeConfiguration, path: String, time: any TimeSource, logger: Logger,
        progress: @Sendable (Double) -> Void = { _ in }
    ) async throws -> PaperExchange {
        // Before the journal is begun with it for good.
        for listing in configuration.listings { try checkReadable(listing, now: time.now()) }
        let database = try await SQLiteDatabase.open(path: path, for: Migrator(PaperJournal.migrations))
        return try await open(
            configuration, database, reserve: .beside(path, logger), time: time, logger: logger,
            progress: progress)
    }

    static func open(
        _ configuration: PaperExchangeConfiguration, _ database: any SQLDatabase,
        reserve: OwedCancels<PaperCommand>? = nil,
        time: any TimeSource, logger: Logger, progress: @Sendable (Double) -> Void = { _ in }
    ) async throws -> PaperExchange {
        try await Migrator(PaperJournal.migrations).migrate(database)
        let journal = PaperJournal(database: database, reserve: reserve)
        let recovered = try await journal.recover(configuration.fingerprint, now: time.now())
        let core = try PaperExchangeCore(
            configuration, genesis: recovered.genesis, firstTrade: recovered.firstTrade, restoring: recovered.state)
        core.history = PaperHistory(orders: recovered.orders, fills: recovered.fills)
        try replay(recovered, core, to: time.now(), progress)
        let owed = Array(recovered.commands.suffix(recovered.owedCount))
        return PaperExchange(
            core: core, journal: journal, debt: CancelDebt(owed, reserve: reserve, logger: logger), time: time,
            logger: logger)
    }

    private static func checkReadable(_ listing: PaperExchangeConfiguration.Listing, now: Timestamp) throws {
        guard case .recorded(let name, _, _) = listing.source else { return }
        var feed = try PaperMarketFeed(listing.source, genesis: now)
        guard try feed.nextTime() != nil else { throw PaperJournalError.emptyRecording(name) }
    }

    private init(
        core: sending PaperExchangeCore, journal: PaperJournal, debt: CancelDebt<PaperCommand>, time: any TimeSource,
        logger: Logger
    ) {
        self.debt = debt
        self.core = core
        self.journal = journal
        self.time = time
        self.logger = logger
        checkpointDue = time.now()
    }

    /// Does again what was told since the checkpoint, each at its time, then lets the markets come to now.
    private static func replay(
        _ recovered: PaperJournal.Recovered, _ core: PaperExchangeCore, to now: Timestamp,
        _ progress: @Sendable (Double) -> Void
    ) throws {
        var outcome = PaperExchangeCore.Outcome()
        for (time, command) in recovered.commands {
            try core.advance(to: time, shows: false, into: &outcome)
            core.apply(command, into: &outcome)
        }
        let start = core.now
        let span = max(1, now.nanoseconds(since: start))
        while core.now < now {
            let step = core.now.advanced(byNanoseconds: Nanoseconds.seconds(60))
            try core.advance(to: min(step, now), shows: false, into: &outcome)
            outcome = PaperExchangeCore.Outcome()
            progress(Double(core.now.nanoseconds(since: start)) / Double(span))
        }
    }

    /// Works until the task is cancelled. A last checkpoint makes the next start quick.
    public func run(_ schedule: Schedule = ScheduleRegistry().schedule("paper exchange")) async {
        while !Task.isCancelled {
            await turn()
            await wait(schedule)
        }
        await checkpoint()
        await journal.database.close()
    }

    // MARK: - One turn

    /// Lets the markets come to now and carries out what has come in, stored first.
    private func turn() async {
        let now = max(time.now(), core.now)
        do {
            var outcome = PaperExchangeCore.Outcome()
            try core.advance(to: now, into: &outcome)
            tell(outcome)
            let requests = incoming.withLock { requests in
                defer { requests = [] }
                return requests
            }
            if !requests.isEmpty { await carryOut(requests, at: now) }
            if checkpointDue <= now { await checkpoint() }
        } catch {
            report("the market cannot go on: \(error)")
        }
    }

    private func carryOut(_ requests: [Request], at now: Timestamp) async {
        let isKept = await keep(
            requests.compactMap { if case .command(let command) = $0 { command } else { nil } }, now)
        if !isKept {
            // A cancel waits for no disk.
            debt.add(
                requests.compactMap { request in
                    guard case .command(let command) = request, case .cancel = command.action else { return nil }
                    return (now, command)
                })
        }
        for request in requests {
            var outcome = PaperExchangeCore.Outcome()
            switch request {
            case .command(let command):
                if case .place(let order) = command.action, !isKept {
                    // An exchange that cannot keep its books says so.
                    tell(.rejected(order.id, .unavailable), command.account, command.symbol)
                    continue
                }
                core.apply(command, into: &outcome)
            case .query(let id, let account, let symbol): answer(id, account, symbol, into: &outcome)
            }
            tell(outcome)
        }
    }

    /// - Returns: whether the commands are in the journal, and with them every cancel that is owed to it.
    private func keep(_ commands: [PaperCommand], _ now: Timestamp) async -> Bool {
        guard !commands.isEmpty else { return true }
        do {
            try await journal.append(debt.owed + commands.map { (now, $0) })
            debt.settle()
            return true
        } catch {
            report("the journal takes nothing: \(error)")
            return false
        }
    }

    private func answer(
        _ id: ClientOrderID, _ account: String, _ symbol: Symbol, into outcome: inout PaperExchangeCore.Outcome
    ) {
        func add(_ event: AccountEvent) { outcome.account.append((account, symbol, event)) }
        guard let order = core.history.order(id, account) else {
            add(.notFound(id))
            return
        }
        for fill in core.history.fills(account, symbol, from: 0, limit: .max) where fill.orderID == id {
            add(.filled(fill))
        }
        switch order.status {
        case .cancelled: add(.cancelled(id))
        case .expired: add(.expired(id, .immediateRemainder))
        case .rejected: add(.rejected(id, .other))
        case .filled: break
        case .open, .pending, .unknown, .cancelling: add(.accepted(id))
        }
    }

    private func checkpoint() async {
        checkpointDue = core.now.advanced(byNanoseconds: Self.checkpointInterval)
        let (state, orders, fills) = (core.state, core.history.changedOrders, core.history.newFills)
        do {
            try await journal.checkpoint(state, orders: orders, fills: fills)
            core.history.wasStored()
            // The state that was stored has them in it.
            debt.settle()
            fault = nil
        } catch { report("no checkpoint could be stored: \(error)") }
    }

    private func report(_ what: String) {
        if fault != what { logger.error("paper exchange: \(what)") }
        fault = what
    }

    /// Until something comes in or a market moves, at most 50 ms.
    private func wait(_ schedule: Schedule) async {
        let now = time.now()
        let limit = now.advanced(byNanoseconds: 50 * Nanoseconds.perMillisecond)
        let due = min(limit, (try? core.nextDue()) ?? limit)
        guard due > now else { return }
        await withTaskGroup { group in
            group.addTask { [time] in try? await schedule.wait(until: due, on: time) }
            group.addTask { [signal] in await signal.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    // MARK: - Telling

    private func tell(_ outcome: PaperExchangeCore.Outcome) {
        for (symbol, records) in outcome.market {
            for sink in marketSinks.values where sink.symbol == symbol { sink.tell(records) }
        }
        for (label, symbol, event) in outcome.account { tell(event, label, symbol) }
    }

    private func tell(_ event: AccountEvent, _ label: String, _ symbol: Symbol) {
        for sink in accountSinks.values where sink.label == label && sink.symbol == symbol { sink.tell(.event(event)) }
    }

    // MARK: - For its connector

    nonisolated func send(_ request: Request) {
        incoming.withLock { $0.append(request) }
        signal.raise()
    }

    /// Why it takes no orders now; nil when it does.
    var currentFault: String? {
        if let fault { return fault }
        // Its time goes on from where it stood: it never goes back.
        let ahead = core.now.nanoseconds(since: time.now())
        guard ahead >= Nanoseconds.seconds(1) else { return nil }
        return """
            its market stands still for \(ahead / Nanoseconds.perSecond) s more: the machine's clock was ahead when it was last at work
            """
    }

    func instruments() -> [Instrument] { core.configuration.listings.map(\.instrument) }

    func hasAccount(_ label: String) -> Bool { core.accounts[label] != nil }

    func subscribe(
        _ symbol: Symbol, _ tell: @escaping @Sendable ([MarketRecord]) -> Void
    ) throws(ConnectorError) -> Subscription {
        try check(symbol)
        nextSink += 1
        let number = nextSink
        marketSinks[number] = Sink(label: "", symbol: symbol, tell: tell)
        let snapshot = core.snapshot(symbol)
        if !snapshot.isEmpty { tell(snapshot) }
        return Subscription { [weak self] in Task { await self?.unsubscribe(number) } }
    }

    func subscribe(
        _ label: String, _ symbol: Symbol, _ tell: @escaping @Sendable (AccountUpdate) -> Void
    ) throws(ConnectorError) -> Subscription {
        try check(symbol)
        nextSink += 1
        let number = nextSink
        accountSinks[number] = Sink(label: label, symbol: symbol, tell: tell)
        return Subscription { [weak self] in Task { await self?.unsubscribe(number) } }
    }

    /// The whole market of an instrument as it stands; empty before it opens.
    func snapshot(_ symbol: Symbol) -> [MarketRecord] { core.snapshot(symbol) }

    private func unsubscribe(_ number: Int) {
        marketSinks[number] = nil
        accountSinks[number] = nil
    }

    private func check(_ symbol: Symbol) throws(ConnectorError) {
        guard core.markets[symbol] != nil else { throw .unknownSymbol(symbol) }
    }

    func openOrders(_ label: String, _ symbol: Symbol) throws(ConnectorError) -> [ListedOrder] {
        try check(symbol)
        return core.openOrders(label, symbol).map {
            ListedOrder(id: $0.request.id, side: $0.request.side, price: $0.request.price, remaining: $0.remaining)
        }
    }

    func symbolsWithOrders(_ label: String, of maker: InstallationID) -> Set<Symbol> {
        Set(
            core.markets.keys.filter { symbol in
                core.openOrders(label, symbol).contains { $0.request.id.installation == maker }
            })
    }

    func order(_ id: ClientOrderID, _ label: String) -> OrderReport? {
        core.history.order(id, label).map {
            OrderReport(
                id: id, side: $0.request.side, price: $0.request.price, quantity: $0.request.quantity,
                filled: Quantity(lots: $0.filled), status: $0.status)
        }
    }

    func fills(_ label: String, _ symbol: Symbol, from tradeID: UInt64, limit: Int) -> [Fill] {
        core.history.fills(label, symbol, from: tradeID, limit: limit)
    }

    func balances(_ label: String) -> [AssetBalance] {
        guard let account = core.accounts[label] else { return [] }
        return core.balances.assets.compactMap { asset in
            guard let index = core.balances.index(of: asset) else { return nil }
            let balance = core.balances.balance(account, index)
            return AssetBalance(asset: asset, free: balance.free, locked: balance.locked)
        }
    }
}
