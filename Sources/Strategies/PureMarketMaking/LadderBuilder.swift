import TradingCore

/// Turns a reference price into a ladder of quotes that the exchange would accept.
///
/// In this order: spread per layer, rounding (bids down, asks up), minimum spread, limits (post-only, hanging orders, one
/// step between layers), ceiling and floor, funds. All in whole ticks and lots.
struct LadderBuilder: Sendable {
    private let parameters: PureMarketMakingParameters
    private let rules: OrderRules
    private let lots: [Int64]
    /// Raw 10⁻¹⁸ count of quote that one order may be worth.
    private let maximumNotional: Int128
    /// Highest reference, and highest bid, while buys are wanted; in 10⁻⁶ ticks.
    private let ceiling: Int128
    private let floor: Int128

    init(
        _ parameters: PureMarketMakingParameters, _ instrument: Instrument, rules: OrderRules
    ) throws(ParameterErrors) {
        self.parameters = parameters
        self.rules = rules
        lots = try LadderBuilder.lots(parameters, instrument, rules)
        maximumNotional = instrument.rules.maximumNotional?.raw ?? .max
        let (perTick, unit) = (Int128(ReferencePrice.perTick), instrument.unit.price.raw)
        ceiling = parameters.ceilingPrice.map { $0.raw * perTick / unit } ?? .max
        floor = parameters.floorPrice.map { ($0.raw * perTick + unit - 1) / unit } ?? 0
    }

    private static func lots(
        _ parameters: PureMarketMakingParameters, _ instrument: Instrument, _ rules: OrderRules
    ) throws(ParameterErrors) -> [Int64] {
        let unit = instrument.unit
        let most = instrument.rules.maximumQuantity ?? unit.decimal(Quantity(lots: OrderRules.maximumLots))
        let least = max(instrument.rules.lotSize, instrument.rules.minimumQuantity ?? .zero)
        var lots: [Int64] = []
        for (layer, amount) in parameters.layerAmounts.enumerated() {
            let count = (try? amount.count(of: unit.quantity, rounding: .down)) ?? .max
            let whole = rules.roundedDown(Quantity(lots: count)).lots
            guard amount >= least, amount <= most, whole > 0, whole <= OrderRules.maximumLots else {
                let rule = "\(least) to \(most) in every layer, as \(instrument.id) accepts"
                throw ParameterErrors([
                    ParameterError(field: "orderAmount", value: "\(amount) (layer \(layer + 1))", rule: rule)
                ])
            }
            lots.append(whole)
        }
        return lots
    }

    /// - Parameters:
    ///   - market: the best foreign prices of any size, which a post-only quote must not touch.
    ///   - limits: what no quote may touch.
    ///   - free: what the session may spend on these quotes.
    func build(
        _ reference: ReferencePrice, _ inventory: Inventory, market: ForeignTouch, limits: QuoteLimits, free: Funds,
        into quotes: inout [Quote]
    ) {
        var limits = limits
        if parameters.isPostOnly {
            if let bid = market.bid { limits.stayOff(bid.price, of: .buy) }
            if let ask = market.ask { limits.stayOff(ask.price, of: .sell) }
        }
        let centre = inventory.shift == 0 ? reference : shifted(reference, inventory.shift)
        let push = push(centre, reference)
        var funds = free
        for side in Side.allCases where isAllowed(side, Int128(reference.microticks)) {
            for level in lots.indices {
                let formula = price(side, level, centre)
                let wide = push == 0 ? formula : pushed(formula, side, push)
                let price = limits.held(wide, side, rules)
                guard price.ticks > 0 else { break }
                limits[side] = price.ticks
                guard isAllowed(side, Int128(price.ticks) * Int128(ReferencePrice.perTick)),
                    let quantity = quantity(level, side, price, inventory.keeps[side], &funds)
                else { continue }
                quotes.append(
                    Quote(
                        side: side, level: UInt8(level), price: price, quantity: quantity,
                        isPostOnly: parameters.isPostOnly))
            }
        }
    }

