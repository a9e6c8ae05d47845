import Exchanges
import TradingCore

/// What is known of an account's own orders, and what of it has been told. Pure: words of the exchange in, events out.
///
/// Four rules. A fill is told once, however often it comes. An order's end is told only when all its fills were, so that
/// nobody frees what a late fill still takes. A word that is older than what is known changes nothing. Who replaces an order at
/// the exchange makes another one, which may keep our id: the end of the one says nothing of the other.
struct OrderTracker: Sendable {
    struct Known: Sendable {
        var symbol: Symbol
        /// The exchange's own.
        var exchangeID: String?
        /// Of the orders that it stood for before somebody replaced it, and what they had filled.
        var earlierIDs: [String] = []
        var filledEarlier = FixedDecimal.zero
        var side: Side?
        var price: FixedDecimal?
        var amount: FixedDecimal?
        /// As we placed it; nil where that was before this life.
        var placed: FixedDecimal?
        /// Exchange time of the placing, milliseconds; nil where only the exchange knows it.
        var placedAt: Int64?
        /// The exchange has shown that it exists, or did.
        var isAcknowledged = false
        var isAcceptanceTold = false
        /// Amounts of the fills that were told, by trade.
        var told: [String: FixedDecimal] = [:]
        /// What was filled before we knew of the order, and is for others to ask for; nil: not yet known.
        var filledBefore: FixedDecimal?
        /// The exchange's newest word on what was filled.
        var filled: FixedDecimal?
        /// By the exchange's time.
        var takenBack = TakenBackWait()
        /// How it ended, by the exchange's word.
        var end: OrderState?
        var isEndTold = false
        /// The stream has told of it, and not only the answer to a request.
        var isEndConfirmed = false
        /// A list that was asked for after its end was known shows it open.
        var isEndDoubted = false
        /// Of a placement nobody answered.
        var acceptance: AcceptanceRule?

        init(symbol: Symbol, placedAt: Int64?) {
            self.symbol = symbol
            self.placedAt = placedAt
        }

        /// Fills are missing that the exchange has told of by their sum.
        var lacksFills: Bool {
            guard let filledBefore else { return true }
            return sum(filledBefore) < (filled ?? .zero)
        }

        /// It has ended, and its end waits for fills.
        var owesFills: Bool { end != nil && lacksFills }

        /// What is said of its end may be untrue.
        var isEndInDoubt: Bool { end != nil && (!isEndConfirmed || lacksFills) }

        /// The exchange has told of an end that is none: it rests, and what was filled is what it says now.
        mutating func takeEndBack(_ order: ExchangeOrder) {
            guard isEndDoubted, let state = order.status else { return }
            isEndDoubted = false
            if state.isFinal { return }
            end = nil
            isEndConfirmed = false
            filled = order.filled ?? filledByTrades
            takenBack.beginsAnew()
        }

        /// What is filled, as far as anybody has said.
        var filledSoFar: FixedDecimal { max(filled ?? .zero, sum(filledBefore ?? .zero)) }

        /// What was filled by the trades that are known.
        var filledByTrades: FixedDecimal { sum(filledBefore ?? .zero) }

        private func sum(_ start: FixedDecimal) -> FixedDecimal {
            // lint: ordered because a sum is the same in any order
            told.values.reduce(start) { sum, amount in (try? sum.adding(amount)) ?? sum }
        }
    }

    private(set) var orders: [ClientOrderID: Known] = [:]
    private var byExchangeID: [String: ClientOrderID] = [:]
    private var toldFills: Set<FillKey> = []
    private var fillOrder: [FillKey] = []
    /// Ended orders, oldest first: kept for late words, up to a bound.
    private var ended: [ClientOrderID] = []
    private var foreign: Set<String> = []

    private struct FillKey: Hashable {
        var symbol: Symbol
        var trade: String
        var order: ClientOrderID
    }

    static let endedKept = 5_000
    static let fillsKept = 20_000

