public import TradingCore

/// Quotes a ladder on both sides of a reference price and restates it at every refresh.
///
/// What happens on odd books: with nothing but our own orders the last reference stands, so quotes neither vanish nor
/// drift; with one side missing the last reference stands unless the side that is there lies beyond it; a locked book is
/// quoted around its price; a crossed book cannot be true and nothing is shown.
public struct PureMarketMaking: Strategy {
    public let parameters: PureMarketMakingParameters
    private let rules: OrderRules
    private let ladder: LadderBuilder
    private let minimumLots: Int64

    /// The last reference: what stands when the market says nothing.
    private var anchor: ReferencePrice?
    private var lastDoubleMid: Int64 = 0
    private var pausedUntil = Timestamp.distantPast
    private var lastFill = SidePair(Timestamp.distantPast)
    private var hanging = HangingOrders()
    private var moves: PriceMoves?

    /// - Throws: ``ParameterErrors`` naming what does not fit the instrument.
    public init(_ parameters: PureMarketMakingParameters, instrument: Instrument) throws(ParameterErrors) {
        let rules: OrderRules
        do { rules = try OrderRules(instrument) } catch {
            throw ParameterErrors([ParameterError(field: "rules", value: "\(instrument.id)", rule: "usable: \(error)")])
        }
        self.parameters = parameters
        self.rules = rules
        ladder = try LadderBuilder(parameters, rules: rules)
        minimumLots =
            parameters.minimumDepth.flatMap { try? $0.count(of: instrument.unit.quantity, rounding: .up) } ?? 1
        moves = parameters.suddenMove.map(PriceMoves.init)
    }

    public var watchesMarket: Bool { parameters.requoteMoveTrillionths != nil || moves != nil }
    public var decidesOnFills: Bool { true }
    public var readsOwnOrders: Bool { true }

    public mutating func wantsDecision(_ book: borrowing OrderBook, now: Timestamp) -> Bool {
        guard now >= pausedUntil, let mid = book.doubleMid else { return false }
        let reference = ReferencePrice(microticks: mid * (ReferencePrice.perTick / 2))
        if moves != nil, moves?.isSudden(reference, at: now) == true { return true }
        guard let fraction = parameters.requoteMoveTrillionths, mid != lastDoubleMid else { return false }
        return reference.isFurther(
            from: ReferencePrice(microticks: lastDoubleMid * (ReferencePrice.perTick / 2)), thanTrillionths: fraction)
    }

    public mutating func filled(_ fill: Fill, of order: OwnOrder, situation: borrowing Situation) {
        lastFill[fill.side] = situation.now
        if parameters.hangingOrders, order.remaining == .zero { hanging.pairFilled(order, situation.ownOrders) }
    }

    public mutating func decide(
        _ book: borrowing OrderBook, _ situation: borrowing Situation, into wanted: inout WantedQuotes
    ) -> Decision {
        let now = situation.now
        let next = now.advanced(byNanoseconds: parameters.orderRefreshNanoseconds)
        lastDoubleMid = book.doubleMid ?? lastDoubleMid
        if now < pausedUntil { return .hold(.suddenMove, next: pausedUntil) }
        if book.shape == .crossed { return .hold(.crossedBook, next: next) }
        let own = situation.bookShowsOwnOrders ? situation.ownOrders : []
        let touch = ForeignTouch(book, without: own, minimumLots: minimumLots)
        guard let market = reference(touch, situation.lastTradePrice) ?? anchored(touch) else {
            return .hold(.noReferencePrice, next: next)
        }
        anchor = market
        if let reason = disturbance(market, at: now) { return .hold(reason, next: pausedUntil) }
        guard let reference = external(situation, market) else { return .hold(.externalPrice, next: next) }
        hanging.drop(situation.ownOrders, furtherFrom: reference, than: parameters.hangingOrdersCancelTrillionths)
        wanted.hanging = hanging.ids
        let delayed = delay(at: now)
        ladder.build(
            reference, Inventory(situation, reference, parameters, rules.unit),
            edge: minimumLots > 1 ? ForeignTouch(book, without: own, minimumLots: 1) : touch,
            allowed: allowed(reference, delayed), free: hanging.leaves(situation, rules.unit), into: &wanted.quotes)
        if wanted.quotes.isEmpty, wanted.hanging.isEmpty, delayed == nil {
            return .hold(.nothingPlaceable, next: next)
        }
        return .quote(next: min(next, delayed ?? next))
    }

