public import Strategies
public import TradingCore

/// The engine trading on the paper exchange, in the time of the market's own records.
///
/// The one core that backtests and paper sessions share: a backtest feeds it a file as fast as it can, a session feeds
/// it at the pace of a clock, and both get the same orders and fills. At equal times the market's records come first,
/// then what arrives at us, then what arrives at the exchange, then what falls due in the engine.
public struct TradingSimulation: ~Copyable {
    public var exchange: MatchingEngine
    public var balances: PaperBalances
    public var engine: ExecutionEngine
    public let account: AccountID
    public let latencies: Latencies
    public private(set) var now = Timestamp.distantPast
    public private(set) var firstRecordAt: Timestamp?
    /// Alerts raised by the engine since the driver last took them.
    public var alerts: [Alert] = []
    /// Orders and cancels as the exchange received them, when kept.
    public private(set) var log: [SimulationLogEntry] = []
    public var keepsLog = false
    /// Measures one session; nil measures nothing.
    public var recorder: PerformanceRecorder?

    /// The market as we see it; empty and unused while the feed takes no time, for then it is the exchange's own book.
    private var delayedBook = OrderBook()
    private var records = InFlight<MarketRecord>()
    private var requests = InFlight<ExecutionAction>()
    private var answers = InFlight<Answer>()
    /// One for each ``Answer/fill``.
    private var fills = InFlight<FillInFlight>()
    /// Rare: first in, first out.
    private var listings: [OpenOrderListing] = []
    private var listingDue: Int64 { listings.isEmpty ? .max : listings[0].due }
    /// When the first of all that is pending falls due.
    private var due = Int64.max
    private var finished = FinishedOrders()
    /// When the recorder wants to measure; kept apart because looking into it copies it.
    private var measureDue = Int64.max
    /// Records of the market need no more than to be applied: nobody decides on them, nothing delays them.
    private var isPlain = false
    /// A snapshot has come since the last gap.
    private var knowsSnapshot = false

    private struct OpenOrderListing {
        var due: Int64
        var session: SessionID
        var orders: [ListedOrder]
    }

    /// - Parameters:
    ///   - balances: of the paper exchange, `account`'s own funds deposited.
    /// - Throws: ``InstrumentError`` as the matching engine does.
    public init(
        instrument: Instrument, balances: PaperBalances, account: AccountID, latencies: Latencies = .none,
        matching: MatchingConfiguration = .init()
    ) throws(InstrumentError) {
        let exchange = try MatchingEngine(instrument: instrument, balances: balances, configuration: matching)
        let engine = try ExecutionEngine(instrument: instrument, bookShowsOwnOrders: false)
        self.exchange = exchange
        self.engine = engine
        self.balances = balances
        self.account = account
        self.latencies = latencies
    }

    /// Puts a session to work as of the first record.
    public mutating func add(_ configuration: SessionConfiguration, strategy: any Strategy) {
        engine.add(configuration, strategy: strategy, now: now)
        isPlain = false
        reschedule()
    }

    // MARK: - Time moves on

    /// Takes the market's next record in, after everything that falls due before it.
    @inline(__always)
    public mutating func apply(_ record: MarketRecord) {
        if due < record.time.nanoseconds { run(until: record.time) }
        now = record.time
        exchange.apply(record, balances: &balances)
        guard isPlain else {
            finish(record)
            return
        }
        switch record.kind {
        case .level, .snapshot, .top, .topCleared, .heartbeat: break
        case .trade: engine.lastTradePrice = record.price
        case .gap, .reset:
            finish(record)
            return
        }
        engine.health.lastMarketData = record.isLast ? record.time : engine.health.lastMarketData
        if !exchange.reports.isEmpty { sendReports() }
    }

    /// Takes the market's next records in.
    public mutating func apply(_ records: [MarketRecord]) {
        for record in records { apply(record) }
    }

