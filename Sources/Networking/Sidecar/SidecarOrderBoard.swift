import Exchanges
import Execution
import TradingCore

/// What we know of our orders on one instrument, and what follows from what the exchange tells. Pure.
///
/// Fills come from the account's list of trades alone, whose times, ids and fees are whole; an order that shows more filled
/// than was told makes the list due. An order's end is told only when all of its fills are.
struct SidecarOrderBoard: Sendable {
    struct Entry: Sendable {
        var exchangeID: String?
        /// Nil for an order of an earlier life whose price nobody has told.
        var price: Price?
        var quantity: Quantity
        /// It trades at once what it can, or is gone: it must not rest.
        var isMomentary = false
        /// When it was last taken off for resting all the same.
        var takenOffAt = Timestamp.distantPast
        /// When its placement left; for an order of an earlier life, when we first heard of it.
        var placedAt: Timestamp
        /// It was placed in this life: ``placedAt`` is when.
        var isPlacedHere = false
        /// The placement's answer is still to come.
        var isInFlight = false
        var wantsCancel = false
        var isAccepted = false
        /// Lots that the exchange says are filled.
        var filled: Int64 = 0
        /// How it ended, to be told after its fills.
        var end: AccountEvent?
        /// When it was last asked about since it ended.
        var askedAt = Timestamp.distantPast
        /// By our clock.
        var takenBack = TakenBackWait()
        var failedLookUps = 0
        var lastLookUp = Timestamp.distantPast
    }

    let instrument: Instrument
    var unit: BookUnit { instrument.unit }
    private(set) var entries: [ClientOrderID: Entry] = [:]
    /// Whose orders the exchange's ids are; nil: somebody else's.
    private var owners = RecentValues<String, ClientOrderID?>(limit: 100_000)
    /// By trade and order: where two orders of ours trade with each other, both fills bear one id.
    private var toldTrades = RecentValues<[UInt64], Bool>(limit: 100_000)
    /// Lots of the fills told, by order that has not ended.
    private var told: [ClientOrderID: Int64] = [:]
    /// How much was ordered with those whose end was told, or needs no telling.
    private var finished = RecentValues<ClientOrderID, Quantity>(limit: 20_000)
    var ended: Set<ClientOrderID> { finished.keySet }
    /// Of those, what the last list of open orders held, and whether that was told.
    private var listedAgain: [ClientOrderID: Bool] = [:]

    init(_ instrument: Instrument) { self.instrument = instrument }

    // MARK: - Placing

    mutating func placing(_ request: OrderRequest, now: Timestamp) {
        entries[request.id] = Entry(
            price: request.price, quantity: request.quantity,
            isMomentary: request.type == .market || request.timeInForce != .goodTillCancelled, placedAt: now,
            isPlacedHere: true, isInFlight: true)
    }

    /// - Returns: whether a cancel has waited for this.
    mutating func placed(_ id: ClientOrderID) -> Bool {
        entries[id]?.isInFlight = false
        defer { entries[id]?.wantsCancel = false }
        return entries[id]?.wantsCancel ?? false
    }

    mutating func forget(_ id: ClientOrderID) { entries[id] = nil }

    /// - Returns: false where the placement is still on its way: the cancel follows it.
    mutating func mayCancel(_ id: ClientOrderID) -> Bool {
        guard entries[id]?.isInFlight == true else { return true }
        entries[id]?.wantsCancel = true
        return false
    }

    // MARK: - Reports

    /// Takes in what the exchange says of one of our orders.
    /// - Returns: what is to be told now.
    mutating func report(
        _ order: ExchangeOrder, _ id: ClientOrderID, now: Timestamp
    ) throws(UnreadableAnswer) -> [AccountEvent] {
        if let exchangeID = order.id { owners.note(exchangeID, id) }
        if finished.contains(id) { return [] }
        // One that was only asked for in vain before is known by nothing but its id.
        let known = entries[id].flatMap { $0.quantity == .zero ? nil : $0 }
        var quantity = known?.quantity ?? .zero
        if known == nil { quantity = Quantity(lots: try lots(order.amount, "amount")) }
        var entry = known ?? Entry(quantity: quantity, placedAt: SidecarOrderBoard.began(order, now))
        entry.exchangeID = order.id ?? entry.exchangeID
        if entry.price == nil { entry.price = try? Price(ticks: ticks(order.price, "price")) }
        if let filled = order.filled, case let lots = try lots(filled, "filled"), lots > entry.filled {
            entry.filled = lots
            // What is told anew has not been taken back for so long.
            entry.takenBack.beginsAnew()
        }
        entry.failedLookUps = 0
        if entry.end == nil { entry.takenBack.beginsAnew() }
        var events: [AccountEvent] = []
        if entry.end == nil, let end = end(of: order, id, entry) {
            entry.end = end
            entry.askedAt = now
        } else if !entry.isAccepted, entry.end == nil {
            events.append(.accepted(id))
        }
        entry.isAccepted = true
        entries[id] = entry
        return events + settle(id)
    }

