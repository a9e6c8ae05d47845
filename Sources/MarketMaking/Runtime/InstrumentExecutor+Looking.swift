import Exchanges
import Execution
import Persistence
import Scheduling
import Strategies
import TradingCore

/// What an executor shows of itself, and putting a fresh session to work.
extension InstrumentExecutor {
    /// - Parameter known: what an operator has set last, maybe not stored yet.
    func begin(
        _ row: StrategyInstanceStore.Row, _ plan: SessionPlan, _ books: SessionBooks, known: TradingStateEntry?
    ) async throws {
        // What a kill switch has set is in the store alone, and only an operator takes it back.
        let (numbers, entry) = try await database.read { [installation] transaction in
            (
                try SessionNumberStore(transaction: transaction, installation: installation).numbers(
                    of: row.instance.id),
                try TradingStateStore(transaction: transaction).all().first {
                    $0.scope == .session(row.instance.key.description)
                }
            )
        }
        let set = TradingStateEntry.newer(entry, known)
        guard !hosts(row.instance.id) else { return }
        guard let numbers else { throw DeskError.notReady("\(row.instance.key) was stopped before it began") }
        add(
            SessionStart(
                seat: SessionSeat(row, numbers.current.session),
                configuration: plan.configuration(installation, numbers, books),
                strategy: try plan.strategy(instrument),
                restored: RestoredSession(state: set?.state ?? .active, haltReason: set?.haltReason)))
    }

    var lastPrice: FixedDecimal? { core.lastPrice }

    /// How long a reader waits for a market that was only just subscribed to.
    private static var firstDataNanoseconds: Int64 { Nanoseconds.seconds(2) }

    /// The book, once the market has told anything.
    /// - Returns: nil when it does not in time.
    func firstBookView(limit: Int) async -> OrderBookView? {
        await isSoon { core.engine.health.lastMarketData != .distantPast } ? bookView(limit: limit) : nil
    }

    /// Whether what happened to the account is known, in a moment if not now: a new account's stream is on its way to say so.
    func knowsOwnOrdersSoon() async -> Bool { await isSoon { core.engine.health.accountIsReconciled } }

    /// Looks for as long as the first data of a place may take to come.
    private func isSoon(_ isSo: () -> Bool) async -> Bool {
        let deadline = time.now().advanced(byNanoseconds: Self.firstDataNanoseconds)
        while !isSo() {
            guard time.now() < deadline else { return false }
            try? await time.sleep(until: time.now().advanced(byNanoseconds: 2 * Nanoseconds.perMillisecond))
        }
        return true
    }

    /// - Parameter limit: levels of each side.
    func bookView(limit: Int) -> OrderBookView {
        if let view = bookViews[limit], view.version == core.marketVersion { return view }
        let unit = instrument.unit
        func levels(_ side: Side) -> [OrderBookView.Level] {
            core.book.levels(side, limit: limit).map {
                OrderBookView.Level(price: unit.decimal($0.price), quantity: unit.decimal($0.quantity))
            }
        }
        let view = OrderBookView(
            exchange: place.exchange.rawValue, symbol: place.symbol.description, bids: levels(.buy),
            asks: levels(.sell).reversed(), time: core.engine.health.lastMarketData, version: core.marketVersion)
        // Readers ask for few different depths; whoever tries them all starts anew.
        if bookViews.count >= 16 { bookViews.removeAll() }
        bookViews[limit] = view
        return view
    }

    var health: DeskHealth.Executor {
        let counts = core.engine.liveOrderCounts
        let last = core.engine.health.lastMarketData
        var health = DeskHealth.Executor(
            name: place.description, sessionCount: core.seats.count, openOrderCount: counts.all,
            unknownOrderCount: counts.inDoubt,
            lastMarketData: last == .distantPast ? nil : last, isTrusted: core.engine.health.marketIsTrusted,
            decisions: decisions, placements: placements)
        health.refusedFillCount = refusedFills.count
        return health
    }

    /// What is not known to be off the book; nil when nothing of it is open.
    /// - Parameter key: of one session; nil: of all, and of those that no session looks after.
    func notOff(ofKey key: String? = nil) -> String? {
        var count = core.engine.liveOrderCounts.all + strays.count
        if let key {
            // lint: ordered because one seat at most is a key's
            let session = core.seats.first { "\($0.value.key)" == key }?.key
            count = session.flatMap { core.engine.session($0) }?.orders.count ?? 0
        }
        if count == 0 { return nil }
        return
            "\(count) orders on \(place.symbol) are not known to be off the book: \(silence ?? overdue ?? "their cancels are under way")"
    }