    /// Lets time pass without a record: everything due before `time` happens.
    @inline(never)
    public mutating func run(until time: Timestamp) {
        while due < time.nanoseconds { step() }
    }

    @inline(never)
    private mutating func finish(_ record: MarketRecord) {
        if firstRecordAt == nil { begin(record) }
        if latencies.feed > 0 {
            records.send(record, due: record.time.nanoseconds &+ latencies.feed)
        } else {
            learn(record)
        }
        if !exchange.reports.isEmpty { sendReports() }
        carryOut()
        reschedule()
        isPlain =
            latencies.feed == 0 && !engine.watchesMarket
            && (engine.isEmpty || engine.health.marketIsTrusted)
    }

    private mutating func begin(_ record: MarketRecord) {
        firstRecordAt = record.time
        recorder?.begin(at: record.time)
        measureDue = recorder?.nextDue.nanoseconds ?? .max
    }

    /// What the engine makes of a record once it knows it. The delayed book has its own copy of the market.
    private mutating func learn(_ record: MarketRecord) {
        switch record.kind {
        case .trade: engine.lastTradePrice = record.price
        case .gap:
            knowsSnapshot = false
            engine.marketLost(now: now)
        case .reset: knowsSnapshot = true
        default: break
        }
        guard record.isLast, record.kind != .gap else { return }
        let recovers = knowsSnapshot && !engine.health.marketIsTrusted
        if latencies.feed > 0 {
            if recovers { engine.marketRecovered(now: now) }
            engine.marketChanged(delayedBook, now: now)
        } else {
            if recovers { engine.marketRecovered(now: now) }
            engine.marketChanged(exchange.book, now: now)
        }
    }

    /// The earliest pending thing happens.
    private mutating func step() {
        let moment = due
        now = max(now, Timestamp(nanoseconds: moment))
        if records.firstDue == moment {
            let record = records.receive()
            delayedBook.apply(record)
            learn(record)
        } else if answers.firstDue == moment {
            // What arrives together is taken in together.
            repeat { receive(answers.receive()) } while answers.firstDue == moment
        } else if listingDue == moment {
            receive(listings.removeFirst())
        } else if requests.firstDue == moment {
            repeat { execute(requests.receive()) } while requests.firstDue == moment
        } else if measureDue == moment {
            measure()
        } else {
            latencies.feed > 0 ? engine.wake(delayedBook, now: now) : engine.wake(exchange.book, now: now)
        }
        if !exchange.reports.isEmpty { sendReports() }
        carryOut()
        reschedule()
    }

    @inline(__always)
    private mutating func reschedule() {
        // Before the first record there is no time in which the engine could wake.
        let wake = firstRecordAt == nil ? Int64.max : engine.nextWake.nanoseconds
        due = min(
            min(records.firstDue, min(answers.firstDue, listingDue)), min(requests.firstDue, wake), measureDue)
    }

    // MARK: - Between us and the exchange

    private mutating func carryOut() {
        if !engine.actions.isEmpty {
            let arrival = now.nanoseconds &+ latencies.order
            // By index: iterating would count references to the array.
            for index in engine.actions.indices {
                if case .alert(let alert) = engine.actions[index] {
                    alerts.append(alert)
                } else {
                    requests.send(engine.actions[index], due: arrival)
                }
            }
            engine.actions.removeAll(keepingCapacity: true)
        }
        if !engine.bookedFills.isEmpty {
            if recorder != nil {
                for fill in engine.bookedFills { recorder?.filled(fill) }
                measureDue = recorder?.nextDue.nanoseconds ?? .max
            }
            engine.bookedFills.removeAll(keepingCapacity: true)
        }
        if recorder != nil { recorder?.quotesChanged(engine.table, at: now) }
    }

