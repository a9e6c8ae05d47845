import Exchanges
import Execution
import Logging
import Persistence
import Scheduling
import TradingCore

/// One account on one instrument, hosting every session that trades there: the only one to decide for them, to store
/// their orders, and to speak to the exchange about them.
///
/// The shell around ``ExecutorCore``. An intent is stored before it is sent; cancels go at once, whatever the disk does.
actor InstrumentExecutor {
    nonisolated let place: TradingPlace
    nonisolated let instrument: Instrument
    nonisolated let mailbox: Mailbox
    private let executor = InlineExecutor()
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    let connector: any ExchangeConnector
    let account: any ExchangeAccount
    let database: any SQLDatabase
    let installation: InstallationID
    let time: any TimeSource
    let logger: Logger
    let journal: Journal
    var core: ExecutorCore
    private var subscriptions: [Subscription] = []
    private let alarm: Alarm
    private var alarmSetTo = Timestamp.distantFuture

    // Storing, see InstrumentExecutor+Storing.swift.
    let journalSignal = Signal()
    let journalSchedule: Schedule
    var isStoring = false
    var storageFault: String?
    var failedStores = 0
    var lingersUntil = Timestamp.distantFuture
    var fundsRefusals = 0
    /// The book as last shown, by depth: many readers between two changes cost one look.
    var bookViews: [Int: OrderBookView] = [:]
    var decisions = LatencyHistogram()
    var placements = LatencyHistogram()

    /// Questions to the exchange that are answered by a return value, asked one after another.
    private let questions: AsyncStream<SessionID>
    private let ask: AsyncStream<SessionID>.Continuation
    /// Who waits for a session to be stopped.
    var stopWaiters: [SessionID: Signal] = [:]

    init(
        _ place: TradingPlace, _ instrument: Instrument, connector: any ExchangeConnector,
        account: any ExchangeAccount, runtime: RuntimeContext
    ) throws {
        self.place = place
        self.instrument = instrument
        self.connector = connector
        self.account = account
        database = runtime.database
        installation = runtime.installation
        time = runtime.time
        var logger = runtime.logger
        logger[metadataKey: "place"] = "\(place)"
        self.logger = logger
        journal = Journal(database: runtime.database, place: place, instrument: instrument)
        core = try ExecutorCore(place, instrument)
        let mailbox = Mailbox()
        self.mailbox = mailbox
        alarm = runtime.alarms.alarm("executor \(place)") { _ in mailbox.wake() }
        journalSchedule = runtime.registry.schedule("journal \(place)")
        (questions, ask) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1_000))
    }

    // MARK: - Life

    /// Begins to listen. Everything that comes waits in the mailbox until ``run()``.
    func subscribe() async throws {
        let (mailbox, time) = (self.mailbox, self.time)
        let market = try await connector.subscribe(place.symbol) { mailbox.market($0, at: time.now()) }
        subscriptions.append(market)
        subscriptions.append(try await account.subscribe(place.symbol) { mailbox.account($0) })
    }

    /// Works until the task is cancelled or ``close()``.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.store() }
            group.addTask { await self.answerQuestions() }
            while let inputs = await mailbox.next() {
                for input in inputs { await take(input) }
                finishTurn()
            }
            group.cancelAll()
        }
        abandon()
    }

    /// Lets go of everything: for an executor that ends, or was never put to work.
    func abandon() {
        close()
        for subscription in subscriptions { subscription.cancel() }
        subscriptions = []
        alarm.remove()
        journalSchedule.end()
    }

    func close() {
        mailbox.close()
        ask.finish()
    }

    private func take(_ input: ExecutorInput) async {
        let now = time.now()
        switch input {
        case .market(let records, let arrived):
            core.market(records, now: now)
            decisions.record(nanoseconds: time.now().nanoseconds(since: arrived))
        case .marketOverflow: await resubscribe(now)
        case .account(.event(let event)): core.handle(event, now: now)
        case .account(.alive): core.accountIsAlive(now: now)
        case .account(.lost): core.accountChanged(isReconciled: false, now: now)
        case .account(.recovered), .accountOverflow: await recoverAccount()
        case .wake:
            alarmSetTo = .distantFuture
            core.wake(now)
        }
        carryOutCommands()
    }

    /// After every turn: what is urgent is stored now, what is not within a tenth of a second.
    func finishTurn() {
        carryOutCommands()
        scheduleStoring(time.now())
        let wake = min(core.nextWake, lingersUntil)
        if wake < alarmSetTo {
            alarmSetTo = wake
            alarm.set(wake)
        }
    }

    private func carryOutCommands() {
        while !core.commands.isEmpty {
            let commands = core.commands
            core.commands = []
            for command in commands { carryOut(command) }
        }
    }

    private func carryOut(_ command: ExecutorCore.Command) {
        switch command {
        case .cancel(let id): account.send(.cancel(id), place.symbol)
        case .query(let id): account.send(.query(id), place.symbol)
        case .listOpenOrders(let session): ask.yield(session)
        case .report(let alert): report(alert)
        case .stopped(let seat): logger.info("session stopped", metadata: ["strategy": "\(seat.key)"])
        }
    }

    private func report(_ alert: Alert) {
        switch alert {
        case .stopped: break
        default: logger.warning("\(alert)")
        }
    }

    // MARK: - Questions

    private func answerQuestions() async {
        for await session in questions {
            do {
                let listed = try await account.openOrders(place.symbol)
                core.openOrdersListed(listed, for: session, now: time.now())
                finishTurn()
            } catch {
                // The engine asks again when the answer is overdue.
                logger.warning("open orders could not be listed: \(error)")
            }
        }
    }

    /// The market overran us: begin anew with a snapshot.
    private func resubscribe(_ now: Timestamp) async {
        core.marketLost(now: now)
        carryOutCommands()
        logger.error("the market came faster than it could be worked off; subscribing anew")
        do {
            let (mailbox, time) = (self.mailbox, self.time)
            let market = try await connector.subscribe(place.symbol) { mailbox.market($0, at: time.now()) }
            if !subscriptions.isEmpty { subscriptions[0].cancel() }
            subscriptions.insert(market, at: 0)
            if subscriptions.count > 2 { subscriptions.remove(at: 1) }
        } catch {
            logger.error("subscribing anew failed: \(error)")
        }
    }

    // MARK: - Sessions

    func add(_ start: SessionStart) {
        core.add(start, now: time.now())
        finishTurn()
    }

    /// Orders a session to stop. ``waitUntilStopped(_:)`` tells when it has.
    func stop(_ session: SessionID) {
        core.stop(session, now: time.now())
        finishTurn()
    }

    func setState(_ state: TradingState, of session: SessionID) {
        core.setState(state, of: session, now: time.now())
        finishTurn()
    }

    func setState(server: TradingState? = nil, account: TradingState? = nil) {
        core.setState(server: server, account: account, now: time.now())
        finishTurn()
    }

    func hosts(_ session: SessionID) -> Bool { core.seats[session] != nil }
}
