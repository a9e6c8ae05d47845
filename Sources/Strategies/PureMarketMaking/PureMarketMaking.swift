public import TradingCore

/// Quotes a ladder on both sides of a reference price and restates it at every refresh.
///
/// What happens on odd books: with nothing but our own orders the last reference stands, so quotes neither vanish nor
/// drift; with one side missing the last reference stands unless the side that is there lies beyond it; a locked book is
/// quoted around its price; a crossed book cannot be true and nothing is shown.
///
/// Between refreshes the reference stands too: a decision that some order's answer calls for restates the same ladder.
/// Only a fill, ``PureMarketMakingParameters/requoteMoveTrillionths`` and the end of a delay move it earlier.
public struct PureMarketMaking: Strategy {
    /// With nothing to quote from, the market is looked at again after so long at the latest.
    private static let longestHold = Nanoseconds.perSecond

    public let parameters: PureMarketMakingParameters
    private let rules: OrderRules
    private let ladder: LadderBuilder
    private let minimumLots: Int64
    /// The refresh time, or the maximum age of an order where that is shorter.
    private let interval: Int64

    /// The last reference: what stands when the market says nothing.
    private var anchor: ReferencePrice?
    /// What the resting quotes were made around; nil when the next decision has to look anew.
    private var quoted: ReferencePrice?
    private var refreshAt = Timestamp.distantPast
    /// Best bid and ask, our own included, at the last look.
    private var seenTouch = SidePair<Int64>(0)
    private var pausedUntil = Timestamp.distantPast
    private var lastFill = SidePair(Timestamp.distantPast)
    private var hanging = HangingOrders()
    /// Of the market's reference, and of the external price.
    private var moves: PriceMoves?
    private var externalMoves: PriceMoves?

    /// - Throws: ``ParameterErrors`` naming what does not fit the instrument.
    public init(_ parameters: PureMarketMakingParameters, instrument: Instrument) throws(ParameterErrors) {
        let rules: OrderRules
        do {
            rules = try OrderRules(instrument)
        } catch {
            throw ParameterErrors([ParameterError(field: "rules", value: "\(instrument.id)", rule: "usable: \(error)")])
        }
        self.parameters = parameters
        self.rules = rules
        ladder = try LadderBuilder(parameters, instrument, rules: rules)
        minimumLots =
            parameters.minimumDepth.map { (try? $0.count(of: instrument.unit.quantity, rounding: .up)) ?? .max } ?? 1
        interval = min(parameters.orderRefreshNanoseconds, parameters.tolerance.maximumAgeNanoseconds ?? .max)
        moves = parameters.suddenMove.map(PriceMoves.init)
        externalMoves = moves
    }

    public var watchesMarket: Bool { parameters.requoteMoveTrillionths != nil || moves != nil }
    public var decidesOnFills: Bool { true }
    public var readsOwnOrders: Bool { true }

    /// The touch may show our own orders and depth that does not count, so it only says when to look; the decision judges.
    public mutating func wantsDecision(_ book: borrowing OrderBook, now: Timestamp) -> Bool {
        guard now >= pausedUntil, book.doubleMid != nil,
            book.bestTicks(.buy) != seenTouch.buy || book.bestTicks(.sell) != seenTouch.sell
        else { return false }
        if moves?.isDue(at: now) == true { return true }
        let least = min(
            parameters.requoteMoveTrillionths ?? .max, parameters.suddenMove?.thresholdTrillionths ?? .max)
        return Side.allCases.contains { side in
            ReferencePrice(Price(ticks: seenTouch[side])).isFurther(
                from: ReferencePrice(Price(ticks: book.bestTicks(side))), thanTrillionths: least)
        }
    }

    public mutating func filled(_ fill: Fill, of order: OwnOrder, situation: borrowing Situation) {
        lastFill[fill.side] = situation.now
        quoted = nil
        if parameters.hangingOrders, order.remaining == .zero { hanging.pairFilled(order, situation.ownOrders) }
    }

    public mutating func decide(
        _ book: borrowing OrderBook, _ situation: borrowing Situation, into wanted: inout WantedQuotes
    ) -> Decision {
        let now = situation.now
        seenTouch.buy = book.bestTicks(.buy)
        seenTouch.sell = book.bestTicks(.sell)
        if now < pausedUntil { return .hold(.suddenMove, next: pausedUntil) }
        let own = situation.bookShowsOwnOrders ? situation.ownOrders : []
        let edge = ForeignTouch(book, without: own, minimumLots: 1)
        if edge.isCrossed { return hold(.crossedBook, now) }
        let touch = minimumLots > 1 ? ForeignTouch(book, without: own, minimumLots: minimumLots) : edge
        let market = marketPrice(touch, situation.lastTradePrice)
        anchor = market ?? anchor.map(touch.held)
        guard let current = parameters.oracleExchange == nil ? anchor : external(situation, touch, market) else {
            return hold(parameters.oracleExchange == nil ? .noReferencePrice : .externalPrice, now)
        }
        if isSudden(current, at: now) { return pause(now) }
        let reference = standing(current, now)
        hanging.drop(situation.ownOrders, furtherFrom: current, than: parameters.hangingOrdersCancelTrillionths)
        wanted.hanging = hanging.ids
        ladder.build(
            reference, Inventory(situation, reference, parameters, rules.unit), market: edge,
            limits: hanging.limits(situation.ownOrders), free: hanging.leaves(situation, rules.unit),
            into: &wanted.quotes)
        let resumes = delay(situation, &wanted)
        if wanted.quotes.isEmpty, wanted.hanging.isEmpty, resumes == nil { return hold(.nothingPlaceable, now) }
        refreshAt = min(refreshAt, resumes ?? refreshAt)
        return .quote(next: refreshAt)
    }