    // MARK: - Ours

    mutating func placing(_ id: ClientOrderID, _ order: OrderPlacement, at exchangeTime: Int64) {
        var known = Known(symbol: order.symbol, placedAt: exchangeTime)
        known.side = order.side
        known.price = order.price
        known.amount = order.amount
        known.placed = order.amount
        known.filledBefore = .zero
        orders[id] = known
    }

    /// Nobody answered the placement.
    mutating func unanswered(_ id: ClientOrderID, _ rule: AcceptanceRule) {
        guard var known = orders[id], !known.isAcknowledged, known.end == nil else { return }
        known.acceptance = rule
        orders[id] = known
    }

    /// It surely never was, or was refused.
    mutating func neverWas(_ id: ClientOrderID) {
        guard orders[id]?.isAcknowledged == false else { return }
        forget(id)
    }

    /// Something else than the connector knows of it: a look-up is to find it.
    mutating func note(_ id: ClientOrderID, _ symbol: Symbol) {
        if orders[id] == nil { orders[id] = Known(symbol: symbol, placedAt: nil) }
    }

    mutating func lookedUp(_ id: ClientOrderID, _ finding: AcceptanceRule.Finding, sentAt: Int64, _ clock: ClockOffset)
    {
        orders[id]?.acceptance?.lookedUp(finding, sentAt: sentAt, clock)
    }

    mutating func setAcceptance(_ rule: AcceptanceRule, of id: ClientOrderID) { orders[id]?.acceptance = rule }

    // MARK: - The exchange's words

    /// Whose order an exchange's id is; nil when that is not known.
    func id(exchangeID: String?) -> ClientOrderID? { exchangeID.flatMap { byExchangeID[$0] } }

    func isForeign(exchangeID: String) -> Bool { foreign.contains(exchangeID) }

    mutating func noteForeign(exchangeID: String) {
        if foreign.count > 20_000 { foreign.removeAll() }
        foreign.insert(exchangeID)
    }

    /// The first of the exchange's orders under our id; another one than it takes its place by ``replace(_:by:)`` alone.
    mutating func bind(_ id: ClientOrderID, exchangeID: String?) {
        guard let exchangeID, orders[id] != nil else { return }
        if orders[id]?.exchangeID == nil { orders[id]?.exchangeID = exchangeID }
        byExchangeID[exchangeID] = id
    }

    /// Another order of the exchange's bears our id: somebody has replaced ours there.
    /// - Returns: nil where the word is of one that was replaced, or tells of none that rests or has traded.
    private func replace(_ known: Known, by order: ExchangeOrder) -> Known? {
        guard let mine = known.exchangeID, let word = order.id, word != mine else { return known }
        let isOver = order.status?.isFinal ?? true
        guard !known.earlierIDs.contains(word), !isOver || order.filled?.isPositive == true else { return nil }
        var known = known
        known.earlierIDs.append(mine)
        known.exchangeID = word
        known.filledEarlier = known.filled ?? .zero
        known.filledBefore = known.filledBefore ?? .zero
        if !isOver { (known.end, known.isEndConfirmed) = (nil, false) }
        return known
    }

