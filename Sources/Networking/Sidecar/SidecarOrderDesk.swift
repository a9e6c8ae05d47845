import Exchanges
import Execution
import Logging
import Scheduling
import Synchronization
import TradingCore

/// One account's orders on one instrument: requests out, events in. Streams say when to look; the lists are what counts.
final class SidecarOrderDesk: Sendable {
    struct State {
        var board: SidecarOrderBoard
        /// When orders of earlier lives were placed, as far as the store has said.
        var earlier = RecentValues<ClientOrderID, Timestamp>(limit: 100_000)
        /// Of placements on their way.
        var turns: [ClientOrderID: SidecarTurn] = [:]
        var sinks: [Int: @Sendable (AccountUpdate) -> Void] = [:]
        var next = 0
        var work: Task<Void, Never>?
        /// Raised when there is something to look for; one for each life of the work, which alone waits for it.
        var news = Signal()
        var streams: [Subscription] = []
        /// Nothing hangs on the stream of orders but how soon a fill is known; whether it tells is told.
        var trust = StreamTrust()
        var isLost = false
        /// Since when looking has failed.
        var failingSince: Timestamp?
        var areFillsDue = false
        /// Orders that are missed in the list and being asked about.
        var asking: Set<ClientOrderID> = []
        /// Trades whose fee could not be booked, which was told.
        var unbookedFees: Set<String> = []
    }

    let account: SidecarAccount
    let instrument: Instrument
    let state: Mutex<State>

    var symbol: Symbol { instrument.id.symbol }
    var time: any TimeSource { account.connector.time }
    var milliseconds: Int64 { time.now().nanoseconds / Nanoseconds.perMillisecond }
    var logger: Logger { account.connector.logger }

    /// Between two looks at the open orders.
    static let interval = Nanoseconds.seconds(2)
    /// Looking that fails for so long counts as a broken stream.
    static let faultLimit = Nanoseconds.seconds(6)

    init(_ account: SidecarAccount, _ instrument: Instrument) {
        self.account = account
        self.instrument = instrument
        state = Mutex(State(board: SidecarOrderBoard(instrument)))
    }

    // MARK: - Who listens

    func subscribe(_ sink: @escaping @Sendable (AccountUpdate) -> Void) -> Subscription {
        let number = state.withLock { state in
            state.next += 1
            state.sinks[state.next] = sink
            return state.next
        }
        startWork()
        return Subscription { [self] in
            let (work, streams) = state.withLock { state -> (Task<Void, Never>?, [Subscription]) in
                state.sinks[number] = nil
                guard state.sinks.isEmpty else { return (nil, []) }
                defer { (state.work, state.streams) = (nil, []) }
                return (state.work, state.streams)
            }
            work?.cancel()
            for stream in streams { stream.cancel() }
        }
    }

    private func startWork() {
        state.withLock { state in
            guard state.work == nil else { return }
            let news = Signal()
            state.news = news
            state.work = Task { [self] in await look(news) }
            state.streams = ["orders", "ownTrades"].map { kind in
                account.connector.client.subscribe(
                    account.session, SidecarConnector.stream(kind, symbol)
                ) { [self] in streamed($0, isOrders: kind == "orders") }
            }
        }
    }

    func tell(_ updates: [AccountUpdate]) {
        guard !updates.isEmpty else { return }
        let sinks = state.withLock { $0.sinks.sorted { $0.key < $1.key }.map(\.value) }
        for update in updates { for sink in sinks { sink(update) } }
    }

    func raiseNews() { state.withLock { $0.news }.raise() }

    func tell(_ events: [AccountEvent]) { tell(events.map(AccountUpdate.event)) }

    // MARK: - Requests

    /// Returns at once.
    func send(_ request: AccountRequest) {
        switch request {
        case .place(let approved): begin(approved.value)
        case .cancel(let id):
            let (isDue, turn) = state.withLock { ($0.board.mayCancel(id), $0.turns[id]) }
            // After a halt nothing may leave that was wanted before it. A placement that has left is cancelled once it is answered.
            if isDue { Task { await cancel(id) } } else if let turn { account.connector.client.withdraw(turn) }
        case .query(let id): Task { await query(id) }
        }
    }

    func begin(_ order: OrderRequest) {
        let now = time.now()
        let turn = SidecarTurn()
        state.withLock { state in
            state.board.placing(order, now: now)
            state.turns[order.id] = turn
        }
        Task { await place(order, turn) }
    }

    private func place(_ order: OrderRequest, _ turn: SidecarTurn) async {
        defer { state.withLock { $0.turns[order.id] = nil } }
        let sentAt = milliseconds
        do {
            let told = try await account.ask("createOrder", placement(order), turn: turn)
            placed(order, told, sentAt: sentAt)
        } catch {
            placed(order, error)
        }
    }

    private func placement(_ order: OrderRequest) -> [JSONValue.Member] {
        var arguments: [JSONValue.Member] = [
            .text("symbol", symbol.description), .text("side", order.side == .buy ? "buy" : "sell"),
            .text("type", order.type == .limit ? "limit" : "market"),
            .text("amount", instrument.unit.decimal(order.quantity).description),
            .text("clientOrderId", account.ids.text(order.id)),
        ]
        if order.type == .limit { arguments.append(.text("price", instrument.unit.decimal(order.price).description)) }
        if order.isPostOnly { arguments.append(.flag("postOnly", true)) }
        switch order.timeInForce {
        case .goodTillCancelled: break
        case .immediateOrCancel: arguments.append(.text("timeInForce", "IOC"))
        case .fillOrKill: arguments.append(.text("timeInForce", "FOK"))
        }
        return arguments
    }