    /// An answer to a placement may hold nothing but the order's id: it was accepted, no more is known.
    mutating func accepted(_ id: ClientOrderID, exchangeID: String?) -> [AccountEvent] {
        if let exchangeID {
            entries[id]?.exchangeID = exchangeID
            owners.note(exchangeID, id)
        }
        guard entries[id]?.isAccepted == false else { return [] }
        entries[id]?.isAccepted = true
        return [.accepted(id)]
    }

    private func end(of order: ExchangeOrder, _ id: ClientOrderID, _ entry: Entry) -> AccountEvent? {
        switch order.status {
        case .cancelled: return .cancelled(id)
        case .rejected: return entry.filled == 0 && told[id] == nil ? .rejected(id, .other) : .cancelled(id)
        case .expired: return .expired(id, .immediateRemainder)
        case .closed: return .expired(id, .immediateRemainder)
        case .open, .cancelling, .expiring, .other, nil: return nil
        }
    }

    /// Tells an end whose fills are all told. What is filled whole needs no other end than its last fill.
    private mutating func settle(_ id: ClientOrderID) -> [AccountEvent] {
        guard let entry = entries[id] else { return [] }
        let told = told[id] ?? 0
        if told >= entry.quantity.lots {
            finish(id)
            return []
        }
        guard let end = entry.end, told >= entry.filled else { return [] }
        finish(id)
        return [end]
    }

    private mutating func finish(_ id: ClientOrderID) {
        finished.note(id, entries[id]?.quantity ?? .zero)
        entries[id] = nil
        told[id] = nil
    }

    /// Of an order that somebody else's life placed: as old as the exchange says, a day old where it does not.
    private static func began(_ order: ExchangeOrder, _ now: Timestamp) -> Timestamp {
        guard let created = order.createdAt else { return now.advanced(byNanoseconds: -Nanoseconds.perDay) }
        return min(
            now,
            Timestamp(nanoseconds: created.multipliedReportingOverflow(by: Nanoseconds.perMillisecond).partialValue))
    }

    /// What of ours rests, or may, in quote: the most that can trade while nobody watches.
    var exposure: FixedDecimal {
        // lint: ordered because a sum is the same in any order
        entries.values.reduce(.zero) { sum, entry in
            let rest = Quantity(lots: max(0, entry.quantity.lots - entry.filled))
            guard let price = entry.price, rest.lots > 0 else { return sum }
            // More than can be counted is stated as the most there is, never as nothing.
            let value = try? unit.decimal(price).multiplied(by: unit.decimal(rest), rounding: .up)
            return value.flatMap { try? sum.adding($0) } ?? FixedDecimal(raw: .max)
        }
    }

    // MARK: - Orders that must not rest

    /// Nanoseconds between two cancels of an order that must not rest.
    private static let takenOffAgainAfter = Nanoseconds.seconds(2)

    /// Whether the exchange is to be asked at once what became of an order that it has accepted.
    func mayOutstay(_ id: ClientOrderID) -> Bool { entries[id].map { $0.isMomentary && $0.end == nil } ?? false }

    /// - Parameter order: from a list or a look-up: what answers a placement shows an order as it was before it traded.
    /// - Returns: whether it rests although it must not, and is to be cancelled now: the exchange, or ccxt, has dropped what it was to be.
    mutating func outstays(_ order: ExchangeOrder, _ id: ClientOrderID, now: Timestamp) -> Bool {
        guard let entry = entries[id], entry.isMomentary, !entry.isInFlight, entry.end == nil, order.status == .open,
            now.nanoseconds(since: entry.takenOffAt) >= Self.takenOffAgainAfter
        else { return false }
        entries[id]?.takenOffAt = now
        return true
    }

    // MARK: - Fills

    /// Whether the list of trades has something that was not told.
    var needsFills: Bool { entries.contains { (told[$0.key] ?? 0) < $0.value.filled } }

    /// Since when: a little before the oldest order that misses some.
    var fillsSince: Timestamp? {
        entries.filter { (told[$0.key] ?? 0) < $0.value.filled }.map(\.value.placedAt).min()
            .map { $0.advanced(byNanoseconds: -Nanoseconds.seconds(60)) }
    }

    /// Of these orders of the exchange's, whose owners are not known.
    func unknownOwners(_ trades: [ExchangeTrade]) -> [String] {
        Set(trades.compactMap(\.orderID).filter { !owners.contains($0) }).sorted()
    }

    mutating func learn(_ exchangeID: String, _ owner: ClientOrderID?) { owners.note(exchangeID, owner) }

