import Exchanges
import Execution
import TradingCore

/// The deciding part of an executor: book and engine, and what has to be stored and done because of them. Synchronous,
/// without I/O or clock; the shell drives it, stores ``steps`` and carries out ``commands``.
struct ExecutorCore: ~Copyable {
    /// What the shell does, at once and in order. Placements are not among them: they wait in ``steps`` to be stored.
    enum Command: Hashable, Sendable {
        case cancel(ClientOrderID)
        case query(ClientOrderID)
        case listOpenOrders(SessionID)
        /// The session has made nearly all the orders that its number has room for.
        case renumber(SessionID, usedUp: SessionID)
        case report(Alert)
        /// The exchange has confirmed that nothing of the session is open.
        case stopped(SessionSeat)
    }

    let place: TradingPlace
    let instrument: Instrument
    private(set) var engine: ExecutionEngine
    private(set) var book = OrderBook()
    /// Counts the batches of records taken in.
    private(set) var marketVersion: UInt64 = 0
    private(set) var seats: [SessionID: SessionSeat] = [:]
    /// What is to be stored, in order.
    var steps: [JournalStep] = []
    /// What kill switches have halted, for whoever stores it.
    var halts: [TradingStateEntry] = []
    var commands: [Command] = []
    /// Placements handed out and neither sent nor given up.
    private(set) var unsent: Set<ClientOrderID> = []
    /// Of these, the ones that are no longer wanted.
    private var withdrawn: Set<ClientOrderID> = []
    private var knowsSnapshot = false
    /// Since when something is missing of the market; nil: nothing is.
    private(set) var marketLostAt: Timestamp?
    /// What is stored of the order that is being placed directly, beside the order.
    private var directDetails: DirectOrderDetails?
    /// Sessions that were started before there was a price.
    private var unpriced: [SessionSeat] = []
    /// What each session's fills were worth a second later.
    private(set) var markouts: [SessionID: Markout] = [:]
    /// When the first of them is to be settled.
    private var nextMarkout = Timestamp.distantFuture

    init(_ place: TradingPlace, _ instrument: Instrument) throws(InstrumentError) {
        self.place = place
        self.instrument = instrument
        engine = try ExecutionEngine(instrument: instrument, bookShowsOwnOrders: false)
    }

    var nextWake: Timestamp { engine.nextWake }

    /// Something of ours may rest at the exchange that is taken off when the process ends.
    var hasLiveQuotes: Bool { engine.hasLiveQuotes }

    /// Whether an order is of a strategy at work here, whose orders end with the process.
    func quotes(_ id: ClientOrderID) -> Bool { seat(of: id).map { $0.key.type != .direct } ?? false }

    /// Who at work here made an order.
    private func seat(of id: ClientOrderID) -> SessionSeat? { engine.session(thatMade: id).flatMap { seats[$0] } }

    // MARK: - Sessions

    mutating func add(_ start: SessionStart, now: Timestamp) {
        seats[start.seat.session] = start.seat
        if start.seat.lacksStartPrice { unpriced.append(start.seat) }
        markouts[start.seat.session] = Markout(horizonNanoseconds: Nanoseconds.perSecond)
        engine.add(
            start.configuration, strategy: start.strategy, restoring: start.restored, book, now: now)
        settle(now)
        storeStartPrices()
        wake(now)
    }

    mutating func stop(_ session: SessionID, now: Timestamp) {
        engine.stop(session, now: now)
        settle(now)
    }

    mutating func setState(
        _ state: TradingState, of session: SessionID, reason: HaltReason = .operatorCommand,
        commandedAt: Timestamp? = nil, now: Timestamp
    ) {
        engine.setState(state, of: session, reason: reason, commandedAt: commandedAt, now: now)
        settle(now)
    }

    /// For a reason that is stored already.
    mutating func halt(_ session: SessionID, reason: HaltReason, now: Timestamp) {
        engine.halt(session, reason: reason, now: now)
        settle(now)
    }

    mutating func setState(server: TradingState? = nil, account: TradingState? = nil, now: Timestamp) {
        engine.setState(server: server, account: account, now: now)
        settle(now)
    }

    /// Nothing may be sent any more until the store takes intents again.
    mutating func suspend(now: Timestamp) {
        engine.suspend(now: now)
        settle(now)
    }

    mutating func goOn(now: Timestamp) {
        engine.goOn(now: now)
        settle(now)
    }

    mutating func storageChanged(isAvailable: Bool, now: Timestamp) {
        engine.storageChanged(isAvailable: isAvailable, now: now)
        settle(now)
    }

    mutating func accountChanged(isReconciled: Bool, now: Timestamp) {
        engine.accountChanged(isReconciled: isReconciled, now: now)
        if isReconciled { engine.queryLiveOrders(now: now) }
        settle(now)
    }

    // MARK: - The market