    /// Nobody quotes here, nothing of ours can be open, and everything is stored.
    var isIdle: Bool {
        core.seats.values.allSatisfy { $0.key.type == .direct } && !core.engine.hasLiveOrders && strays.isEmpty
            && core.steps.isEmpty && !isStoring
    }

    var fault: String? {
        if let storageFault { return "storage: \(storageFault)" }
        let waited = storingSince.map { time.now().nanoseconds(since: $0) } ?? 0
        return waited > Self.grace ? "storage: nothing could be stored for \(waited / Nanoseconds.perSecond) s" : nil
    }

    /// All that is told of how it fares. In one go: each question would wake a thread, and find another moment.
    var shown: (health: DeskHealth.Executor, faults: [String], silence: String?) {
        (health, [fault, unattended, overdue].compactMap(\.self), silence)
    }

    /// An exchange that takes longer to cancel is not well, whatever else it answers.
    private static var cancelPatience: Int64 { Nanoseconds.seconds(5) }

    /// Orders that nobody gets off the book; nil when there are none.
    private var overdue: String? {
        let now = time.now()
        return core.engine.overdueCancels(at: now, after: Self.cancelPatience).map { count, since in
            "\(count) orders rest, as far as is known, though their cancels were sent \(now.nanoseconds(since: since) / Nanoseconds.perSecond) s ago: they are sent again every two seconds"
        }
    }

    /// A market or stream that heals within this is no news.
    private static var grace: Int64 { Nanoseconds.seconds(2) }

    /// What the exchange does not tell though somebody trades here; nil when all is well.
    var silence: String? {
        guard !core.seats.isEmpty else { return nil }
        let (now, health) = (time.now(), core.engine.health)
        func lasts(_ since: Timestamp?) -> Bool { since.map { now.nanoseconds(since: $0) > Self.grace } ?? false }
        if lasts(accountLostAt) { return "the account's stream is lost" }
        if let recoveryFault { return "what the account missed could not be asked for: \(recoveryFault)" }
        if health.lastMarketData == .distantPast {
            return lasts(startedAt) ? "the market has told nothing yet" : nil
        }
        if lasts(core.marketLostAt) { return "market data are incomplete" }
        if core.marketLostAt != nil || accountLostAt != nil || storageFault != nil { return nil }
        // A store that cannot be written is no exchange's fault, and told by itself.
        guard let staleness = core.engine.staleness(at: now), staleness != .storageUnavailable else { return nil }
        return "data are too old: \(staleness.code)"
    }

    /// A session as it stands; nil when it is not at work here.
    func inspect(_ instance: StrategyInstance) -> StrategyInspection? {
        guard let session = session(of: instance.id), let live = core.engine.session(session) else { return nil }
        let unit = instrument.unit
        let books = SessionBooks(
            instanceID: instance.id, run: 0, base: live.holdings.base, quote: live.holdings.quote,
            account: live.account, bestProfit: nil)
        let realized = books.realizedPnL(instrument)
        let profit = core.book.doubleMid.map { live.account.profit(doubleMark: $0, unit: unit) }
        return StrategyInspection(
            instance: instance, state: core.engine.effectiveState(of: session), reason: reason(live),
            base: live.holdings.base,
            quote: live.holdings.quote, position: unit.decimal(live.account.position), realizedPnL: realized,
            unrealizedPnL: profit.map { FixedDecimal(raw: $0.raw.saturatingSubtract(realized.raw)) },
            orderCount: live.orderCount,
            fillCount: live.account.fillCount,
            openOrders: live.orders.map { order in
                StrategyInspection.OpenOrder(
                    clientOrderID: "\(order.id)", side: order.side, price: unit.decimal(order.price),
                    quantity: unit.decimal(order.quantity), filled: unit.decimal(order.filled),
                    status: order.status.storedName)
            }, markout1sBasisPoints: core.markouts[session]?.basisPoints ?? 0)
    }

    private func reason(_ session: TradingSession) -> String? {
        if let halt = session.haltReason { return halt.code }
        if session.phase != .running { return "\(session.phase)" }
        if let hold = session.lastHold { return "\(hold)" }
        guard session.restIsTooSmall, core.engine.effectiveState(of: session.id) == .reducing else { return nil }
        return "the position that is left is below the exchange's smallest order"
    }
}
