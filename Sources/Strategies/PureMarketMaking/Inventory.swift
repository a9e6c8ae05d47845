import TradingCore

/// How far what the session holds lies from its target, and what that does to quotes.
struct Inventory {
    /// How far, as a fraction of it, the reference moves back towards the target.
    let shift: Double
    /// Share of the size that each side keeps.
    let keeps: SidePair<Double>

    init(
        _ situation: borrowing Situation, _ reference: ReferencePrice, _ parameters: PureMarketMakingParameters,
        _ unit: BookUnit
    ) {
        guard let target = parameters.inventoryTarget else {
            shift = 0
            keeps = SidePair(1)
            return
        }
        // Statistics: doubles are allowed here, and only whole ticks and lots leave.
        let price = Double(reference.microticks) / Double(ReferencePrice.perTick) * unit.price.approximateDouble
        let base = situation.base.approximateDouble * price
        let worth = base + situation.quote.approximateDouble
        let deviation = worth > 0 ? base / worth - target : 0
        let room = deviation > 0 ? 1 - target : target
        let share = room > 0 ? min(1, deviation.magnitude / room) : 0
        shift = parameters.inventorySkew * (deviation > 0 ? -share : share)
        var keeps = SidePair(1.0)
        keeps[deviation > 0 ? .buy : .sell] = 1 - parameters.inventorySizeSkew * share
        self.keeps = keeps
    }
}
