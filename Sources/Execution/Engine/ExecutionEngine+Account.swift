import Strategies
public import TradingCore

/// What the account's stream tells, and what to do when it tells nothing.
extension ExecutionEngine {
    /// Takes an event about one of our orders in. Events about orders that this engine never made are ignored: they
    /// belong to somebody else.
    public mutating func handle(_ event: AccountEvent, _ book: borrowing OrderBook, now: Timestamp) {
        // That no answer came is our own connector's word, not the exchange's.
        if case .outcomeUnknown = event {} else { health.lastAccountData = now }
        let id = event.orderID
        guard let index = sessionIndex(of: id) else { return }
        if case .filled(let fill) = event {
            handleFill(fill, index, book, now)
            return
        }
        guard let position = table[index].index(of: id) else {
            // What was given up for refused or gone rests after all: nobody may leave it there.
            if case .accepted = event, !table[index].ended.contains(id) {
                actions.append(.cancel(id))
            }
            return
        }
        switch event {
        case .accepted:
            table[index].killSwitch.accepted()
            table[index].unservedCount = 0
            update(index, position, .accepted, now)
        case .rejected(_, let reason):
            guard update(index, position, .rejected, now) else { return }
            let retry = self.retry(index, reason, now)
            table[index].nextDecision = min(table[index].nextDecision, retry)
            if let halt = table[index].killSwitch.rejected(reason) { self.halt(index, halt, now) }
        case .cancelled: update(index, position, .cancelled, now)
        case .expired: update(index, position, .expired, now)
        case .notFound: update(index, position, .neverExisted, now)
        case .outcomeUnknown: outcomeLost(index, position, now)
        case .cancelRejected(_, .refused):
            update(index, position, .cancelRefused, now)
        case .cancelRejected(_, .unknownOrder):
            // Filled, gone, or not there yet: only its status tells. Nothing is freed before.
            query(index, id, now)
        // Whoever placed it anew was no session: the driver takes it off.
        case .filled, .reappeared: break
        }
        if table[index].awaitsCancel, table[index].phase == .running { decide(index, book, now) }
        finishStopping(index, now)
    }

    /// - Returns: false when the table of transitions has no such step; nothing is changed then.
    @discardableResult
    private mutating func update(_ index: Int, _ position: Int, _ update: OrderUpdate, _ now: Timestamp) -> Bool {
        guard let (status, queries) = table[index].live[position].answered(update) else {
            let order = table[index].live[position]
            actions.append(.alert(.impossibleUpdate(order.id, order.status, update)))
            return false
        }
        if status.isFinal {
            // What was only said never to have been, or refused, may show itself after all: then it is one to cancel.
            if update != .neverExisted, update != .rejected {
                table[index].ended.note(table[index].live[position])
            }
            table[index].releaseRemainder(position, instrument.unit)
            table[index].live.remove(at: position)
        } else if update == .cancelRefused || update == .accepted && status == .cancelling && queries > 0 {
            // Refused, or, asked after a cancel went unanswered, still there.
            cancelFailed(index, position, now)
        } else if update == .accepted, status == .open, shallLeave(index) {
            cancel(index, position, now)
        }
        return true
    }

    /// A request about an order got no answer. An order that is known to rest loses nothing by it; any other is asked
    /// about, once until that answer too is overdue; and whether a cancel was carried out or not, another does no harm.
    private mutating func outcomeLost(_ index: Int, _ position: Int, _ now: Timestamp) {
        let order = table[index].live[position]
        guard order.status != .open, table[index].live[position].apply(.outcomeLost) else { return }
        if order.queries == 0 { query(index, order.id, now) }
        if order.status == .cancelling { cancelLost(index, position, now) }
    }

    /// Nothing of the session may rest any more.
    private func shallLeave(_ index: Int) -> Bool {
        table[index].phase != .running || state(index) == .halted
    }

    // MARK: - Fills

    private mutating func handleFill(_ fill: Fill, _ index: Int, _ book: borrowing OrderBook, _ now: Timestamp) {
        let position = table[index].index(of: fill.orderID)
        // Numbers of orders are used by others too where an exchange marks them by nothing else.
        let bounds = position.map { table[index].live[$0].bounds } ?? table[index].ended.bounds(of: fill.orderID)
        let mismatch = (bounds ?? .unknown(fill.side)).mismatch(fill, instrument.unit)
        if case .side = mismatch { return actions.append(.alert(.mismatchedFill(fill))) }
        guard !table[index].fills.contains(fill) else { return }
        guard mismatch == nil else { return actions.append(.alert(.mismatchedFill(fill))) }
        table[index].fills.note(fill)
        table[index].settle(fill, instrument.unit)
        let mid = doubleMidOfFill ?? book.doubleMid
        table[index].account.book(fill, doubleMid: mid, unit: instrument.unit, otherFeePrice: otherFeePrice)
        bookedFills.append(BookedFill(session: table[index].id, fill: fill, doubleMid: mid, bookedAt: now))
        if let position {
            fillTracked(index, position, fill, now)
        } else {
            table[index].ended.filled(fill)
            actions.append(.alert(.fillOfUntracked(fill.orderID)))
        }
        keepReducing(index, now)
        if table[index].decidesOnFills || table[index].awaitsCancel { decide(index, book, now) }
        finishStopping(index, now)
    }

    private mutating func fillTracked(_ index: Int, _ position: Int, _ fill: Fill, _ now: Timestamp) {
        let before = table[index].live[position]
        let lots = min(fill.quantity.lots, before.remaining.lots)
        table[index].release(before, lots: lots, instrument.unit)
        table[index].live[position].filled.lots += fill.quantity.lots
        let order = table[index].live[position]
        _ = table[index].live[position].apply(order.remaining == .zero ? .filled : .partlyFilled)
        if order.remaining == .zero {
            table[index].live.remove(at: position)
            table[index].ended.note(order)
        }
        let situation = self.situation(index, now)
        table[index].strategy.filled(fill, of: order.asOwnOrder, situation: situation)
    }