    /// An order's state, from whatever source.
    /// - Parameter isAnswer: somebody asked, so that it is told again though it was told before.
    mutating func heard(
        _ order: ExchangeOrder, _ id: ClientOrderID, at exchangeTime: Int64, isAnswer: Bool = false
    ) -> [AccountEvent] {
        guard let symbol = order.symbol ?? orders[id]?.symbol else { return [] }
        let before = orders[id] ?? Known(symbol: symbol, placedAt: order.createdAt ?? exchangeTime)
        guard var known = replace(before, by: order) else { return [] }
        let order = order.counted(from: known.filledEarlier)
        if isAnswer { known.takeEndBack(order) }
        if let createdAt = order.createdAt, known.isAcknowledged == false { known.placedAt = createdAt }
        known.side = order.side ?? known.side
        known.price = order.price ?? known.price
        known.amount = order.amount ?? known.amount
        if let filled = order.filled, filled > known.filled ?? .zero {
            known.filled = filled
            // What is told anew has not been taken back for so long.
            known.takenBack.beginsAnew()
        }
        // What was filled before we knew of the order is for others to ask for.
        if known.filledBefore == nil, !isAnswer { known.filledBefore = order.filled }
        let wasEnded = known.end != nil
        if let state = order.status, state.isFinal, known.end == nil { known.end = state }
        if order.status == .closed, known.filled == nil { known.filled = known.amount }
        if case .rejected? = order.status {
        } else {
            known.isAcknowledged = true
            known.acceptance?.seen()
        }
        // It had ended by all that was told, and rests.
        let reappears = before.isEndTold && before.end != nil && known.end == nil
        if reappears {
            known.isEndTold = false
            ended.removeAll { $0 == id }
        }
        orders[id] = known
        bind(id, exchangeID: order.id)
        var events: [AccountEvent] = reappears ? [.reappeared(id)] : []
        if known.end == nil, !wasEnded, order.status != nil || order.id != nil, !known.isAcceptanceTold || isAnswer {
            orders[id]?.isAcceptanceTold = true
            events.append(.accepted(id))
        }
        return events + endEvents(id, isAnswer: isAnswer)
    }

    /// A list of open orders shows one that had ended before the list was asked for.
    /// - Returns: whether the exchange is to be asked about it: its answer decides (``Known/takeEndBack(_:)``). An exchange that says of a cancel
    ///   that it was carried out, and leaves the order where it is, would otherwise leave it there for good.
    mutating func doubtsEnd(of id: ClientOrderID, _ order: ExchangeOrder) -> Bool {
        guard let known = orders[id], known.end != nil, order.status?.isFinal == false,
            order.id == nil || order.id == known.exchangeID
        else { return false }
        orders[id]?.isEndDoubted = true
        return true
    }

    /// The stream tells of the end, too.
    mutating func endIsConfirmed(_ id: ClientOrderID) {
        if orders[id]?.end != nil { orders[id]?.isEndConfirmed = true }
    }

    /// Of a market.
    func endedOrders(_ symbol: Symbol) -> Set<ClientOrderID> {
        Set(orders.filter { $0.value.symbol == symbol && $0.value.end != nil }.keys)
    }

    /// A fill of ours.
    /// - Parameter isAnswer: told again even if it was told before.
    mutating func heard(
        _ fill: Fill, trade: String, amount: FixedDecimal, _ symbol: Symbol, isAnswer: Bool = false
    ) -> [AccountEvent] {
        let id = fill.orderID
        let key = FillKey(symbol: symbol, trade: trade, order: id)
        guard toldFills.insert(key).inserted else { return isAnswer ? [.filled(fill)] : [] }
        fillOrder.append(key)
        if fillOrder.count > Self.fillsKept { toldFills.remove(fillOrder.removeFirst()) }
        note(id, symbol)
        orders[id]?.isAcknowledged = true
        orders[id]?.acceptance?.seen()
        orders[id]?.told[trade] = amount
        return [.filled(fill)] + endEvents(id, isAnswer: false)
    }

    /// The exchange's word on an order that has ended, after all its trades were asked for: where both have shown less filled for a
    /// minute than it had told once, the end waits for a fill that will never come.
    /// - Returns: how much it has taken back; nil while nothing.
    mutating func shown(_ order: ExchangeOrder, _ id: ClientOrderID, at exchangeTime: Int64) -> FixedDecimal? {
        guard let known = orders[id], order.id == nil || order.id == known.exchangeID else { return nil }
        let shown = order.counted(from: known.filledEarlier).filled
        guard known.owesFills, order.status?.isFinal == true, let shown, shown == known.filledByTrades,
            let missing = try? (known.filled ?? .zero).subtracting(shown), missing.isPositive
        else {
            orders[id]?.takenBack.beginsAnew()
            return nil
        }
        guard orders[id]?.takenBack.isOver(at: exchangeTime) == true else { return nil }
        orders[id]?.filled = shown
        // Told as traded to its end, which it was not: by its fills alone it would never end.
        if known.end == .closed, known.amount.map({ shown < $0 }) ?? true {
            orders[id]?.end = order.status == .closed ? .cancelled : order.status
        }
        return missing
    }

