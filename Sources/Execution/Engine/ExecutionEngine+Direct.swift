import Strategies
public import TradingCore

/// One order as a person wants it.
public struct DirectOrder: Hashable, Sendable {
    public var side: Side
    public var price: Price
    public var quantity: Quantity
    public var timeInForce: TimeInForce
    public var isPostOnly: Bool

    public init(
        side: Side, price: Price, quantity: Quantity, timeInForce: TimeInForce = .goodTillCancelled,
        isPostOnly: Bool = false
    ) {
        self.side = side
        self.price = price
        self.quantity = quantity
        self.timeInForce = timeInForce
        self.isPostOnly = isPostOnly
    }
}

/// Funds that a session may use.
public struct SessionFunds: Hashable, Sendable {
    public var base: FixedDecimal
    public var quote: FixedDecimal

    public init(base: FixedDecimal, quote: FixedDecimal) {
        self.base = base
        self.quote = quote
    }
}

/// Orders that no strategy wants but a person: the same gate, the same life, each by itself.
extension ExecutionEngine {
    /// Judges an order of a session that keeps its orders (``SessionConfiguration/keepsOrders``), and places it.
    /// - Parameter free: what the account has free now. It is the session's to use: a person has no share of his own.
    public mutating func place(
        _ order: DirectOrder, in session: SessionID, free: SessionFunds, _ book: borrowing OrderBook, now: Timestamp
    ) -> Result<ClientOrderID, RiskRefusal> {
        guard let index = table.firstIndex(of: session), table[index].phase == .running else {
            return .failure(.tradingHalted)
        }
        if state(index) == .halted { return .failure(.tradingHalted) }
        if let blockage = health.blockage(table[index].dataLimits, at: now) { return .failure(blockage) }
        if let mid = book.doubleMid { lastDoubleMid = mid }
        table[index].base = free.base.raw + table[index].reservedBase
        table[index].quote = free.quote.raw + table[index].reservedQuote
        guard let id = table[index].ids.next() else { return .failure(.orderIDsExhausted) }
        let request = OrderRequest(
            id: id, side: order.side, timeInForce: order.timeInForce, isPostOnly: order.isPostOnly,
            price: order.price, quantity: order.quantity)
        let context = riskContext(index, request, now)
        switch table.gates[index].judge(request, context, budget: &health.budget) {
        case .failure(let refusal):
            table[index].ids.takeBack(id)
            table[index].count(refusal)
            return .failure(refusal)
        case .success(let approved):
            track(approved, index, now)
            return .success(id)
        }
    }

    private mutating func track(_ approved: Approved<OrderRequest>, _ index: Int, _ now: Timestamp) {
        let request = approved.value
        let due = now.advanced(byNanoseconds: table[index].configuration.limits.answerTimeoutNanoseconds)
        table[index].reserve(request.side, request.price, request.quantity.lots, instrument.unit)
        table[index].live.append(
            TrackedOrder(
                id: request.id, side: request.side, level: 0, price: request.price, quantity: request.quantity,
                isPostOnly: request.isPostOnly, createdAt: now, answerDueAt: due))
        table[index].nextAnswerDue = min(table[index].nextAnswerDue, due)
        table[index].orderCount += 1
        actions.append(.place(approved))
    }

    /// Cancels one order of ours, whoever wanted it.
    /// - Returns: false when there is no such live order.
    public mutating func cancel(_ id: ClientOrderID, now: Timestamp) -> Bool {
        for index in table.indices {
            guard let position = table[index].index(of: id) else { continue }
            if !table[index].live[position].isLeaving { cancel(index, position, now) }
            return true
        }
        return false
    }

    /// Takes every quote off for the end of the process. Orders that are kept rest on: nobody would place them anew. No state that is
    /// set and no session that is added afterwards quotes, until ``goOn(now:)``.
    public mutating func suspend(now: Timestamp) {
        isSuspended = true
        for index in table.indices where !table[index].keepsOrders { pull(index, now) }
    }

    /// Takes a ``suspend(now:)`` back.
    public mutating func goOn(now: Timestamp) {
        isSuspended = false
        setState(now: now)
    }

    /// Quotes that may rest at the exchange; orders that are kept do not count.
    public var hasLiveQuotes: Bool {
        table.indices.contains { !table[$0].keepsOrders && !table[$0].live.isEmpty }
    }
}
