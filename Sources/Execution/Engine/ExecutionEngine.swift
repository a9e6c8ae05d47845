public import Strategies
public import TradingCore

/// Event in, actions out: everything decided for one account on one instrument, whatever number of sessions share it.
///
/// Synchronous, deterministic, without I/O or clock. The driver applies what happened, passes the book as it stands, and
/// carries out ``actions``. Order of work on every event: account for it, ask strategies whose time has come, turn the
/// difference between wanted quotes and live orders into the fewest cancels and places, let the risk gate judge each.
public struct ExecutionEngine: ~Copyable {
    public let instrument: Instrument
    public let rules: OrderRules
    public var health = AccountHealth()
    /// For the end of the process, see ``suspend(now:)``.
    var isSuspended = false
    /// The sessions as they stand, copied: for whoever looks from outside, not for every event.
    public var sessions: [TradingSession] { table.snapshot }
    var table = SessionTable()
    /// What is to be done outside, in order. The driver empties it.
    public var actions: [ExecutionAction] = []
    /// Fills booked since the driver last took them.
    public var bookedFills: [BookedFill] = []
    public var lastTradePrice: Price?
    public var externalPrice: ExternalPrice?
    /// Twice the mid in ticks when the fill that is about to be told happened, where the driver knows it; nil takes the
    /// book's at the time of telling.
    public var doubleMidOfFill: Int64?
    /// Whether the book shows our own orders, as an exchange's public feed does.
    public let bookShowsOwnOrders: Bool
    let otherFeePrice: FixedDecimal?
    /// The last mid seen, for the collar on a one-sided book.
    var lastDoubleMid: Int64 = 0
    /// Scratch for one decision.
    var wanted = WantedQuotes()
    var satisfied: [Bool] = []
    private(set) var watchesMarket = false
    private let inPlace = InPlace()

    /// - Throws: ``InstrumentError`` when the instrument's rules do not fit its units.
    public init(instrument: Instrument, bookShowsOwnOrders: Bool) throws(InstrumentError) {
        let rules = try OrderRules(instrument)
        self.instrument = instrument
        self.rules = rules
        self.bookShowsOwnOrders = bookShowsOwnOrders
        if case .third(_, let price, _) = instrument.fees.payment { otherFeePrice = price } else { otherFeePrice = nil }
    }

    /// Puts a session to work. Its first decision comes with the next event.
    public mutating func add(_ configuration: SessionConfiguration, strategy: any Strategy, now: Timestamp) {
        precondition(table.firstIndex(of: configuration.session) == nil, "a session runs once")
        table.append(
            TradingSession(configuration, strategy: strategy, now: now), RiskGate(configuration.limits, rules: rules))
        sessionsChanged()
    }

    mutating func sessionsChanged() {
        watchesMarket = table.indices.contains { table[$0].watchesMarket }
    }

    /// Whether there is no session at all.
    public var isEmpty: Bool { table.count == 0 }

    /// When ``wake(_:now:)`` is due at the latest.
    public var nextWake: Timestamp {
        var next = Timestamp.distantFuture
        for index in table.indices {
            next = min(next, table[index].nextAnswerDue)
            if table[index].phase == .running {
                next = min(next, min(table[index].nextDecision, table[index].nextHealthCheck))
            }
        }
        return next
    }

    // MARK: - Events

    /// The book changed: one whole message of the feed has been applied to it.
    @inline(__always)
    public mutating func marketChanged(_ book: borrowing OrderBook, now: Timestamp) {
        health.lastMarketData = now
        if watchesMarket { letStrategiesLook(book, now) }
    }

    /// Updates of the market are missing: every quote is taken off until a snapshot heals it.
    public mutating func marketLost(now: Timestamp) {
        health.marketIsTrusted = false
        for index in table.indices where !table[index].keepsOrders { pull(index, now) }
    }

    public mutating func marketRecovered(now: Timestamp) {
        health.marketIsTrusted = true
        health.lastMarketData = now
        for index in table.indices where table[index].phase == .running { table[index].nextDecision = now }
    }

    /// A time named by ``nextWake`` has come.
    public mutating func wake(_ book: borrowing OrderBook, now: Timestamp) {
        for index in table.indices {
            if table[index].nextAnswerDue <= now { chaseAnswers(index, now) }
            guard table[index].phase == .running else { continue }
            if table[index].nextHealthCheck <= now { checkHealth(index, book, now) }
            if table[index].nextDecision <= now { decide(index, book, now) }
        }
    }

