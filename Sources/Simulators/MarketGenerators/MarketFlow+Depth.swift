import Scheduling
import TradingCore

/// The levels behind the touch.
extension MarketFlow {
    /// A book keeps at least 20 levels a side; one more than that is held in reserve.
    static let minimumLevels = 21

    // MARK: - Beginning

    /// Appends the first message: a reset and the whole book.
    mutating func open(into records: inout [MarketRecord]) {
        let start = records.count
        show(.reset, .buy, 0, 0, into: &records)
        for side in [Side.buy, .sell] {
            let touch = ladder.best(side)
            let touchSize =
                configuration.touch.joinsPerSecond * configuration.touch.meanJoin
                / (configuration.touch.cancelsPerSecond * configuration.touch.meanCancelShare)
            setLevel(side, touch, lots: lots(touchSize * (0.5 + random.unit())), into: &records)
            var distance = Int64(0)
            while true {
                distance += nextGap(distance)
                if distance > ladder.depth { break }
                let quantity = levelLots(distance: distance.magnitude)
                setLevel(side, touch - side.sign * distance, lots: quantity, into: &records)
            }
            keepDepth(side, into: &records)
        }
        for index in start + 1..<records.count { records[index].kind = .snapshot }
        records[records.count - 1].isLast = true
    }

    // MARK: - Changing

    /// A random place, nearer ones more often: where levels are sparser than usual one is added; else the nearest one
    /// beyond is removed or given another quantity.
    mutating func changeDepth(_ side: Side, into records: inout [MarketRecord]) {
        let depth = configuration.depth
        let distance = random.distance(upTo: depth.reachTicks)
        let place = ladder.best(side) - side.sign * distance
        let nearest = ladder.next(side, after: place + side.sign, within: depth.reachTicks - distance + 1)
        let gap = nearest.map { Double(($0 - place).magnitude) } ?? .infinity
        let mean = spacing(distance)
        if let nearest, gap == 0 || random.unit() * (gap + mean) >= gap {
            let isRemoved = random.chance(depth.removeShare) && ladder.count(side) > MarketFlow.minimumLevels
            let lots = isRemoved ? 0 : levelLots(distance: (ladder.best(side) - nearest).magnitude)
            setLevel(side, nearest, lots: lots, into: &records)
        } else {
            setLevel(side, place, lots: levelLots(distance: distance.magnitude), into: &records)
        }
    }

    /// Removes levels that the touch has left too far behind.
    mutating func trim(_ side: Side, into records: inout [MarketRecord]) {
        let edge = ladder.best(side) - side.sign * ladder.depth
        while let lost = ladder.next(side, after: edge, within: 2 * ladder.depth) {
            keepDepth(side, into: &records)
            setLevel(side, lost, lots: 0, into: &records)
        }
    }

    /// Adds levels from the touch outward until a removal leaves enough of them.
    mutating func keepDepth(_ side: Side, into records: inout [MarketRecord]) {
        var distance = Int64(0)
        while ladder.count(side) <= MarketFlow.minimumLevels {
            distance += nextGap(distance)
            if distance > ladder.depth { distance = 1 }
            let ticks = ladder.best(side) - side.sign * distance
            guard ladder.lots(at: ticks) == 0 else { continue }
            setLevel(side, ticks, lots: levelLots(distance: distance.magnitude), into: &records)
        }
    }

    // MARK: - Shape

    /// A level's quantity, so many ticks from the touch.
    mutating func levelLots(distance: UInt64) -> Int64 {
        let depth = configuration.depth
        let share = min(Double(distance) / depth.farTicks, 1)
        let mean = depth.nearSize + (depth.farSize - depth.nearSize) * share
        return lots(mean * random.logNormal(shape: depth.sizeShape))
    }

    private func spacing(_ distance: Int64) -> Double {
        let depth = configuration.depth
        return depth.nearSpacing
            + (depth.farSpacing - depth.nearSpacing) * min(Double(distance) / depth.farTicks, 1)
    }

    /// Ticks to the next level outward, at least 1.
    private mutating func nextGap(_ distance: Int64) -> Int64 {
        1 + Int64(random.exponential() * max(0, spacing(distance) - 1))
    }
}
