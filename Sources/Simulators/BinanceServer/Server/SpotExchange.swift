import Exchanges
import Execution
public import Logging
import Persistence
public import Scheduling
import TradingCore

/// A Binance-like exchange at work: its markets move with the clock, its accounts trade on them and with each other, and
/// SIGKILL at any moment costs it nothing.
///
/// Started again, it first does what it was told since its last checkpoint, each at its time, then plays its markets forward
/// to now: what would have happened to resting orders meanwhile has happened.
public actor SpotExchange {
    private struct Waiting {
        var command: SpotCommand
        var done: CheckedContinuation<SpotOutcome, Never>
    }

    let configuration: SpotConfiguration
    let core: SpotCore
    let time: any TimeSource
    let random: any RandomSource
    let logger: Logger
    let security: SpotSecurity
    var limits: RequestLimits
    private(set) var limitRecord = LimitRecord()
    var faults = FaultDesk()
    var hub = StreamHub()
    var trail = BalanceTrail()
    var listenKeys = ListenKeys()

    private let journal: SpotJournal
    private var incoming: [Waiting] = []
    private let signal = Signal()
    private var checkpointDue: Timestamp
    private var storedCandles: [String: Timestamp] = [:]
    private var lastFault: String?
    private var debt: CancelDebt<SpotCommand>
    private var isOver = false
    /// Live markets that nobody can trade on now, as last told.
    private var halted: Set<String> = []
    /// When streams of a pace tell next.
    var paceDue = [Timestamp.distantPast, Timestamp.distantPast]
    var shownBest: [String: [BestLevel]] = [:]
    var nextConnection = 1

    /// The best levels last told.
    struct BestLevel: Equatable {
        var ticks: Int64
        var lots: Int64
    }

    /// How often the whole state is stored: a restart repeats at most so much.
    private static var checkpointInterval: Int64 { Nanoseconds.seconds(5) }

    // MARK: - Life

    /// Opens, or begins, an exchange and plays it forward to now.
    /// - Parameters:
    ///   - path: its file, where it remembers everything.
    ///   - progress: told how far playing forward has come, as a share of one.
    public static func open(
        _ configuration: SpotConfiguration, path: String, time: any TimeSource,
        random: any RandomSource = SystemRandom(),
        logger: Logger, progress: @Sendable (Double) -> Void = { _ in }
    ) async throws -> SpotExchange {
        try await open(
            configuration, try await SQLiteDatabase.open(path: path), reserve: .beside(path, logger), time: time,
            random: random, logger: logger, progress: progress)
    }

    static func open(
        _ configuration: SpotConfiguration, _ database: any SQLDatabase, reserve: OwedCancels<SpotCommand>?,
        time: any TimeSource, random: any RandomSource = SystemRandom(), logger: Logger,
        progress: @Sendable (Double) -> Void = { _ in }
    ) async throws -> SpotExchange {
        try await Migrator(SpotJournal.migrations).migrate(database)
        let journal = SpotJournal(database: database, reserve: reserve)
        let recovered = try await journal.recover(configuration.fingerprint, now: time.now())
        // Microseconds: whatever an earlier life has counted to, this is higher.
        let core = try SpotCore(
            configuration, genesis: recovered.genesis, restoring: recovered, depthStart: time.now().nanoseconds / 1_000)
        try replay(recovered, core, to: time.now(), progress)
        core.isWatched = true
        for market in core.markets {
            market.untold.removeAll()
            market.showAll()
        }
        let debt = CancelDebt(
            Array(recovered.commands.suffix(recovered.owedCount)), reserve: reserve, logger: logger)
        return SpotExchange(core: core, journal: journal, debt: debt, time: time, random: random, logger: logger)
    }

    private init(
        core: sending SpotCore, journal: SpotJournal, debt: CancelDebt<SpotCommand>, time: any TimeSource,
        random: any RandomSource, logger: Logger
    ) {
        self.debt = debt
        configuration = core.configuration
        security = SpotSecurity(core.configuration.accounts)
        limits = RequestLimits()
        for account in core.configuration.accounts {
            for asset in core.balances.assets {
                trail.note(core.balance(account.name, asset), of: account.name, at: core.now)
            }
        }
        checkpointDue = core.now
        self.core = core
        self.journal = journal
        self.time = time
        self.random = random
        self.logger = logger
    }

    /// Does again what was told since the checkpoint, each at its time, then lets the markets come to now.
    private static func replay(
        _ recovered: SpotJournal.Recovered, _ core: SpotCore, to now: Timestamp, _ progress: @Sendable (Double) -> Void
    ) throws {
        for (time, command) in recovered.commands {
            try core.advance(to: time)
            _ = core.perform(command)
        }
        let start = core.now
        let span = max(1, now.nanoseconds(since: start))
        while core.now < now {
            let step = core.now.advanced(byNanoseconds: Nanoseconds.seconds(60))
            try core.advance(to: min(step, now))
            for market in core.markets { market.untold.removeAll() }
            progress(Double(core.now.nanoseconds(since: start)) / Double(span))
        }
    }

    /// Works until the task is cancelled. A last checkpoint makes the next start quick.
    public func run() async {
        while !Task.isCancelled {
            await turn()
            await wait()
        }
        isOver = true
        for waiting in incoming { waiting.done.resume(returning: .refused(.disconnected)) }
        incoming = []
        await checkpoint()
        await journal.database.close()
    }

    // MARK: - One turn

    /// Lets the markets come to now, carries out what has come in, stored first, and tells.
    private func turn() async {
        let now = max(time.now(), core.now)
        do {
            try core.advance(to: now)
            core.hear(until: now)
            let batch = incoming
            incoming = []
            await carryOut(batch, at: now)
            noteHalts()
            publish()
            if checkpointDue <= now { await checkpoint() }
        } catch { report("the market cannot go on: \(error)") }
    }

    private func carryOut(_ batch: [Waiting], at now: Timestamp) async {
        let isStored = !batch.isEmpty || core.concernsOrders
        if isStored {
            let commands = core.heard.unstored + core.heard.waiting + batch.map(\.command)
            do { try await journal.append(debt.owed + commands.map { (now, $0) }) } catch {
                report("the journal takes nothing: \(error)")
                return carryOutCancels(of: batch, at: now)
            }
            debt.settle()
        }
        // Nothing else moves the core, so that what is done at `now` here is done at `now` again after a restart.
        core.doHeard(isStored: isStored)
        for waiting in batch { waiting.done.resume(returning: core.perform(waiting.command)) }
    }

    /// While the journal takes nothing, everybody may leave; nothing else is done, what live markets have told included.
    private func carryOutCancels(of batch: [Waiting], at now: Timestamp) {
        debt.add(batch.filter(\.command.isCancel).map { (now, $0.command) })
        for waiting in batch {
            waiting.done.resume(
                returning: waiting.command.isCancel ? core.perform(waiting.command) : .refused(.disconnected))
        }
    }

    /// Says when a live market is lost, and when it is whole again.
    private func noteHalts() {
        for market in core.markets where market.live != nil && halted.contains(market.name) == market.engine.isOpen {
            if market.engine.isOpen {
                halted.remove(market.name)
                logger.notice("\(market.name) trades: its market is whole")
            } else {
                halted.insert(market.name)
                logger.warning("\(market.name) is halted: its market is not known, nothing trades until it is whole")
            }
        }
    }

    private func checkpoint() async {
        checkpointDue = core.now.advanced(byNanoseconds: Self.checkpointInterval)
        var candles: [(symbol: String, candle: SpotCandle)] = []
        for market in core.markets {
            let stored = storedCandles[market.name] ?? .distantPast
            for candle in market.candles.minutes.reversed() {
                if candle.start < stored { break }
                candles.append((market.name, candle))
            }
            if let last = market.candles.minutes.last { storedCandles[market.name] = last.start }
        }
        let checkpoint = SpotJournal.Checkpoint(
            state: core.state, orders: core.records.changedOrders, fills: core.records.newFills, candles: candles)
        do {
            try await journal.store(checkpoint)
            core.records.wasStored()
            core.heard.unstored.removeAll()
            // The state that was stored has them in it.
            debt.settle()
            lastFault = nil
        } catch {
            storedCandles = [:]
            report("no checkpoint could be stored: \(error)")
        }
    }

    private func report(_ what: String) {
        if lastFault != what { logger.error("paper exchange: \(what)") }
        lastFault = what
    }

    /// Until something comes in, a market moves or a stream is due, at most 50 ms.
    private func wait() async {
        let now = time.now()
        let limit = now.advanced(byNanoseconds: 50 * Nanoseconds.perMillisecond)
        // A market of a thousand messages a second need not be looked at for each of them.
        let soonest = now.advanced(byNanoseconds: 5 * Nanoseconds.perMillisecond)
        let due = max(soonest, min(limit, (try? core.nextDue()) ?? limit))
        guard incoming.isEmpty else { return }
        await withTaskGroup { group in
            group.addTask { [time] in try? await time.sleep(until: due) }
            group.addTask { [signal] in await signal.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    func note(_ operation: SpotOperation, _ reply: SpotReply) { limitRecord.note(operation, reply) }

    // MARK: - Commands

    /// Has a command stored and carried out.
    func perform(_ command: SpotCommand) async -> SpotOutcome {
        await withCheckedContinuation { done in
            if isOver {
                done.resume(returning: .refused(.disconnected))
                return
            }
            incoming.append(Waiting(command: command, done: done))
            signal.raise()
        }
    }

    /// A number nobody can guess.
    func randomNumber() -> UInt64 {
        random.bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    func newClientID() -> String {
        var generator = SplitMix64(seed: randomNumber())
        return GeneratedClientID.make(&generator)
    }
}