    /// All fills of an order that there are by now have been told.
    mutating func hasToldAll(_ id: ClientOrderID) { orders[id]?.filledBefore = .zero }

    /// The exchange has forgotten the order: it is on no book, and all that it filled has been told.
    mutating func isGone(_ id: ClientOrderID) -> [AccountEvent] {
        guard orders[id] != nil else { return [] }
        orders[id]?.filledBefore = .zero
        orders[id]?.filled = nil
        if orders[id]?.end == nil { orders[id]?.end = .cancelled }
        return endEvents(id, isAnswer: true)
    }

    /// What an end says once its fills are told.
    mutating func endEvents(_ id: ClientOrderID, isAnswer: Bool) -> [AccountEvent] {
        guard let known = orders[id], let end = known.end, !known.lacksFills, !known.isEndTold || isAnswer else {
            return []
        }
        if !known.isEndTold {
            orders[id]?.isEndTold = true
            ended.append(id)
            while ended.count > Self.endedKept { forget(ended.removeFirst()) }
        }
        switch end {
        // Whoever placed it sees it end by its fills; one that was made smaller at the exchange, by a person or to keep it from trading with
        // another of the account's, would never end so.
        case .closed: return known.placed.map { known.filledByTrades >= $0 } == true ? [] : [.cancelled(id)]
        case .cancelled: return [.cancelled(id)]
        case .expired: return [.expired(id, .immediateRemainder)]
        case .rejected: return [known.isAcceptanceTold ? .cancelled(id) : .rejected(id, .other)]
        case .open, .cancelling, .expiring, .other: return []
        }
    }

    private mutating func forget(_ id: ClientOrderID) {
        for exchangeID in [orders[id]?.exchangeID].compactMap(\.self) + (orders[id]?.earlierIDs ?? []) {
            byExchangeID[exchangeID] = nil
        }
        orders[id] = nil
    }

    // MARK: - Looking

    /// Orders that rest, or may, as far as is known, on a market.
    func live(_ symbol: Symbol) -> [ClientOrderID] {
        orders.filter { $0.value.symbol == symbol && $0.value.end == nil }.map(\.key).sorted()
    }

    /// Whether anything of ours rests, or may, on any market.
    var hasLive: Bool { orders.contains { $0.value.end == nil } }

    /// Price times what remains, summed by quote asset.
    var exposure: [AssetID: FixedDecimal] {
        var sums: [AssetID: FixedDecimal] = [:]
        // lint: ordered because a sum is the same in any order
        for known in orders.values where known.end == nil {
            guard let price = known.price, let amount = known.amount,
                let rest = try? amount.subtracting(known.filledSoFar), rest.isPositive
            else { continue }
            // More than can be counted is stated as the most there is, never as nothing.
            let most = FixedDecimal(raw: .max)
            let value = (try? price.multiplied(by: rest, rounding: .up)) ?? most
            sums[known.symbol.quote] = (try? (sums[known.symbol.quote] ?? .zero).adding(value)) ?? most
        }
        return sums
    }
}

extension ExchangeOrder {
    /// With what orders before it had filled under the same id of ours.
    fileprivate func counted(from earlier: FixedDecimal) -> ExchangeOrder {
        guard earlier.isPositive else { return self }
        var order = self
        order.filled = filled.map { (try? $0.adding(earlier)) ?? $0 }
        order.amount = amount.map { (try? $0.adding(earlier)) ?? $0 }
        return order
    }
}