    /// Takes a batch of the market's records in and decides once, on the newest book.
    mutating func market(_ records: [MarketRecord], now: Timestamp) {
        var isChanged = false
        marketVersion += 1
        for record in records {
            book.apply(record)
            switch record.kind {
            case .trade: engine.lastTradePrice = record.price
            case .gap:
                knowsSnapshot = false
                marketLostAt = marketLostAt ?? now
                engine.marketLost(now: now)
            case .reset: knowsSnapshot = true
            default: break
            }
            isChanged = record.isLast && record.kind != .gap
        }
        if nextMarkout <= now { settleMarkouts(now) }
        if isChanged, knowsSnapshot {
            marketLostAt = nil
            if !engine.health.marketIsTrusted { engine.marketRecovered(now: now) }
            engine.marketChanged(book, now: now)
            storeStartPrices()
        }
        wake(now)
    }

    private mutating func settleMarkouts(_ now: Timestamp) {
        nextMarkout = .distantFuture
        // lint: ordered because each session's is settled apart from the others
        for session in markouts.keys {
            markouts[session]?.settle(until: now, doubleMid: book.doubleMid)
            nextMarkout = min(nextMarkout, markouts[session]?.nextDue ?? .distantFuture)
        }
    }

    /// The last trade, or the middle of the market before there was one.
    var lastPrice: FixedDecimal? {
        let unit = instrument.unit
        if let trade = engine.lastTradePrice { return unit.decimal(trade) }
        return book.doubleMid.map { FixedDecimal(raw: unit.price.raw * Int128($0) / 2) }
    }

    private mutating func storeStartPrices() {
        guard !unpriced.isEmpty, knowsSnapshot, let lastPrice else { return }
        for seat in unpriced {
            steps.append(.startPrice(instanceID: seat.instanceID, run: seat.run, lastPrice))
        }
        unpriced = []
    }

    /// More came than could be kept.
    mutating func marketLost(now: Timestamp) {
        knowsSnapshot = false
        marketLostAt = marketLostAt ?? now
        engine.marketLost(now: now)
        settle(now)
    }

    mutating func wake(_ now: Timestamp) {
        if engine.nextWake <= now { engine.wake(book, now: now) }
        settle(now)
    }

    // MARK: - The account

    mutating func handle(_ event: AccountEvent, now: Timestamp) {
        if case .filled(let fill) = event {
            let isSeated = seat(of: fill.orderID) != nil
            engine.handle(event, book, now: now)
            // A late fill of a session that is gone is booked all the same.
            if !isSeated { steps.append(.fill(fill, books: nil, now)) }
        } else {
            if case .rejected(let id, let reason) = event {
                steps.append(.rejected(id, reason, now))
            } else if let update = event.orderUpdate {
                steps.append(.update(event.orderID, update, now))
            }
            engine.handle(event, book, now: now)
        }
        settle(now)
        wake(now)
    }

    /// An order was changed at the exchange, as the fill shows that is told next: both are stored together or not at all.
    mutating func amended(_ amendment: OrderAmendment, now: Timestamp) {
        steps.append(.amended(amendment, now))
        amend(amendment.report)
    }

    /// What of it concerns the engine.
    mutating func amend(_ report: OrderReport) {
        engine.amend(report.id, price: report.price, quantity: report.quantity)
    }

    /// The account's stream lives.
    mutating func accountIsAlive(now: Timestamp) { engine.health.lastAccountData = now }

    mutating func openOrdersListed(_ listed: [ListedOrder], for session: SessionID, now: Timestamp) {
        engine.openOrdersListed(listed, for: session, book, now: now)
        settle(now)
    }

    // MARK: - Orders that people place

    /// - Returns: the order's id, or why the gate would not have it. Its intent is in ``steps`` then.
    mutating func place(
        _ order: DirectOrder, _ details: DirectOrderDetails, in session: SessionID, free: SessionFunds, now: Timestamp
    ) -> Result<ClientOrderID, RiskRefusal> {
        directDetails = details
        defer { directDetails = nil }
        let outcome = engine.place(order, in: session, free: free, book, now: now)
        settle(now)
        return outcome
    }

    /// - Returns: false when there is no such live order.
    mutating func cancel(_ id: ClientOrderID, now: Timestamp) -> Bool {
        let isThere = engine.cancel(id, now: now)
        settle(now)
        return isThere
    }

    /// A session that needs another number asks for it every so many orders, until it has one.
    private static let renumberingPace: UInt32 = 256

    /// - Parameter ids: under a number of its own that is not used up.
    mutating func renumber(_ session: SessionID, _ ids: ClientOrderIDSource) { engine.renumber(session, ids) }

    // MARK: - Placements

    /// A placement has been stored, and may go now.
    /// - Returns: false when it is no longer wanted: it must not be sent, and is not going to be.
    mutating func mayBeSent(_ id: ClientOrderID, now: Timestamp) -> Bool {
        unsent.remove(id)
        guard withdrawn.remove(id) != nil else { return true }
        handle(.notFound(id), now: now)
        return false
    }

