import TradingCore

/// Misbehaviour, set at the start and at run time.
extension SpotExchange {
    /// Sets faults, as a fault file says, beside or instead of those there are.
    public func setFaults(_ text: String, instead: Bool = false) async throws(SpotFaultError) {
        let (list, seed) = try SpotFault.list(text)
        let (accounts, symbols) = (configuration.accounts.map(\.name), core.markets.map(\.name))
        for (index, fault) in list.enumerated() {
            try fault.check("faults[\(index)]", accounts: accounts, symbols: symbols)
            try checkSteps(fault, "faults[\(index)].rules")
        }
        if instead { clearFaults() }
        if let seed { faults.seed(seed) }
        for fault in list {
            if fault.kind == .ruleChange { await change(fault) } else { faults.add(fault) }
        }
    }

    /// Steps that the market cannot count in would leave it without a price or an amount that fits.
    private func checkSteps(_ fault: SpotFault, _ place: String) throws(SpotFaultError) {
        guard let rules = fault.rules, let symbol = fault.symbol, let market = try? core.market(symbol) else { return }
        let steps = [
            ("tickSize", rules.tickSize, market.unit.price), ("stepSize", rules.stepSize, market.unit.quantity),
        ]
        for (name, step, unit) in steps {
            guard let step, !step.isPositive || !step.isMultiple(of: unit) else { continue }
            throw SpotFaultError(
                description:
                    "\(place).\(name) \(step): must be above 0 and a multiple of \(unit), in which \(symbol) is counted"
            )
        }
    }

    func clearFaults() {
        faults.clear()
        limits.liftBans()
    }

    /// Behaves again, towards those too who are being kept waiting.
    func endFaults() {
        clearFaults()
        hub.heal()
    }

    private func change(_ fault: SpotFault) async {
        guard let symbol = fault.symbol, let rules = fault.rules, let market = try? core.market(symbol) else { return }
        var filters = market.filters
        if let tick = rules.tickSize { filters.price.step = tick }
        if let step = rules.stepSize {
            filters.lot.step = step
            filters.lot.least = max(filters.lot.least, step)
        }
        if let least = rules.minNotional { filters.leastNotional = least }
        if let most = rules.maxNumOrders { filters.mostOrders = most }
        if filters != market.filters { _ = await perform(.filters(symbol: symbol, filters)) }
        if let status = rules.status { _ = await perform(.status(symbol: symbol, status)) }
    }
}