    /// When orders are tried again. An exchange that serves nobody, or does not take the key, is not helped by being asked often: after a
    /// second, then twice as long each time, up to half a minute, whatever the market does meanwhile.
    private mutating func retry(_ index: Int, _ reason: RejectReason, _ now: Timestamp) -> Timestamp {
        var waits = reason == .unavailable
        if case .key = reason { waits = true }
        guard waits else { return now.advanced(byNanoseconds: 250 * Nanoseconds.perMillisecond) }
        // Orders of one decision are refused together.
        if now >= table[index].placesNotBefore {
            let wait = min(Nanoseconds.seconds(30), Nanoseconds.perSecond << Int64(min(table[index].unservedCount, 5)))
            table[index].unservedCount += 1
            table[index].placesNotBefore = now.advanced(byNanoseconds: wait)
        }
        return table[index].placesNotBefore
    }

    // MARK: - Missing answers

    /// Turns overdue answers into questions, and sends cancels that had to wait.
    mutating func chaseAnswers(_ index: Int, _ now: Timestamp) {
        table[index].nextAnswerDue = .distantFuture
        for position in table[index].live.indices {
            let order = table[index].live[position]
            if order.status == .open, !order.cancelIsWanted, order.queries == 0 { continue }
            if order.answerDueAt > now {
                table[index].nextAnswerDue = min(table[index].nextAnswerDue, order.answerDueAt)
                continue
            }
            if order.cancelIsWanted {
                cancel(index, position, now)
                continue
            }
            if order.status != .open { _ = table[index].live[position].apply(.outcomeLost) }
            query(index, order.id, now)
            if order.status == .cancelling { cancelLost(index, position, now) }
        }
        if table[index].phase == .verifying { askForOpenOrders(index, now) }
    }

    /// Asks what became of an order; again later, each time after twice as long, up to a minute.
    mutating func query(_ index: Int, _ id: ClientOrderID, _ now: Timestamp) {
        actions.append(.query(id))
        guard let position = table[index].index(of: id) else { return }
        let queries = table[index].live[position].queries
        let wait = min(Nanoseconds.seconds(60), Nanoseconds.perSecond << Int64(min(queries, 6)))
        let due = now.advanced(byNanoseconds: wait)
        table[index].live[position].queries = queries + 1
        table[index].live[position].answerDueAt = due
        table[index].nextAnswerDue = min(table[index].nextAnswerDue, due)
    }

    // MARK: - Stopping, and proving it

    @inline(__always)
    mutating func finishStopping(_ index: Int, _ now: Timestamp) {
        if table[index].phase == .stopping, table[index].live.isEmpty { verify(index, now) }
    }

    @inline(never)
    private mutating func verify(_ index: Int, _ now: Timestamp) {
        table[index].phase = .verifying
        askForOpenOrders(index, now)
    }

    private mutating func askForOpenOrders(_ index: Int, _ now: Timestamp) {
        actions.append(.listOpenOrders(table[index].id))
        table[index].nextAnswerDue = now.advanced(
            byNanoseconds: table[index].configuration.limits.answerTimeoutNanoseconds)
    }

    /// The exchange's list of open orders on the account and instrument, everybody's.
    ///
    /// Orders of a session's own making that it did not know to be open are taken back into its care and cancelled,
    /// unless they have ended since; foreign ones are never touched. Tracked orders that are missing are asked about one
    /// by one.
    public mutating func openOrdersListed(
        _ listed: [ListedOrder], for session: SessionID, _ book: borrowing OrderBook, now: Timestamp
    ) {
        guard let index = table.firstIndex(of: session) else { return }
        let own = listed.filter { table[index].made($0.id) }
        var isOutdated = false
        for order in own where table[index].index(of: order.id) == nil {
            if table[index].ended.contains(order.id) { isOutdated = true } else { adopt(order, index, now) }
        }
        for order in table[index].orders
        where order.status == .open && !own.contains(where: { $0.id == order.id }) {
            query(index, order.id, now)
        }
        guard table[index].phase == .verifying || table[index].phase == .stopped else { return }
        if table[index].live.isEmpty {
            // A list older than the end of an order proves nothing; the next one is on its way.
            if isOutdated || table[index].phase == .stopped { return }
            table[index].phase = .stopped
            table[index].nextAnswerDue = .distantFuture
            actions.append(.alert(.stopped(session)))
        } else {
            table[index].phase = .stopping
        }
    }

    private mutating func adopt(_ listed: ListedOrder, _ index: Int, _ now: Timestamp) {
        var order = TrackedOrder(
            id: listed.id, side: listed.side, level: .max, price: listed.price, quantity: listed.remaining,
            isPostOnly: true, createdAt: now, answerDueAt: now)
        order.isAdopted = true
        _ = order.apply(.accepted)
        table[index].reserve(listed.side, listed.price, listed.remaining.lots, instrument.unit)
        table[index].live.append(order)
        cancel(index, table[index].live.count - 1, now)
    }
}

/// An open order as an exchange lists it.
public struct ListedOrder: Hashable, Codable, Sendable {
    public var id: ClientOrderID
    public var side: Side
    public var price: Price
    public var remaining: Quantity

    public init(id: ClientOrderID, side: Side, price: Price, remaining: Quantity) {
        self.id = id
        self.side = side
        self.price = price
        self.remaining = remaining
    }
}
