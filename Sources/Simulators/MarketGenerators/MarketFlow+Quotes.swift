import TradingCore

/// What market makers do at the touch.
extension MarketFlow {
    /// The highest bid worth placing, and the lowest ask.
    private var bidCeiling: Int64 { Int64((worth.ticks - configuration.quoting.quoteEdgeTicks).rounded(.down)) }
    private var askFloor: Int64 { Int64((worth.ticks + configuration.quoting.quoteEdgeTicks).rounded(.up)) }

    /// The side whose best quote the worth has left behind.
    var staleSide: Side? {
        let edge = configuration.quoting.staleEdgeTicks
        if Double(ladder.bestAsk) < worth.ticks + edge { return .sell }
        if Double(ladder.bestBid) > worth.ticks - edge { return .buy }
        return nil
    }

    // MARK: - Queues

    mutating func join(_ side: Side, into records: inout [MarketRecord]) {
        let touch = ladder.best(side)
        let added = lots(configuration.touch.meanJoin * random.exponential())
        setLevel(side, touch, lots: ladder.lots(at: touch) + added, into: &records)
    }

    /// Takes a share of the touch, never all of it.
    mutating func cancel(_ side: Side, into records: inout [MarketRecord]) {
        let touch = ladder.best(side)
        let share = min(configuration.touch.meanCancelShare * random.exponential(), 0.9)
        keep(1 - share, of: touch, side, into: &records)
    }

    /// Lowers a level to a share of what it holds; nothing happens to one that is down to a step.
    private mutating func keep(_ share: Double, of ticks: Int64, _ side: Side, into records: inout [MarketRecord]) {
        let step = configuration.quantityStep.lots
        let level = ladder.lots(at: ticks)
        let kept = max(1, Int64(Double(level / step) * share)) * step
        if kept < level { setLevel(side, ticks, lots: kept, into: &records) }
    }

    // MARK: - Following the worth

    /// Makers take stale quotes off: half of the touch, or all of it and levels behind it.
    mutating func pull(_ side: Side, into records: inout [MarketRecord]) {
        let quoting = configuration.quoting
        guard random.chance(quoting.wholePullShare) else {
            return keep(0.5, of: ladder.best(side), side, into: &records)
        }
        repeat {
            keepDepth(side, into: &records)
            setLevel(side, ladder.best(side), lots: 0, into: &records)
        } while staleSide == side && ladder.spread <= ladder.depth && random.chance(quoting.onwardPullShare)
    }

    /// A maker quotes inside a wide spread: next to the other side, as far as the worth allows. The nearer the worth lies
    /// to a side, the more likely the other one comes to it.
    mutating func closeSpread(into records: inout [MarketRecord]) {
        let bid = min(ladder.bestAsk - 1, bidCeiling)
        let ask = max(ladder.bestBid + 1, askFloor)
        let (mayBid, mayAsk) = (bid > ladder.bestBid, ask < ladder.bestAsk)
        guard mayBid || mayAsk else { return }
        let place = (worth.ticks - Double(ladder.bestBid)) / Double(ladder.spread)
        let bids = mayBid && mayAsk ? random.chance(place) : mayBid
        improve(bids ? .buy : .sell, to: bids ? bid : ask, into: &records)
    }

    /// The touch moves inward: what rested at the old one goes with it, and levels now too far away are given up.
    private mutating func improve(_ side: Side, to ticks: Int64, into records: inout [MarketRecord]) {
        let old = ladder.best(side)
        setLevel(side, ticks, lots: lots(configuration.quoting.firstQuote * random.exponential()), into: &records)
        let ordinary = levelLots(distance: (ticks - old).magnitude)
        if ladder.lots(at: old) > ordinary { setLevel(side, old, lots: ordinary, into: &records) }
        trim(side, into: &records)
    }
}