    /// No buys above the ceiling, no sells below the floor.
    private func isAllowed(_ side: Side, _ microticks: Int128) -> Bool {
        side == .buy ? microticks <= ceiling : microticks >= floor
    }

    // MARK: - Prices

    private func shifted(_ reference: ReferencePrice, _ shift: Double) -> ReferencePrice {
        ReferencePrice(microticks: Int64((Double(reference.microticks) * (1 + shift)).rounded()))
    }

    /// Layer n stands n spreads away.
    private func price(_ side: Side, _ level: Int, _ centre: ReferencePrice) -> Price {
        let layer = Int64(level + 1)
        switch side == .buy ? parameters.bidSpread : parameters.askSpread {
        case .ticks(let ticks):
            let distance = Int128(ticks * layer) * Int128(ReferencePrice.perTick)
            return rounded(Int128(centre.microticks) - Int128(side.sign) * distance, by: 1, side)
        case .trillionths(let spread):
            let factor = Int128(PureMarketMakingParameters.trillion) - Int128(side.sign) * Int128(spread * layer)
            return rounded(Int128(centre.microticks) * factor, by: Int128(PureMarketMakingParameters.trillion), side)
        }
    }

    /// Bids down, asks up: to whole ticks, then to what the exchange accepts.
    private func rounded(_ microticks: Int128, by scale: Int128, _ side: Side) -> Price {
        let divisor = scale * Int128(ReferencePrice.perTick)
        guard microticks > 0 else { return Price(ticks: 0) }
        let (ticks, rest) = microticks.quotientAndRemainder(dividingBy: divisor)
        let whole = side == .sell && rest != 0 ? ticks + 1 : ticks
        return rules.rounded(Price(ticks: Int64(whole)), for: side)
    }

    /// How many ticks each side moves away so that own best bid and ask keep their minimum distance.
    private func push(_ centre: ReferencePrice, _ reference: ReferencePrice) -> Int64 {
        guard let minimum = parameters.minimumSpread else { return 0 }
        let least: Int64
        switch minimum {
        case .ticks(let ticks): least = ticks
        case .trillionths(let fraction):
            let scale = Int128(PureMarketMakingParameters.trillion) * Int128(ReferencePrice.perTick)
            least = Int64((Int128(reference.microticks) * Int128(fraction) + scale - 1) / scale)
        }
        let missing = least - (price(.sell, 0, centre).ticks - price(.buy, 0, centre).ticks)
        return missing > 0 ? (missing + 1) / 2 : 0
    }

    private func pushed(_ price: Price, _ side: Side, _ push: Int64) -> Price {
        rules.rounded(Price(ticks: max(0, price.ticks - side.sign * push)), for: side)
    }

    // MARK: - Quantities

    /// As much of the layer's amount as skew, rules and funds leave; nil when that is less than the exchange accepts.
    private func quantity(
        _ level: Int, _ side: Side, _ price: Price, _ keeps: Double, _ funds: inout Funds
    ) -> Quantity? {
        let kept = keeps == 1 ? lots[level] : Int64(Double(lots[level]) * keeps)
        let value = rules.unit.notional.raw * Int128(price.ticks)
        let full = Int64(min(Int128(kept), maximumNotional / value))
        let unit = side == .buy ? value : rules.unit.quantity.raw
        let left = side == .buy ? funds.quote : funds.base
        let affordable = left > 0 ? Int64(min(left / unit, Int128(full))) : 0
        if affordable < full, parameters.shortFunds == .drop { return nil }
        let quantity = rules.roundedDown(Quantity(lots: affordable))
        guard rules.violation(side: side, price: price, quantity: quantity, average: nil) == nil else { return nil }
        let cost = unit * Int128(quantity.lots)
        if side == .buy { funds.quote -= cost } else { funds.base -= cost }
        return quantity
    }
}
