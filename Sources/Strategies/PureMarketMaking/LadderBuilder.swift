import TradingCore

/// Turns a reference price into a ladder of quotes that the exchange would accept.
///
/// In this order: spread per layer, rounding (bids down, asks up), minimum spread, post-only limits, funds. All in whole
/// ticks and lots.
struct LadderBuilder: Sendable {
    private let parameters: PureMarketMakingParameters
    private let rules: OrderRules
    private let lots: [Int64]

    init(_ parameters: PureMarketMakingParameters, rules: OrderRules) throws(ParameterErrors) {
        self.parameters = parameters
        self.rules = rules
        var lots: [Int64] = []
        for (layer, amount) in parameters.layerAmounts.enumerated() {
            guard let count = try? amount.count(of: rules.unit.quantity, rounding: .down),
                rules.roundedDown(Quantity(lots: count)).lots > 0
            else {
                throw ParameterErrors([
                    ParameterError(
                        field: "orderAmount", value: "\(amount) (layer \(layer + 1))",
                        rule: "at least one lot of the instrument")
                ])
            }
            lots.append(rules.roundedDown(Quantity(lots: count)).lots)
        }
        self.lots = lots
    }

    /// - Parameters:
    ///   - edge: the best foreign prices of any size: what a post-only quote must not touch.
    ///   - free: what the session may spend on these quotes.
    func build(
        _ reference: ReferencePrice, _ inventory: Inventory, edge: ForeignTouch, allowed: SidePair<Bool>,
        free: Funds, into quotes: inout [Quote]
    ) {
        let centre = Int64((Double(reference.microticks) * (1 + inventory.shift)).rounded())
        let shifted = inventory.shift == 0 ? reference : ReferencePrice(microticks: centre)
        var prices = SidePair(lots.indices.map { price(.buy, $0, shifted) })
        prices.sell = lots.indices.map { price(.sell, $0, shifted) }
        widen(&prices, reference)
        var funds = free
        for side in Side.allCases where allowed[side] {
            for level in lots.indices {
                let limit = limited(prices[side][level], side, edge)
                guard limit.ticks > 0, let quantity = quantity(level, side, limit, inventory.keeps[side], &funds) else {
                    continue
                }
                quotes.append(
                    Quote(
                        side: side, level: UInt8(level), price: limit, quantity: quantity,
                        isPostOnly: parameters.isPostOnly))
            }
        }
    }

    /// Layer n stands n spreads away.
    private func price(_ side: Side, _ level: Int, _ reference: ReferencePrice) -> Price {
        let layer = Int64(level + 1)
        let distance: Int128
        switch side == .buy ? parameters.bidSpread : parameters.askSpread {
        case .ticks(let ticks):
            distance = Int128(ticks * layer) * Int128(ReferencePrice.perTick)
            return rounded(Int128(reference.microticks) - Int128(side.sign) * distance, by: 1, side)
        case .trillionths(let spread):
            let factor = Int128(PureMarketMakingParameters.trillion) - Int128(side.sign) * Int128(spread * layer)
            return rounded(
                Int128(reference.microticks) * factor, by: Int128(PureMarketMakingParameters.trillion), side)
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

    /// Moves both sides apart, each by half, until own best bid and ask keep their minimum distance.
    private func widen(_ prices: inout SidePair<[Price]>, _ reference: ReferencePrice) {
        guard let minimum = parameters.minimumSpread, let bid = prices.buy.first, let ask = prices.sell.first else {
            return
        }
        let least: Int64
        switch minimum {
        case .ticks(let ticks): least = ticks
        case .trillionths(let fraction):
            let scale = Int128(PureMarketMakingParameters.trillion) * Int128(ReferencePrice.perTick)
            least = Int64((Int128(reference.microticks) * Int128(fraction) + scale - 1) / scale)
        }
        let missing = least - (ask.ticks - bid.ticks)
        guard missing > 0 else { return }
        for level in lots.indices {
            prices.buy[level] = rules.rounded(Price(ticks: prices.buy[level].ticks - (missing + 1) / 2), for: .buy)
            prices.sell[level] = rules.rounded(Price(ticks: prices.sell[level].ticks + (missing + 1) / 2), for: .sell)
        }
    }

    /// A post-only quote stays one step off the other side of the market.
    private func limited(_ price: Price, _ side: Side, _ edge: ForeignTouch) -> Price {
        guard parameters.isPostOnly else { return price }
        if side == .buy, let ask = edge.ask?.price, price >= ask {
            return rules.rounded(Price(ticks: ask.ticks - 1), for: .buy)
        }
        if side == .sell, let bid = edge.bid?.price, price <= bid {
            return rules.rounded(Price(ticks: bid.ticks + 1), for: .sell)
        }
        return price
    }

    /// As much of the layer's amount as skew and funds leave; nil when that is less than the exchange accepts.
    private func quantity(
        _ level: Int, _ side: Side, _ price: Price, _ keeps: Double, _ funds: inout Funds
    ) -> Quantity? {
        let full = keeps == 1 ? lots[level] : Int64(Double(lots[level]) * keeps)
        let unit = side == .buy ? rules.unit.notional.raw * Int128(price.ticks) : rules.unit.quantity.raw
        let left = side == .buy ? funds.quote : funds.base
        let affordable = left > 0 ? Int64(min(left / unit, Int128(Int64.max))) : 0
        if affordable < full, parameters.shortFunds == .drop { return nil }
        let quantity = rules.roundedDown(Quantity(lots: min(full, affordable)))
        guard let least = rules.minimumQuantity(at: price), quantity >= least else { return nil }
        if side == .buy { funds.quote -= unit * Int128(quantity.lots) } else { funds.base -= unit * Int128(quantity.lots) }
        return quantity
    }
}