    // MARK: - Reference

    /// What the market itself says the asset is worth; nil where the chosen source says nothing.
    private func reference(_ touch: ForeignTouch, _ lastTrade: Price?) -> ReferencePrice? {
        switch parameters.priceSource {
        case .lastPrice: return lastTrade.map { ReferencePrice($0) }
        case .bestBid: return touch.bid.map { ReferencePrice($0.price) }
        case .bestAsk: return touch.ask.map { ReferencePrice($0.price) }
        case .midPrice:
            guard let bid = touch.bid, let ask = touch.ask else { return nil }
            return ReferencePrice(microticks: (bid.price.ticks + ask.price.ticks) * (ReferencePrice.perTick / 2))
        case .microprice:
            guard let bid = touch.bid, let ask = touch.ask else { return nil }
            let weighted =
                Int128(bid.price.ticks) * Int128(ask.quantity.lots) + Int128(ask.price.ticks) * Int128(bid.quantity.lots)
            let lots = Int128(bid.quantity.lots) + Int128(ask.quantity.lots)
            return ReferencePrice(microticks: Int64(weighted * Int128(ReferencePrice.perTick) / lots))
        }
    }

    /// The last reference, moved no further than the side that still stands.
    private func anchored(_ touch: ForeignTouch) -> ReferencePrice? {
        guard var price = anchor else { return nil }
        if let bid = touch.bid { price = max(price, ReferencePrice(bid.price)) }
        if let ask = touch.ask { price = min(price, ReferencePrice(ask.price)) }
        return price
    }

    private mutating func disturbance(_ reference: ReferencePrice, at now: Timestamp) -> HoldReason? {
        guard let sudden = parameters.suddenMove, moves?.isSudden(reference, at: now) == true else { return nil }
        moves?.forget()
        pausedUntil = now.advanced(byNanoseconds: sudden.pauseNanoseconds)
        return .suddenMove
    }

    /// The external price where one is asked for, fresh and not too far from the market's; else the market's.
    private func external(_ situation: borrowing Situation, _ market: ReferencePrice) -> ReferencePrice? {
        guard parameters.oracleExchange != nil else { return market }
        guard let external = situation.externalPrice,
            situation.now.nanoseconds(since: external.receivedAt) <= parameters.externalMaximumAgeNanoseconds,
            let ticks = try? external.price.divided(by: rules.unit.price, rounding: .halfEven),
            let scaled = try? ticks.multiplied(by: ReferencePrice.perTick).count(of: .one, rounding: .halfEven)
        else { return nil }
        let price = ReferencePrice(microticks: scaled)
        return market.isFurther(from: price, thanTrillionths: parameters.externalDistanceTrillionths) ? nil : price
    }

    // MARK: - Sides

    private func allowed(_ reference: ReferencePrice, _ delayed: Timestamp?) -> SidePair<Bool> {
        var allowed = SidePair(true)
        if let ceiling = parameters.ceilingPrice, isAbove(reference, ceiling) { allowed[.buy] = false }
        if let floor = parameters.floorPrice, isBelow(reference, floor) { allowed[.sell] = false }
        if let delayed {
            for side in Side.allCases where resumes(side) >= delayed { allowed[side] = false }
        }
        return allowed
    }

    /// When the first side that waits after a fill may quote again; nil when none waits.
    private func delay(at now: Timestamp) -> Timestamp? {
        guard parameters.fillDelayNanoseconds > 0 else { return nil }
        return Side.allCases.map(resumes).filter { $0 > now }.min()
    }

    private func resumes(_ side: Side) -> Timestamp {
        lastFill[side].advanced(byNanoseconds: parameters.fillDelayNanoseconds)
    }

    private func isAbove(_ reference: ReferencePrice, _ bound: FixedDecimal) -> Bool {
        Int128(reference.microticks) * rules.unit.price.raw > bound.raw * Int128(ReferencePrice.perTick)
    }

    private func isBelow(_ reference: ReferencePrice, _ bound: FixedDecimal) -> Bool {
        Int128(reference.microticks) * rules.unit.price.raw < bound.raw * Int128(ReferencePrice.perTick)
    }
}
