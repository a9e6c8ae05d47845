public import TradingCore

/// Measures one session as it trades: equity, drawdown, inventory, uptime, markouts, and curves for a picture.
///
/// Sums that are money are exact; statistics are doubles. Memory is bounded whatever the length of the run.
public struct PerformanceRecorder: Sendable {
    /// Seconds after a fill at which its price is compared with the mid.
    public static let markoutHorizons: [Int64] = [1, 10, 60]

    public let session: SessionID
    private let unit: BookUnit
    private let startBase: FixedDecimal
    private let startQuote: FixedDecimal

    public private(set) var markouts = PerformanceRecorder.markoutHorizons.map {
        Markout(horizonNanoseconds: Nanoseconds.seconds($0))
    }
    public private(set) var curve = PerformanceCurve()
    public private(set) var maximumDrawdown = FixedDecimal.zero
    private var bestEquity: Int128?
    private var nextSample = Timestamp.distantFuture
    private var startedAt: Timestamp?
    private var endedAt: Timestamp?

    private var inventorySince = Timestamp.distantPast
    private var inventoryLots: Int64 = 0
    private var squaredInventory = 0.0
    private var twoSidedSince: Timestamp?
    private var twoSidedNanoseconds: Int64 = 0

    public init(session: SessionID, unit: BookUnit, base: FixedDecimal, quote: FixedDecimal) {
        self.session = session
        self.unit = unit
        startBase = base
        startQuote = quote
    }

    /// When ``measure(at:doubleMid:_:)`` is due.
    public var nextDue: Timestamp {
        var next = nextSample
        for markout in markouts { next = min(next, markout.nextDue) }
        return next
    }

    mutating func begin(at now: Timestamp) {
        startedAt = now
        inventorySince = now
        nextSample = now
    }

    mutating func filled(_ booked: BookedFill) {
        guard booked.session == session else { return }
        accrueInventory(to: booked.bookedAt)
        inventoryLots += booked.fill.side.sign * booked.fill.quantity.lots
        for index in markouts.indices { markouts[index].add(booked) }
        curve.add(booked)
    }

    mutating func quotesChanged(_ sessions: borrowing SessionTable, at now: Timestamp) {
        var (bid, ask) = (false, false)
        for index in sessions.indices where sessions[index].id == session {
            for position in sessions[index].live.indices where sessions[index].live[position].status == .open {
                if sessions[index].live[position].side == .buy { bid = true } else { ask = true }
            }
        }
        if bid, ask {
            twoSidedSince = twoSidedSince ?? now
        } else if let since = twoSidedSince {
            twoSidedNanoseconds += now.nanoseconds(since: since)
            twoSidedSince = nil
        }
    }

    mutating func measure(at now: Timestamp, doubleMid: Int64?, _ sessions: borrowing SessionTable) {
        for index in markouts.indices { markouts[index].settle(until: now, doubleMid: doubleMid) }
        guard now >= nextSample else { return }
        nextSample = now.advanced(byNanoseconds: Nanoseconds.perSecond)
        sample(at: now, doubleMid, sessions)
    }

    mutating func end(at now: Timestamp, doubleMid: Int64?, _ sessions: borrowing SessionTable) {
        for index in markouts.indices { markouts[index].settle(until: now, doubleMid: doubleMid) }
        sample(at: now, doubleMid, sessions)
        accrueInventory(to: now)
        if let since = twoSidedSince {
            twoSidedNanoseconds += now.nanoseconds(since: since)
            twoSidedSince = now
        }
        endedAt = now
    }

    private mutating func sample(at now: Timestamp, _ doubleMid: Int64?, _ sessions: borrowing SessionTable) {
        guard let doubleMid, let index = sessions.firstIndex(of: session) else { return }
        let session = sessions[index]
        let profit = session.account.profit(doubleMark: doubleMid, unit: unit)
        let hold = holdEquity(doubleMid)
        let equity = hold.raw + profit.raw
        bestEquity = max(bestEquity ?? equity, equity)
        maximumDrawdown = max(maximumDrawdown, FixedDecimal(raw: (bestEquity ?? equity) - equity))
        var point = PerformanceCurve.Point(
            time: now, doubleMid: doubleMid, profit: profit,
            drawdown: FixedDecimal(raw: (bestEquity ?? equity) - equity), position: session.account.position,
            spreadCaptured: spreadCaptured(session.account),
            markouts: markouts.map { $0.value(unit) })
        for order in session.orders where order.status == .open {
            if order.side == .buy { point.bid = max(point.bid ?? order.price, order.price) }
            if order.side == .sell { point.ask = min(point.ask ?? order.price, order.price) }
        }
        curve.add(point)
    }

    private mutating func accrueInventory(to now: Timestamp) {
        let seconds = Double(max(0, now.nanoseconds(since: inventorySince))) / 1e9
        let base = Double(inventoryLots) * unit.quantity.approximateDouble
        squaredInventory += base * base * seconds
        inventorySince = now
    }

    // MARK: - Results

    /// First record to last.
    public var elapsedNanoseconds: Int64 {
        guard let startedAt, let endedAt else { return 0 }
        return endedAt.nanoseconds(since: startedAt)
    }

    /// Root mean square of the base bought or sold on balance, weighted by time.
    public var rmsInventory: Double {
        elapsedNanoseconds > 0 ? (squaredInventory / (Double(elapsedNanoseconds) / 1e9)).squareRoot() : 0
    }

    /// Share of the time with an open order on both sides.
    public var twoSidedUptime: Double {
        elapsedNanoseconds > 0 ? Double(twoSidedNanoseconds) / Double(elapsedNanoseconds) : 0
    }

    /// What the starting balances would be worth had nothing been traded.
    public func holdEquity(_ doubleMid: Int64) -> FixedDecimal {
        let price = FixedDecimal(raw: unit.price.raw &* Int128(doubleMid) / 2)
        let base = (try? startBase.multiplied(by: price, rounding: .halfEven)) ?? .zero
        return FixedDecimal(raw: base.raw + startQuote.raw)
    }

    /// Quote gained by trading away from the mid.
    public func spreadCaptured(_ account: PositionAccount) -> FixedDecimal {
        FixedDecimal(raw: account.halfSpreadCaptured &* unit.notional.raw / 2)
    }
}