    /// - Parameter sentAt: by our clock, milliseconds.
    func placed(_ order: OrderRequest, _ told: JSONValue, sentAt: Int64) {
        let now = time.now()
        let (events, cancels) = state.withLock { state in
            state.trust.accepted(order.id, sentAt: sentAt, now: milliseconds)
            let cancels = state.board.placed(order.id)
            // The order stands whatever else the answer holds; what cannot be read is asked for.
            var events = state.board.accepted(order.id, exchangeID: told.text("id"))
            if let report = try? UnifiedReading.order(told), report.status != nil {
                events += (try? state.board.report(report, order.id, now: now)) ?? []
            }
            return (events, cancels)
        }
        tell(events)
        raiseNews()
        if cancels {
            Task { await cancel(order.id) }
        } else if state.withLock({ $0.board.mayOutstay(order.id) }) {
            Task { await lookForOutstaying(order.id) }
        }
    }

    private func placed(_ order: OrderRequest, _ failure: SidecarFailure) {
        // An order of the same id exists: what became of it is asked.
        let isRefused = failure.wasNotCarriedOut && failure.name != "DuplicateOrderId"
        let cancels = state.withLock { state in
            let cancels = state.board.placed(order.id)
            if isRefused { state.board.forget(order.id) }
            return cancels
        }
        if failure.name == SidecarFailure.withdrawn.name, isRefused {
            tell([.notFound(order.id)])
            return
        }
        if isRefused {
            logger.notice("order \(order.id) was refused: \(failure)")
            tell([.rejected(order.id, failure.reason)])
            return
        }
        logger.warning("what became of order \(order.id) is unknown: \(failure)")
        tell([.outcomeUnknown(order.id)])
        if cancels { Task { await cancel(order.id) } }
    }

    private func cancel(_ id: ClientOrderID) async {
        do {
            try await askToCancel(id)
            // That it was taken says little: the order's own state does, with what filled meanwhile.
            await query(id)
        } catch {
            logger.debug("cancel of \(id): \(error)")
            switch error.name {
            case "OrderNotFound": tell([.cancelRejected(id, .unknownOrder)])
            // Whether it still rests only its state can tell (H: a failed cancel frees nothing).
            default: await query(id)
            }
        }
    }

    func askToCancel(_ id: ClientOrderID) async throws(SidecarFailure) {
        let exchangeID = state.withLock { $0.board.entries[id]?.exchangeID }
        _ = try await account.ask(
            "cancelOrder",
            [
                .text("symbol", symbol.description), .text("id", exchangeID),
                .text("clientOrderId", account.ids.text(id)),
            ])
    }

    /// Tells every fill of an order again, then its state; nothing where that cannot be learned now.
    func query(_ id: ClientOrderID) async {
        let askedAt = time.now()
        do {
            guard let order = try await lookUp(id) else {
                // One that has ended was there: it is waited for what it filled.
                if state.withLock({ $0.board.owes(id) }) { return try await lookForForgotten(id) }
                return try await lookForTraded(id, askedAt)
            }
            try await tellWhole(order, id)
        } catch { logger.warning("order \(id) could not be looked up: \(error)") }
    }

    /// The exchange knows no such order. One whose trades are told was there all the same; only where none are, there may be none.
    private func lookForTraded(_ id: ClientOrderID, _ askedAt: Timestamp) async throws {
        let placedAt = state.withLock { $0.board.entries[id]?.placedAt ?? $0.earlier[id] } ?? account.startedAt
        let since = placedAt.advanced(byNanoseconds: -Self.lookBack).nanoseconds / Nanoseconds.perMillisecond
        let fills = try await fetchFills(since: since)
        let (booked, isThere) = state.withLock { state in
            (state.board.filled(fills), fills.contains { $0.orderID == id })
        }
        tell(booked)
        if isThere { return tell(state.withLock { $0.board.vanished(id, now: time.now()) }) }
        let isProven = state.withLock { state in
            state.board.notFound(
                id, askedAt: askedAt, window: account.connector.acceptanceWindow, firstHeard: account.startedAt)
        }
        if isProven { tell([.notFound(id)]) }
    }

    /// Since when an order may have filled: as the exchange says, else as we know, else a day ago. Milliseconds since 1970.
    private func began(_ order: ExchangeOrder, _ id: ClientOrderID) -> Int64 {
        if let createdAt = order.createdAt { return createdAt }
        let (entry, earlier) = state.withLock { ($0.board.entries[id], $0.earlier[id]) }
        let placedAt = entry?.isPlacedHere == true ? entry?.placedAt : earlier ?? entry?.placedAt
        return (placedAt ?? time.now().advanced(byNanoseconds: -Nanoseconds.perDay)).nanoseconds
            / Nanoseconds.perMillisecond
    }

    /// - Throws: where its fills cannot be listed, or numbers not be counted.
    func tellWhole(_ order: ExchangeOrder, _ id: ClientOrderID) async throws {
        let now = time.now()
        let (reported, filled) = try state.withLock { state in
            let events = try state.board.report(order, id, now: now)
            return (events, state.board.entries[id]?.filled ?? 0)
        }
        // What the board has taken in is told before anything else can fail: it would not be told again.
        tell(reported)
        var fills: [Fill] = []
        if order.filled.map({ !$0.isZero }) ?? true || filled > 0 {
            fills = try await fetchFills(since: began(order, id) - Self.lookBack / Nanoseconds.perMillisecond).filter {
                $0.orderID == id
            }
        }
        let listed = fills
        tell(state.withLock { $0.board.filled(listed, isAgain: true) })
        let (missing, ends) = try state.withLock { try $0.board.shown(order, id, now: time.now()) }
        if let missing { logger.error("\(TakenBackWait.words(id, missing))") }
        tell(ends.isEmpty ? try state.withLock { try $0.board.answer(order, id, listed) } : ends)
    }
}
