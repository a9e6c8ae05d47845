import TradingCore

/// Aggressive orders.
extension MarketFlow {
    /// An order of someone who knows nothing: a piece of a large order, or a stranger's.
    mutating func tradeUninformed(into records: inout [MarketRecord]) {
        let parameters = parents.parameters
        let (bid, ask) = (Double(ladder.touchLots(.buy)), Double(ladder.touchLots(.sell)))
        let side = parents.nextSide(imbalance: (bid - ask) / (bid + ask), &random)
        let size = parents.nextSize(&random)
        let touch = ladder.best(side.opposite)
        sweep(side, size: size, to: touch + side.sign * parameters.reachTicks, into: &records)
        worth.learn(
            basisPoints: Double(side.sign) * parameters.impactBasisPoints * (size / parameters.meanSize).squareRoot())
    }

    /// Someone who knows the asset's worth takes quotes that lag behind it: the more there is to gain, the more.
    mutating func tradeInformed(against side: Side, into records: inout [MarketRecord]) {
        let quoting = configuration.quoting
        let gain = Double(side.opposite.sign) * (worth.ticks - Double(ladder.best(side)))
        let boldness = min(max(1 + gain / quoting.informedGainTicks, 1), 4)
        let size = quoting.informedSize * boldness * random.logNormal(shape: parents.parameters.sizeShape)
        sweep(side.opposite, size: size, to: Int64(worth.ticks.rounded(side == .sell ? .down : .up)), into: &records)
    }

    /// Walks the book until the order is filled or the next level lies beyond `limit`; at least the touch is met. One
    /// trade prints for each resting order met, each followed by what is left of the level.
    private mutating func sweep(_ side: Side, size: Double, to limit: Int64, into records: inout [MarketRecord]) {
        let (resting, met) = (side.opposite, parents.parameters)
        var left = lots(size)
        repeat {
            let touch = ladder.best(resting)
            let level = ladder.lots(at: touch)
            let print = min(left, min(level, lots(met.meanPrint * random.logNormal(shape: met.printShape))))
            if print == level { keepDepth(resting, into: &records) }
            show(.trade, side, touch, print, into: &records)
            setLevel(resting, touch, lots: level - print, into: &records)
            left -= print
        } while left > 0 && !isBeyond(ladder.best(resting), limit, for: side) && ladder.spread <= ladder.depth
    }

    private func isBeyond(_ ticks: Int64, _ limit: Int64, for aggressor: Side) -> Bool {
        aggressor == .buy ? ticks > limit : ticks < limit
    }
}
