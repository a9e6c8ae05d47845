import TradingCore

/// The mid every 100 ms, and what its returns look like.
struct MidReturns {
    private var mids: [Double] = []
    private var next: Int64 = 0
    private var current = 0.0
    private static let step = Nanoseconds.milliseconds(100)

    mutating func begin(at now: Int64) { next = now }

    mutating func midChanged(at now: Int64, to doubleMid: Int64) {
        while next < now {
            mids.append(current)
            next += MidReturns.step
        }
        current = Double(doubleMid) / 2
    }

    func result() -> [MarketStatistic: Double] {
        let (short, one) = (returns(1), returns(10))
        let (v100, v1) = (meanSquare(short), meanSquare(one))
        let (v10, v60) = (meanSquare(returns(100)), meanSquare(returns(600)))
        let fourth = one.reduce(0.0) { $0 + $1 * $1 * $1 * $1 } / Double(one.count)
        return [
            .deviation100ms: v100.squareRoot(), .deviation1s: v1.squareRoot(), .deviation10s: v10.squareRoot(),
            .deviation60s: v60.squareRoot(), .varianceRatio1s: v1 / v100 / 10, .varianceRatio10s: v10 / v1 / 10,
            .kurtosis1s: fourth / v1 / v1,
            .zeroReturns1s: Double(one.count { $0 == 0 }) / Double(one.count),
        ]
    }

    /// Basis points over `steps` × 100 ms; overlapping ones where they are long, for they are few.
    private func returns(_ steps: Int) -> [Double] {
        stride(from: steps + 1, to: mids.count, by: max(1, steps / 10)).map { index in
            (mids[index] - mids[index - steps]) / mids[index - steps] * 10_000
        }
    }

    private func meanSquare(_ returns: [Double]) -> Double {
        returns.reduce(0.0) { $0 + $1 * $1 } / Double(returns.count)
    }
}

/// What passive sides gain in a second, over the first trades of all aggressive orders.
struct FillMarkouts {
    private var waiting: [(due: Int64, sign: Int64, doublePrice: Int64)] = []
    private var head = 0
    private var sum = 0.0
    private var halfSpreadSum = 0.0
    private var count = 0

    mutating func add(_ trade: MarketRecord, doubleMid: Int64, spread: Int64) {
        waiting.append(
            (trade.time.nanoseconds + Nanoseconds.perSecond, trade.side.sign, 2 * trade.price.ticks))
        halfSpreadSum += Double(spread) / Double(doubleMid) * 10_000
    }

    /// The mid was `doubleMid` until `now`.
    mutating func settle(until now: Int64, doubleMid: Int64) {
        while head < waiting.count, waiting[head].due < now {
            let fill = waiting[head]
            head += 1
            sum += Double(fill.sign * (fill.doublePrice - doubleMid)) / Double(doubleMid) * 10_000
            count += 1
        }
        if head > 4_096 {
            waiting.removeSubrange(0..<head)
            head = 0
        }
    }

    var basisPoints: Double { sum / Double(max(1, count)) }
    var halfSpreads: Double { sum / max(halfSpreadSum, 1e-12) }
}