    func owner(_ trade: ExchangeTrade) -> ClientOrderID? { trade.orderID.flatMap { owners[$0] ?? nil } }

    /// - Parameter isAgain: whether what was told is told again.
    mutating func filled(_ fills: [Fill], isAgain: Bool = false) -> [AccountEvent] {
        var events: [AccountEvent] = []
        for fill in fills {
            let isNew = toldTrades.note([fill.tradeID, fill.orderID.rawValue], true)
            if isNew || isAgain { events.append(.filled(fill)) }
            guard isNew, !finished.contains(fill.orderID) else { continue }
            told[fill.orderID, default: 0] += fill.quantity.lots
            entries[fill.orderID]?.isAccepted = true
            // Others may follow.
            entries[fill.orderID]?.takenBack.beginsAnew()
            events += settle(fill.orderID)
        }
        return events
    }

    // MARK: - Fills that are taken back

    /// Nanoseconds between two questions about an order that has ended and lacks fills.
    private static let askedAgainAfter = Nanoseconds.seconds(10)

    /// Orders that have ended, lack fills, and are to be asked about now: each now and then.
    mutating func owing(now: Timestamp) -> [ClientOrderID] {
        let due = entries.filter { id, entry in
            entry.end != nil && (told[id] ?? 0) < entry.filled
                && now.nanoseconds(since: entry.askedAt) >= Self.askedAgainAfter
        }.keys.sorted()
        for id in due { entries[id]?.askedAt = now }
        return due
    }

    /// The exchange's word on an order that has ended, after all its trades were asked for: where both have shown less filled for a
    /// minute than it had told once, the end waits for a fill that will never come.
    /// - Returns: how much it has taken back, nil while nothing, and what is to be told now.
    mutating func shown(
        _ order: ExchangeOrder, _ id: ClientOrderID, now: Timestamp
    ) throws(UnreadableAnswer) -> (missing: FixedDecimal?, events: [AccountEvent]) {
        guard let entry = entries[id], entry.end != nil else { return (nil, []) }
        let isOver = end(of: order, id, entry) != nil
        guard isOver, let filled = order.filled, case let shown = try lots(filled, "filled"),
            shown == told[id] ?? 0, shown < entry.filled
        else {
            entries[id]?.takenBack.beginsAnew()
            return (nil, [])
        }
        guard entries[id]?.takenBack.isOver(at: now.nanoseconds / Nanoseconds.perMillisecond) == true else {
            return (nil, [])
        }
        entries[id]?.filled = shown
        return (unit.decimal(Quantity(lots: entry.filled - shown)), settle(id))
    }

    /// The exchange knows no order any more that has ended and lacks fills, and all its trades were asked for: after a minute of it, in which
    /// it was asked more than once, it ends with what was booked.
    /// - Returns: what it lacks, nil while it is waited for, and what is to be told now.
    mutating func forgotten(_ id: ClientOrderID, now: Timestamp) -> (missing: FixedDecimal?, events: [AccountEvent]) {
        let told = told[id] ?? 0
        guard let entry = entries[id], entry.end != nil, told < entry.filled,
            entries[id]?.takenBack.isOver(at: now.nanoseconds / Nanoseconds.perMillisecond) == true
        else { return (nil, []) }
        entries[id]?.filled = told
        return (unit.decimal(Quantity(lots: entry.filled - told)), settle(id))
    }

    /// Whether an order has ended, and its end waits for fills.
    func owes(_ id: ClientOrderID) -> Bool { entries[id]?.end != nil }

    // MARK: - Questions about one order

    /// What a question about an order is answered with, after its fills: its present state, where that is whole.
    /// - Parameter fills: all of its fills that there are.
    func answer(
        _ order: ExchangeOrder, _ id: ClientOrderID, _ fills: [Fill]
    ) throws(UnreadableAnswer) -> [AccountEvent] {
        let filled = try order.filled.map { value throws(UnreadableAnswer) in try lots(value, "filled") } ?? 0
        // What was told once is owed, too, until it counts as taken back.
        let owed = max(filled, entries[id]?.filled ?? 0)
        let listed = fills.reduce(0) { $0 + $1.quantity.lots }
        // Some tell of a single order no more how much was ordered.
        let ordered = order.amount == nil ? entries[id]?.quantity ?? finished[id] : nil
        let quantity = if let ordered { ordered.lots } else { try lots(order.amount, "amount") }
        var entry = Entry(quantity: Quantity(lots: quantity), placedAt: .distantPast)
        entry.filled = max(filled, listed)
        guard let end = end(of: order, id, entry) else { return [.accepted(id)] }
        // Fills are on their way into the list of trades: whoever asked will ask again.
        if listed < owed || listed >= quantity { return [] }
        return [end]
    }

    // MARK: - Orders that are not listed