    private mutating func execute(_ action: ExecutionAction) {
        switch action {
        case .place(let approved):
            if keepsLog { log.append(.placed(approved.value, now)) }
            exchange.submit(approved.value, from: account, at: now, balances: &balances)
        case .cancel(let id):
            if keepsLog { log.append(.cancelled(id, now)) }
            exchange.cancel(id, from: account, balances: &balances)
        case .query(let id):
            let isOpen = exchange.volumeAhead(of: id, account: account) != nil
            if let answer = isOpen ? .accepted(id) : finished.outcome(of: id) { send(answer) }
        case .listOpenOrders(let session):
            let open = exchange.openOrders(of: account).map {
                ListedOrder(id: $0.request.id, side: $0.request.side, price: $0.request.price, remaining: $0.remaining)
            }
            listings.append(
                OpenOrderListing(due: now.nanoseconds &+ latencies.answer, session: session, orders: open))
        case .alert: break
        }
    }

    @inline(never)
    private mutating func sendReports() {
        for index in exchange.reports.indices where exchange.reports[index].account == account {
            guard let answer = Answer(exchange.reports[index].event) else { continue }
            if case .filled(let fill) = exchange.reports[index].event {
                if keepsLog { log.append(.filled(fill)) }
                fills.send(
                    FillInFlight(fill: fill, doubleMid: exchange.book.doubleMid ?? 0),
                    due: now.nanoseconds &+ latencies.answer)
            } else {
                finished.note(answer)
            }
            send(answer)
        }
        exchange.reports.removeAll(keepingCapacity: true)
    }

    @inline(__always)
    private mutating func send(_ answer: Answer) {
        answers.send(answer, due: now.nanoseconds &+ latencies.answer)
        due = min(due, answers.firstDue)
    }

    @inline(__always)
    private mutating func receive(_ answer: Answer) {
        guard let event = answer.event else {
            let arrived = fills.receive()
            engine.doubleMidOfFill = arrived.doubleMid == 0 ? nil : arrived.doubleMid
            tell(.filled(arrived.fill))
            return
        }
        tell(event)
    }

    @inline(__always)
    private mutating func tell(_ event: AccountEvent) {
        latencies.feed > 0
            ? engine.handle(event, delayedBook, now: now) : engine.handle(event, exchange.book, now: now)
    }

    private mutating func receive(_ listing: OpenOrderListing) {
        latencies.feed > 0
            ? engine.openOrdersListed(listing.orders, for: listing.session, delayedBook, now: now)
            : engine.openOrdersListed(listing.orders, for: listing.session, exchange.book, now: now)
    }

    // MARK: - Measuring

    private mutating func measure() {
        recorder?.measure(at: now, doubleMid: exchange.book.doubleMid, engine.table)
        measureDue = recorder?.nextDue.nanoseconds ?? .max
    }

    /// Brings the measurements up to the last record.
    public mutating func finishMeasuring() {
        recorder?.end(at: now, doubleMid: exchange.book.doubleMid, engine.table)
    }

    /// Twice the last mid that was measured, in ticks; nil before the first.
    public var lastDoubleMid: Int64? { recorder?.curve.points.last?.doubleMid }

    // MARK: - Stopping

    /// Stops every session and lets time pass until the exchange has confirmed that nothing of ours is open, for at most
    /// `limit` nanoseconds.
    /// - Returns: whether it has.
    public mutating func stopAll(limit: Int64 = Nanoseconds.seconds(60)) -> Bool {
        for session in engine.sessions { engine.stop(session.id, now: now) }
        carryOut()
        reschedule()
        let end = now.advanced(byNanoseconds: limit)
        while !isStopped, due < end.nanoseconds { step() }
        return isStopped
    }

    private var isStopped: Bool {
        engine.sessions.allSatisfy { $0.phase == .stopped } && exchange.openOrderIDs(of: account).isEmpty
    }
}

/// One thing that happened between us and the exchange.
public enum SimulationLogEntry: Hashable, Sendable {
    case placed(OrderRequest, Timestamp)
    case cancelled(ClientOrderID, Timestamp)
    case filled(Fill)
}