    @inline(never)
    private mutating func letStrategiesLook(_ book: borrowing OrderBook, _ now: Timestamp) {
        for index in table.indices where table[index].watchesMarket && table[index].phase == .running {
            if table[index].strategy.wantsDecision(book, now: now) { decide(index, book, now) }
        }
    }

    // MARK: - Commands

    /// Ends a session: no new orders from here on, everything of its own cancelled, and stopped only when the exchange
    /// has confirmed that nothing of it is open.
    public mutating func stop(_ id: SessionID, now: Timestamp) {
        guard let index = table.firstIndex(of: id), table[index].phase == .running else { return }
        table[index].phase = .stopping
        pull(index, now)
        finishStopping(index, now)
    }

    /// Sets what a session may do. Halting takes everything off the book.
    /// - Parameter commandedAt: a laxer state takes time to be stored: one that was commanded before the session halted itself does not
    ///   lift that halt, of which whoever commanded could not know. It is told once more, so that it is stored last. nil: just now.
    public mutating func setState(
        _ state: TradingState, of id: SessionID, reason: HaltReason?, commandedAt: Timestamp? = nil, now: Timestamp
    ) {
        guard let index = table.firstIndex(of: id) else { return }
        if state != .halted {
            if let halt = table[index].ownHalt, let commandedAt, commandedAt < halt.at {
                actions.append(.alert(.halted(id, halt.reason)))
                return
            }
            if table[index].state == .halted { table[index].killSwitch.arm() }
            table[index].ownHalt = nil
        }
        table[index].state = state
        table[index].haltReason = state == .halted ? reason : nil
        enforceState(index, now)
    }

    /// Halts a session for a reason that whoever calls has stored already.
    public mutating func halt(_ id: SessionID, reason: HaltReason, now: Timestamp) {
        guard let index = table.firstIndex(of: id) else { return }
        table[index].state = .halted
        table[index].haltReason = reason
        table[index].ownHalt = OwnHalt(reason: reason, at: now)
        enforceState(index, now)
    }

    /// Sets what the whole account may do, or the server (``AccountHealth/serverState``).
    public mutating func setState(server: TradingState? = nil, account: TradingState? = nil, now: Timestamp) {
        if let server { health.serverState = server }
        if let account { health.accountState = account }
        for index in table.indices { enforceState(index, now) }
    }

    private mutating func enforceState(_ index: Int, _ now: Timestamp) {
        if state(index) == .halted {
            pull(index, now)
        } else {
            keepReducing(index, now)
            table[index].nextDecision = now
        }
    }

    /// The strictest of server, account and session.
    func state(_ index: Int) -> TradingState {
        if isSuspended, !table[index].keepsOrders { return .halted }
        // Two at a time: `max` of three makes an array for the rest that there might be.
        return max(max(health.serverState, health.accountState), table[index].state)
    }

    /// Why none of the running sessions may quote on the data at hand; nil when one may, or none runs.
    public func staleness(at now: Timestamp) -> RiskRefusal? {
        var reason: RiskRefusal?
        for index in table.indices where table[index].phase == .running {
            guard let blockage = health.blockage(table[index].dataLimits, at: now) else { return nil }
            reason = reason ?? blockage
        }
        return reason
    }

    /// The server asked for the account's balances and got them, nothing being in flight.
    /// - Parameter tolerance: how far, in either asset, they may differ from what is booked.
    public mutating func balancesReported(base: FixedDecimal, quote: FixedDecimal, tolerance: FixedDecimal) {
        var booked = (Int128(0), Int128(0))
        for index in table.indices { booked = (booked.0 + table[index].base, booked.1 + table[index].quote) }
        let drifts = [
            (FeeAsset.base, base.raw - booked.0), (FeeAsset.quote, quote.raw - booked.1),
        ].filter { $0.1.magnitude > tolerance.raw.magnitude }
        health.hasBalanceDrift = !drifts.isEmpty
        for (asset, _) in drifts { actions.append(.alert(.balanceDrift(asset))) }
    }
}

/// A fill that has been booked, with the market at that moment.
public struct BookedFill: Hashable, Sendable {
    public var session: SessionID
    public var fill: Fill
    /// Twice the mid in ticks when it was learned of; nil when there was none.
    public var doubleMid: Int64?
    public var bookedAt: Timestamp
}
