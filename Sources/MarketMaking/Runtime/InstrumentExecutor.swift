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
    let executor = InlineExecutor()
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    let connector: any ExchangeConnector
    private let rulesAreDoubted: Signal
    let account: any ExchangeAccount
    let database: any SQLDatabase
    let installation: InstallationID
    let time: any TimeSource
    let logger: Logger
    let journal: Journal
    var core: ExecutorCore
    private var subscriptions: [Subscription] = []
    /// What needs the exchange's answer before anything more is taken in; nil: nothing.
    private var errand: Errand?
    private let errandSignal = Signal()
    /// Inputs that came after the one that made the errand necessary.
    private var waiting: [ExecutorInput] = []
    /// What the turn under way takes in; empty between turns.
    private var taken: [ExecutorInput] = []
    /// Likewise of the commands being carried out.
    private var ordered: [ExecutorCore.Command] = []
    /// And of the orders to be cancelled next.
    private var leaving: [ClientOrderID] = []
    private var isClosed = false
    private(set) var accountLostAt: Timestamp?
    private var isAccountLost: Bool { accountLostAt != nil }
    /// When it began to listen.
    let startedAt: Timestamp
    /// When to ask again for what the account missed.
    var recoveryDue = Timestamp.distantFuture
    /// Why it could not be asked for.
    var recoveryFault: String?
    /// When to subscribe again to a market that could not be subscribed to.
    private var subscriptionDue = Timestamp.distantFuture
    static let retryNanoseconds = Nanoseconds.perSecond
    private let alarm: Alarm
    private var alarmSetTo = Timestamp.distantFuture

    // Storing, see InstrumentExecutor+Storing.swift.
    let journalSchedule: Schedule
    var isStoring: Bool { storingSince != nil }
    /// When the commit under way was begun; nil: none is.
    var storingSince: Timestamp?
    /// The steps whose commit is under way.
    var storing: [JournalStep] = []
    var storageFault: String?
    /// The commit under way takes so long that no quote may rest meanwhile.
    var storeIsSlow = false
    var failedStores = 0
    var lingersUntil = Timestamp.distantFuture
    /// When a store that failed is tried again.
    var storageRetryDue = Timestamp.distantFuture
    var fundsRefusals = 0
    /// Fills that bear ids of our orders and cannot be theirs.
    var refusedFills: Set<RefusedFill> = []
    /// Fills were found since the account was last asked what it missed that only the exchange's word on their orders can explain.
    var hasDoubts = false
    /// The book as last shown, by depth: many readers between two changes cost one look.
    var bookViews: [Int: OrderBookView] = [:]
    var decisions = LatencyHistogram()
    var placements = LatencyHistogram()

    /// Questions to exchange and store that are answered by a return value, asked one after another.
    private let questions: AsyncStream<Question>
    let ask: AsyncStream<Question>.Continuation
    /// Orders of ours that no session at work looks after.
    var strays = StrayOrders()
    /// To whoever stores what kill switches have halted.
    private let fallenHalts: FallenHalts
    /// Who waits for word of orders that people placed.
    var directWaiters: [DirectWaiter] = []
    /// Who waits for a session to be stopped.
    var stopWaiters: [Int64: [Signal]] = [:]

    init(
        _ place: TradingPlace, _ instrument: Instrument, connector: any ExchangeConnector,
        account: any ExchangeAccount, runtime: RuntimeContext
    ) throws {
        self.place = place
        self.instrument = instrument
        self.connector = connector
        self.account = account
        database = runtime.database
        fallenHalts = runtime.fallenHalts
        installation = runtime.installation
        time = runtime.time
        startedAt = runtime.time.now()
        var logger = runtime.logger
        logger[metadataKey: "place"] = "\(place)"
        self.logger = logger
        journal = Journal(
            database: runtime.database, place: place, instrument: instrument, installation: runtime.installation)
        core = try ExecutorCore(place, instrument)
        let mailbox = Mailbox()
        self.mailbox = mailbox
        alarm = runtime.alarms.alarm("executor \(place)") { _ in mailbox.wake() }
        rulesAreDoubted = runtime.rulesAreDoubted
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
            group.addTask { await self.answerQuestions() }
            // Held until the mailbox is closed, which every run ends with.
            let turn: @Sendable () -> Void = { self.assumeIsolated { $0.turn() } }
            mailbox.open { [executor] urgency in
                switch urgency {
                case .news: executor.performInline(turn)
                case .alarm: executor.perform(turn)
                }
            }
            while !isClosed, !Task.isCancelled {
                await errandSignal.wait()
                await runErrand()
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
        isClosed = true
        mailbox.close()
        ask.finish()
        errandSignal.raise()
        // Nothing more will come that they could wait for.
        for waiter in stopWaiters.values.joined() { waiter.raise() }
        for waiter in directWaiters { waiter.signal.raise() }
    }

    // MARK: - Turns

    /// What cannot be done at once.
    private enum Errand {
        case subscribeAnew
        case recoverAccount
    }

    /// Takes in everything that has come, decides, and sends what is urgent. Nothing in here waits.
    private func turn() {
        guard !isClosed, errand == nil else { return }
        mailbox.take(into: &taken)
        if !waiting.isEmpty {
            taken.insert(contentsOf: waiting, at: 0)
            waiting = []
        }
        for index in taken.indices {
            take(taken[index])
            if errand != nil {
                waiting = Array(taken[(index + 1)...])
                break
            }
        }
        empty(&taken)
        finishTurn()
        if errand != nil { errandSignal.raise() }
    }

    /// Keeps the memory for the next turn, but for what a flood has left.
    private func empty(_ inputs: inout [ExecutorInput]) {
        inputs.removeAll(keepingCapacity: inputs.capacity <= 1_024)
    }

    private func runErrand() async {
        guard let errand, !isClosed else { return }
        switch errand {
        case .subscribeAnew: await subscribeAnew()
        case .recoverAccount: await recoverAccount()
        }
        self.errand = nil
        turn()
    }

    private func take(_ input: ExecutorInput) {
        let now = time.now()
        switch input {
        case .market(let records, let arrived):
            core.market(records, now: now)
            decisions.record(nanoseconds: time.now().nanoseconds(since: arrived))
        case .marketOverflow:
            core.marketLost(now: now)
            errand = .subscribeAnew
        case .account(.event(let event)):
            // Of a broken stream the newest fill would hide an older one that was missed: all of it is asked for.
            if !isAccountLost {
                if !directWaiters.isEmpty { note(event) }
                noteStray(event)
                if event.doubtsRules { rulesAreDoubted.raise() }
                core.handle(event, now: now)
            } else if case .reappeared = event {
                // Told once, and by no list of what is open: its id counts as ended.
                noteStray(event)
            }
        case .account(.alive): core.accountIsAlive(now: now)
        case .account(.lost):
            accountLostAt = accountLostAt ?? now
            core.accountChanged(isReconciled: false, now: now)
        case .account(.recovered), .accountOverflow:
            accountLostAt = nil
            core.accountChanged(isReconciled: false, now: now)
            errand = .recoverAccount
        case .wake:
            alarmSetTo = .distantFuture
            core.wake(now)
            if subscriptionDue <= now {
                errand = .subscribeAnew
            } else if recoveryDue <= now {
                errand = .recoverAccount
            }
        }
        carryOutCommands()
    }

    /// After every turn: what is urgent is stored now, what is not within a tenth of a second.
    func finishTurn() {
        carryOutCommands()
        if !core.halts.isEmpty {
            fallenHalts.add(core.halts)
            core.halts = []
        }
        let now = time.now()
        noticeSlowStore(now)
        scheduleStoring(now)
        carryOutCommands()
        chaseStrays(now)
        if !directWaiters.isEmpty { serveDirectWaiters() }
        let wake = min(
            core.nextWake, lingersUntil, recoveryDue, subscriptionDue, storageRetryDue, storePatienceEnds,
            strays.nextDue)
        if wake < alarmSetTo {
            // What was due has just been looked at: whatever is due still is so again in a moment, never at once.
            alarmSetTo = max(wake, time.now().advanced(byNanoseconds: Self.shortestWait))
            alarm.set(alarmSetTo)
        }
    }

    private static var shortestWait: Int64 { Nanoseconds.perMillisecond }

    func carryOutCommands() {
        while !core.commands.isEmpty {
            swap(&core.commands, &ordered)
            for index in ordered.indices {
                if case .cancel(let id) = ordered[index] {
                    leaving.append(id)
                } else {
                    sendCancels()
                    carryOut(ordered[index])
                }
            }
            sendCancels()
            ordered.removeAll(keepingCapacity: true)
        }
    }

    /// Together: when everything is taken off, an exchange may take many in one request.
    private func sendCancels() {
        guard !leaving.isEmpty else { return }
        account.cancel(leaving, place.symbol)
        leaving.removeAll(keepingCapacity: true)
    }

    private func carryOut(_ command: ExecutorCore.Command) {
        switch command {
        case .cancel(let id): account.cancel([id], place.symbol)
        case .query(let id): account.send(.query(id), place.symbol)
        case .listOpenOrders(let session): ask.yield(.openOrders(session))
        case .renumber(let session, let number): ask.yield(.number(session, usedUp: number))
        case .report(let alert): report(alert)
        case .stopped(let seat): logger.info("session stopped", metadata: ["strategy": "\(seat.key)"])
        }
    }

    private func report(_ alert: Alert) {
        switch alert {
        // What is refused is told when the store has judged it.
        case .stopped, .mismatchedFill, .drawdownCountsAnew: break
        default: logger.warning("\(alert)")
        }
    }

    // MARK: - Questions

    enum Question {
        case openOrders(SessionID)
        /// Which of the orders that no session looks after are open still.
        case strays
        /// Another number to make orders under.
        case number(SessionID, usedUp: SessionID)
    }

    func listOpenOrders(of session: SessionID) { ask.yield(.openOrders(session)) }

    private func answerQuestions() async {
        for await question in questions {
            switch question {
            case .openOrders(let session): await listOpenOrders(for: session)
            case .strays: await lookForStrays()
            case .number(let session, let number): await renumber(session, number)
            }
        }
    }

    private func listOpenOrders(for session: SessionID) async {
        do {
            let listed = try await account.openOrders(place.symbol)
            core.openOrdersListed(listed, for: session, now: time.now())
            finishTurn()
        } catch {
            // The engine asks again when the answer is overdue.
            logger.warning("open orders could not be listed: \(error)")
        }
    }

    /// A session has made nearly all the orders that its number has room for: it goes on under another one.
    private func renumber(_ session: SessionID, _ usedUp: SessionID) async {
        guard let seat = core.seats[session] else { return }
        do {
            let numbers = try await database.write { [installation] transaction in
                let store = SessionNumberStore(transaction: transaction, installation: installation)
                // Its last orders may not be stored yet, so the rows do not say it.
                try store.retire(usedUp, of: seat.instanceID)
                return try store.take(for: seat.instanceID)
            }
            guard core.seats[session] == seat else { return }
            core.renumber(session, numbers.current.ids(installation))
        } catch {
            // Asked again some orders later.
            logger.error("no further session number for \(seat.key) yet: \(error)")
        }
    }

    /// The market overran us: begin anew with a snapshot.
    private func subscribeAnew() async {
        logger.error("the market came faster than it could be worked off; subscribing anew")
        do {
            let (mailbox, time) = (self.mailbox, self.time)
            let market = try await connector.subscribe(place.symbol) { mailbox.market($0, at: time.now()) }
            if !subscriptions.isEmpty { subscriptions[0].cancel() }
            subscriptions.insert(market, at: 0)
            if subscriptions.count > 2 { subscriptions.remove(at: 1) }
            subscriptionDue = .distantFuture
        } catch {
            subscriptionDue = time.now().advanced(byNanoseconds: Self.retryNanoseconds)
            logger.error("subscribing anew failed, and is tried again: \(error)")
        }
    }
}
