public import Strategies
public import TradingCore

/// What a session was before the process that ran it ended, as stored and as the exchange has confirmed since.
public struct RestoredSession: Sendable {
    /// Orders that the exchange says are open. They keep their place in the queue when the strategy still wants them.
    public var orders: [RestoredOrder]
    public var account: PositionAccount
    /// The latest fills that ``account`` and the configuration's funds hold already; told again, they are passed over.
    public var fills: [Fill]
    /// The best profit so far, which drawdown is measured from; nil where there was none.
    public var bestProfit: FixedDecimal?
    public var state: TradingState
    public var haltReason: HaltReason?
    /// It was being stopped.
    public var isStopping: Bool

    public init(
        orders: [RestoredOrder] = [], account: PositionAccount = PositionAccount(), fills: [Fill] = [],
        bestProfit: FixedDecimal? = nil, state: TradingState = .active, haltReason: HaltReason? = nil,
        isStopping: Bool = false
    ) {
        self.orders = orders
        self.account = account
        self.fills = fills
        self.bestProfit = bestProfit
        self.state = state
        self.haltReason = haltReason
        self.isStopping = isStopping
    }
}

/// An order that was live when the process ended, with what was stored about it and what the exchange said since.
public struct RestoredOrder: Hashable, Sendable {
    /// What the exchange, asked after the restart, knows of it.
    public enum Presence: Hashable, Sendable {
        case open
        /// It knows nothing of it yet, but the request may still be on its way: to be asked again at the time.
        case inDoubt(until: Timestamp)
    }

    public var id: ClientOrderID
    public var presence: Presence
    public var side: Side
    public var level: UInt8
    public var price: Price
    public var quantity: Quantity
    public var filled: Quantity
    public var isPostOnly: Bool
    public var createdAt: Timestamp

    public init(
        id: ClientOrderID, presence: Presence, side: Side, level: UInt8, price: Price, quantity: Quantity,
        filled: Quantity, isPostOnly: Bool, createdAt: Timestamp
    ) {
        self.id = id
        self.presence = presence
        self.side = side
        self.level = level
        self.price = price
        self.quantity = quantity
        self.filled = filled
        self.isPostOnly = isPostOnly
        self.createdAt = createdAt
    }
}

/// Taking up what an earlier process left, and giving up what is done.
extension ExecutionEngine {
    /// Puts a session back to work where it stood. One that was being stopped goes on being stopped; one whose state is
    /// halted takes its orders off the book.
    public mutating func add(
        _ configuration: SessionConfiguration, strategy: any Strategy, restoring restored: RestoredSession,
        _ book: borrowing OrderBook, now: Timestamp
    ) {
        add(configuration, strategy: strategy, now: now)
        let index = table.count - 1
        table[index].account = restored.account
        for fill in restored.fills where !table[index].fills.contains(fill) { table[index].fills.note(fill) }
        table[index].killSwitch.resume(bestProfit: restored.bestProfit)
        table[index].state = restored.state
        table[index].haltReason = restored.haltReason
        for order in restored.orders { restore(order, index, now) }
        table[index].awaitsFirstDataUntil = now.advanced(byNanoseconds: Nanoseconds.seconds(5))
        if restored.isStopping {
            stop(configuration.session, now: now)
        } else if state(index) == .halted {
            pull(index, now)
        }
    }

    private mutating func restore(_ stored: RestoredOrder, _ index: Int, _ now: Timestamp) {
        var order = TrackedOrder(
            id: stored.id, side: stored.side, level: stored.level, price: stored.price, quantity: stored.quantity,
            isPostOnly: stored.isPostOnly, createdAt: stored.createdAt, answerDueAt: now)
        order.filled = stored.filled
        switch stored.presence {
        case .open: _ = order.apply(.accepted)
        case .inDoubt(let until):
            _ = order.apply(.outcomeLost)
            order.answerDueAt = until
            table[index].nextAnswerDue = min(table[index].nextAnswerDue, until)
        }
        table[index].reserve(stored.side, stored.price, order.remaining.lots, instrument.unit)
        table[index].live.append(order)
        table[index].nextHealthCheck = now
    }

    /// Forgets a stopped session, so that its key can start again.
    /// - Returns: false, with nothing changed, when it is not stopped.
    @discardableResult
    public mutating func remove(_ id: SessionID) -> Bool {
        guard let index = table.firstIndex(of: id), table[index].phase == .stopped else { return false }
        table.remove(at: index)
        sessionsChanged()
        return true
    }

    /// The store takes nothing, or takes again: without it no order may be made, so none may rest either.
    public mutating func storageChanged(isAvailable: Bool, now: Timestamp) {
        health.storageIsAvailable = isAvailable
        resumeOrPull(isAvailable, now)
    }

    /// The account's own stream broke, or all it may have missed has been asked for (H32).
    public mutating func accountChanged(isReconciled: Bool, now: Timestamp) {
        health.accountIsReconciled = isReconciled
        resumeOrPull(isReconciled, now)
    }

    private mutating func resumeOrPull(_ isWell: Bool, _ now: Timestamp) {
        for index in table.indices {
            if isWell {
                if table[index].phase == .running { table[index].nextDecision = now }
            } else if !table[index].keepsOrders {
                pull(index, now)
            }
        }
    }

    /// The strictest of what binds a session; halted for one that is not here.
    public func effectiveState(of id: SessionID) -> TradingState {
        for index in table.indices where table[index].id == id { return state(index) }
        return .halted
    }

    /// One session as it stands, copied.
    public func session(_ id: SessionID) -> TradingSession? {
        table.firstIndex(of: id).map { table[$0].detached }
    }

    /// Something of ours may rest at the exchange.
    public var hasLiveOrders: Bool { table.indices.contains { !table[$0].live.isEmpty } }

    /// Live orders of all sessions, and how many of them may or may not exist.
    public var liveOrderCounts: (all: Int, inDoubt: Int) {
        var counts = (all: 0, inDoubt: 0)
        for index in table.indices {
            counts.all += table[index].live.count
            for order in table[index].live.indices where table[index].live[order].isInDoubt { counts.inDoubt += 1 }
        }
        return counts
    }

    /// Of orders that rest still, as far as is known, though their first cancel left so long ago: how many, and since when.
    public func overdueCancels(at now: Timestamp, after nanoseconds: Int64) -> (count: Int, since: Timestamp)? {
        var (count, first) = (0, now)
        for index in table.indices {
            for order in table[index].live.indices {
                guard let since = table[index].live[order].leavesSince, now.nanoseconds(since: since) >= nanoseconds
                else { continue }
                count += 1
                first = min(first, since)
            }
        }
        return count == 0 ? nil : (count, first)
    }

    /// A live order by its id.
    public func order(_ id: ClientOrderID) -> TrackedOrder? {
        guard let index = sessionIndex(of: id) else { return nil }
        return table[index].index(of: id).map { table[index].live[$0] }
    }

    /// Asks the exchange about every live order of every session, as after a break of the account's stream.
    public mutating func queryLiveOrders(now: Timestamp) {
        for index in table.indices {
            for id in table[index].live.array.map(\.id) { query(index, id, now) }
        }
    }
}