    // MARK: - Time

    /// The reference of the last refresh until the next is due; then the current one.
    private mutating func standing(_ current: ReferencePrice, _ now: Timestamp) -> ReferencePrice {
        if let quoted, now < refreshAt {
            let move = parameters.requoteMoveTrillionths ?? .max
            if !quoted.isFurther(from: current, thanTrillionths: move) { return quoted }
        }
        quoted = current
        refreshAt = now.advanced(byNanoseconds: interval)
        return current
    }

    private mutating func hold(_ reason: HoldReason, _ now: Timestamp) -> Decision {
        quoted = nil
        return .hold(reason, next: now.advanced(byNanoseconds: min(interval, PureMarketMaking.longestHold)))
    }

    private mutating func pause(_ now: Timestamp) -> Decision {
        quoted = nil
        moves?.forget()
        externalMoves?.forget()
        pausedUntil = now.advanced(byNanoseconds: parameters.suddenMove?.pauseNanoseconds ?? 0)
        return .hold(.suddenMove, next: pausedUntil)
    }

    /// Takes back the quotes of a side that waits after a fill. What still rests there stays unless it has become more
    /// aggressive than the quote it stands for.
    /// - Returns: when the first waiting side may quote again; nil when none waits.
    private func delay(_ situation: borrowing Situation, _ wanted: inout WantedQuotes) -> Timestamp? {
        guard parameters.fillDelayNanoseconds > 0 else { return nil }
        var first: Timestamp?
        for side in Side.allCases {
            let resumes = lastFill[side].advanced(byNanoseconds: parameters.fillDelayNanoseconds)
            guard resumes > situation.now else { continue }
            first = min(first ?? resumes, resumes)
            for order in situation.ownOrders where order.side == side && !wanted.hanging.contains(order.id) {
                let quote = wanted.quotes.first { $0.side == side && $0.level == order.level }
                if let quote, !side.isBetter(order.price, than: quote.price) { wanted.hanging.append(order.id) }
            }
            wanted.quotes.removeAll { $0.side == side }
        }
        return first
    }

    // MARK: - Reference

    /// What the market itself says the asset is worth; nil where the chosen source says nothing.
    private func marketPrice(_ touch: ForeignTouch, _ lastTrade: Price?) -> ReferencePrice? {
        switch parameters.priceSource {
        case .lastPrice: return lastTrade.flatMap { $0.ticks > 0 ? ReferencePrice($0) : nil }
        case .bestBid: return touch.bid.map { ReferencePrice($0.price) }
        case .bestAsk: return touch.ask.map { ReferencePrice($0.price) }
        case .midPrice:
            guard let bid = touch.bid, let ask = touch.ask else { return nil }
            return ReferencePrice(microticks: (bid.price.ticks + ask.price.ticks) * (ReferencePrice.perTick / 2))
        case .microprice:
            guard let bid = touch.bid, let ask = touch.ask else { return nil }
            let (bidLots, askLots) = (Int128(bid.quantity.lots), Int128(ask.quantity.lots))
            let weighted = Int128(bid.price.ticks) * askLots + Int128(ask.price.ticks) * bidLots
            return ReferencePrice(microticks: Int64(weighted * Int128(ReferencePrice.perTick) / (bidLots + askLots)))
        }
    }

    /// The external price, fresh and not too far from the market's: from its reference, or with a side missing from the
    /// side that stands. With no market there is nothing it could be too far from.
    private func external(
        _ situation: borrowing Situation, _ touch: ForeignTouch, _ market: ReferencePrice?
    ) -> ReferencePrice? {
        guard let external = situation.externalPrice,
            situation.now.nanoseconds(since: external.receivedAt) <= parameters.externalMaximumAgeNanoseconds,
            let price = ReferencePrice(external.price, unit: rules.unit)
        else { return nil }
        let nearest = market ?? touch.held(price)
        return nearest.isFurther(from: price, thanTrillionths: parameters.externalDistanceTrillionths) ? nil : price
    }

    private mutating func isSudden(_ current: ReferencePrice, at now: Timestamp) -> Bool {
        guard moves != nil else { return false }
        let isMarketSudden = anchor.flatMap { moves?.isSudden($0, at: now) } ?? false
        guard parameters.oracleExchange != nil else { return isMarketSudden }
        return externalMoves?.isSudden(current, at: now) == true || isMarketSudden
    }
}