    /// A placement was not stored, so it never leaves.
    mutating func wasNotStored(_ id: ClientOrderID, now: Timestamp) {
        unsent.remove(id)
        withdrawn.remove(id)
        engine.handle(.notFound(id), book, now: now)
        settle(now)
    }

    // MARK: - What follows

    /// Turns the engine's wishes into steps and commands.
    private mutating func settle(_ now: Timestamp) {
        while !engine.bookedFills.isEmpty || !engine.actions.isEmpty {
            for booked in engine.bookedFills {
                steps.append(.fill(booked.fill, books: books(booked.session), now))
                markouts[booked.session]?.add(booked)
                nextMarkout = min(nextMarkout, markouts[booked.session]?.nextDue ?? .distantFuture)
            }
            engine.bookedFills.removeAll(keepingCapacity: true)
            let actions = engine.actions
            engine.actions.removeAll(keepingCapacity: true)
            for action in actions { settle(action, now) }
        }
    }

    /// Mostly nothing is: a cancel need not be hashed to know that.
    private func isUnsent(_ id: ClientOrderID) -> Bool { !unsent.isEmpty && unsent.contains(id) }

    private mutating func settle(_ action: ExecutionAction, _ now: Timestamp) {
        switch action {
        case .place(let approved): place(approved, now)
        case .cancel(let id):
            if isUnsent(id) { withdraw(id, now) } else { commands.append(.cancel(id)) }
        case .query(let id):
            // Of an order that has not left yet the exchange knows nothing.
            if !isUnsent(id) { commands.append(.query(id)) }
        case .listOpenOrders(let session): commands.append(.listOpenOrders(session))
        case .alert(let alert): settle(alert, now)
        }
    }

    private mutating func place(_ approved: Approved<OrderRequest>, _ now: Timestamp) {
        let request = approved.value
        guard let seat = seat(of: request.id), let order = engine.order(request.id) else { return }
        if request.id.sequence >= SessionNumberStore.usedUpFrom, request.id.sequence % Self.renumberingPace == 0 {
            commands.append(.renumber(seat.session, usedUp: request.id.session))
        }
        unsent.insert(request.id)
        steps.append(
            .place(
                StoredOrder(
                    id: request.id, instanceID: seat.instanceID, run: seat.run,
                    parametersVersion: seat.parametersVersion, side: request.side, level: order.level,
                    price: request.price, quantity: request.quantity, filled: .zero, isPostOnly: request.isPostOnly,
                    status: .pending, createdAt: now, direct: directDetails), approved))
    }

    /// Takes back a placement that nobody but us knows of.
    private mutating func withdraw(_ id: ClientOrderID, _ now: Timestamp) {
        let waiting = steps.firstIndex { if case .place(let order, _) = $0 { order.id == id } else { false } }
        if let waiting {
            steps.remove(at: waiting)
            unsent.remove(id)
            engine.handle(.notFound(id), book, now: now)
        } else {
            withdrawn.insert(id)
        }
    }

    private mutating func settle(_ alert: Alert, _ now: Timestamp) {
        switch alert {
        case .halted(let session, let reason):
            guard let seat = seats[session] else { return }
            halts.append(
                TradingStateEntry(
                    scope: .session(seat.key.description), state: .halted, reason: reason.code,
                    setBy: "kill switch", setAt: now))
        case .stopped(let session):
            guard let seat = seats[session], engine.remove(session) else { return }
            seats[session] = nil
            markouts[session] = nil
            steps.append(.stopped(instanceID: seat.instanceID, now))
            commands.append(.stopped(seat))
        // The store judges it once more, and what is refused there is told and halts.
        case .mismatchedFill(let fill): steps.append(.fill(fill, books: nil, now))
        case .drawdownCountsAnew(let session):
            // Otherwise the next start would measure from before the halt, and halt again.
            if let books = books(session) { steps.append(.books(books, now)) }
        case .impossibleUpdate, .fillOfUntracked, .balanceDrift: break
        }
        commands.append(.report(alert))
    }

    /// A session's books as they stand.
    private func books(_ session: SessionID) -> SessionBooks? {
        guard let seat = seats[session], let live = engine.session(session) else { return nil }
        return SessionBooks(
            instanceID: seat.instanceID, run: seat.run, base: live.holdings.base, quote: live.holdings.quote,
            account: live.account, bestProfit: live.bestProfit)
    }
}

extension AccountEvent {
    /// What an event does to the stored order; nil when that is nothing, or a fill or a refusal, which are stored as such.
    var orderUpdate: OrderUpdate? {
        switch self {
        case .accepted: .accepted
        case .cancelled: .cancelled
        case .expired: .expired
        case .outcomeUnknown: .outcomeLost
        case .notFound: .neverExisted
        case .rejected, .filled, .cancelRejected, .reappeared: nil
        }
    }
}