    /// Our orders that a list of open ones, asked for at `askedAt`, does not hold although it should.
    func missing(from listed: Set<ClientOrderID>, askedAt: Timestamp) -> [ClientOrderID] {
        entries.filter { id, entry in
            !entry.isInFlight && entry.end == nil && entry.placedAt < askedAt && !listed.contains(id)
        }.keys.sorted()
    }

    /// Orders that had ended and rest all the same: somebody has replaced them at the exchange under our ids. Exchanges show what has
    /// just ended for a moment, so two lists in a row must hold them.
    /// - Parameters:
    ///   - listed: a list of what is open.
    ///   - endedBefore: what had ended when it was asked for.
    /// - Returns: those to be told, each once.
    mutating func reappeared(
        in listed: Set<ClientOrderID>, endedBefore: Set<ClientOrderID>
    ) -> [AccountEvent] {
        let before = listedAgain
        listedAgain = [:]
        var events: [AccountEvent] = []
        for id in listed.intersection(endedBefore).sorted() {
            listedAgain[id] = before[id] != nil
            if before[id] == false { events.append(.reappeared(id)) }
        }
        return events
    }

    /// A look-up found nothing, and no trade of the order is told.
    /// - Returns: whether that proves that there is no such order: asked twice, some time apart, both after the placement could last be
    ///   carried out. Of one that was accepted once more: what has just ended may be in no list for a moment.
    mutating func notFound(_ id: ClientOrderID, askedAt: Timestamp, window: Int64, firstHeard: Timestamp) -> Bool {
        var entry = entries[id] ?? Entry(quantity: .zero, placedAt: firstHeard)
        guard askedAt.nanoseconds(since: entry.placedAt) > window else { return false }
        if askedAt.nanoseconds(since: entry.lastLookUp) >= AcceptanceRule.apart * Nanoseconds.perMillisecond {
            entry.failedLookUps += 1
            entry.lastLookUp = askedAt
        }
        let isProven = entry.failedLookUps >= AcceptanceRule.lookUpsNeeded + (entry.isAccepted ? 1 : 0)
        entries[id] = isProven ? nil : entry
        return isProven
    }

    /// A look-up found nothing of an order that has traded in part: after a minute in which nothing more of it was told, it has ended.
    mutating func vanished(_ id: ClientOrderID, now: Timestamp) -> [AccountEvent] {
        guard let filled = told[id], entries[id] != nil, entries[id]?.end == nil,
            entries[id]?.takenBack.isOver(at: now.nanoseconds / Nanoseconds.perMillisecond) == true
        else { return [] }
        entries[id]?.filled = filled
        entries[id]?.end = .cancelled(id)
        return settle(id)
    }

    // MARK: - Units

    func lots(_ value: FixedDecimal?, _ name: String) throws(UnreadableAnswer) -> Int64 {
        guard let value, value.isMultiple(of: unit.quantity),
            let lots = try? value.count(of: unit.quantity, rounding: .down),
            lots >= 0
        else {
            throw UnreadableAnswer(
                name, expected: "a multiple of \(unit.quantity)", found: value.map { "\($0)" } ?? "nothing")
        }
        return lots
    }

    func ticks(_ value: FixedDecimal?, _ name: String) throws(UnreadableAnswer) -> Int64 {
        guard let value, value.isMultiple(of: unit.price), let ticks = try? value.count(of: unit.price, rounding: .down)
        else {
            throw UnreadableAnswer(
                name, expected: "a multiple of \(unit.price)", found: value.map { "\($0)" } ?? "nothing")
        }
        return ticks
    }

    /// - Throws: for a trade without id, time, price or amount.
    func fill(_ trade: ExchangeTrade, _ order: ClientOrderID) throws(UnreadableAnswer) -> Fill {
        guard let id = trade.id, let time = trade.time, let side = trade.side else {
            throw UnreadableAnswer("trade", expected: "id, time and side", found: "\(trade.id ?? "none")")
        }
        let fee = try? OrderTranslation.fee(trade, instrument)
        return Fill(
            tradeID: SidecarTradeID.number(time: time, id: id), orderID: order, side: side,
            price: Price(ticks: try ticks(trade.price, "price")),
            quantity: Quantity(lots: try lots(trade.amount, "amount")), liquidity: trade.liquidity ?? .taker,
            fee: fee?.cost ?? .zero, feeAsset: fee?.asset ?? .quote,
            time: Timestamp(nanoseconds: time &* Nanoseconds.perMillisecond))
    }

    /// Fees that the instrument has no name for: of those, ccxt's exchanges are too many to know all. They show in the
    /// account's balances alone.
    /// - Returns: what to tell of it; nil where the fee is booked.
    func unbookedFee(_ trade: ExchangeTrade) -> String? {
        do {
            _ = try OrderTranslation.fee(trade, instrument)
            return nil
        } catch { return "\(error)" }
    }
}
