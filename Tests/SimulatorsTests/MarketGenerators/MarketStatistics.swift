import TradingCore

/// Statistics of a market's records, defined as those of the recordings were (docs/market-generator.md), from a book of
/// its own: it knows nothing of the generator.
struct MarketStatistics: ~Copyable {
    private var book = OrderBook()
    private var touch = Touch()
    private var touchSince: Int64 = 0
    private var startedAt: Int64 = 0
    private(set) var recordCount = 0

    // Weighted by nanoseconds.
    private var spreadTicks = 0.0
    private var oneTick = 0.0
    private var touchLots = 0.0
    private(set) var touchChanges = 0
    private(set) var midChanges = 0
    private var midChangeHalfTicks = 0.0

    private(set) var tradeSigns: [Int8] = []
    private(set) var tradeLots: [Int64] = []
    private(set) var orderSigns: [Int8] = []
    private var isInOrder = false
    private var markouts = FillMarkouts()

    private var nextDepthSample: Int64 = 0
    private let depthSampleEvery: Int64
    private var depthSamples = 0
    private var depthLots = [0.0, 0.0, 0.0]

    private(set) var returns = MidReturns()

    struct Touch: Equatable {
        var bid: Int64 = 0
        var bidLots: Int64 = 0
        var ask: Int64 = 0
        var askLots: Int64 = 0
    }

    init(depthSampleSeconds: Int64) {
        depthSampleEvery = Nanoseconds.seconds(depthSampleSeconds)
    }

    mutating func add(_ record: MarketRecord) {
        recordCount += 1
        if record.kind == .trade { traded(record) }
        book.apply(record)
        guard record.isLast else { return }
        isInOrder = false
        let now = record.time.nanoseconds
        if startedAt == 0 {
            (startedAt, touchSince) = (now, now)
            nextDepthSample = now + depthSampleEvery
            returns.begin(at: now)
        }
        let (bid, ask) = (book.bestTicks(.buy), book.bestTicks(.sell))
        let new = Touch(bid: bid, bidLots: book.lots(.buy, at: bid), ask: ask, askLots: book.lots(.sell, at: ask))
        if now >= nextDepthSample { sampleDepth(now) }
        if new != touch { touchChanged(to: new, now) }
    }

    private mutating func touchChanged(to new: Touch, _ now: Int64) {
        accrue(to: now)
        let oldDoubleMid = touch.bid + touch.ask
        let doubleMid = new.bid + new.ask
        markouts.settle(until: now, doubleMid: oldDoubleMid)
        returns.midChanged(at: now, to: doubleMid)
        if touch.bid > 0 {
            touchChanges += 1
            if doubleMid != oldDoubleMid {
                midChanges += 1
                midChangeHalfTicks += Double((doubleMid - oldDoubleMid).magnitude)
            }
        }
        touch = new
    }

    private mutating func accrue(to now: Int64) {
        let weight = Double(now - touchSince)
        let spread = touch.ask - touch.bid
        spreadTicks += Double(spread) * weight
        if spread == 1 { oneTick += weight }
        touchLots += Double(touch.bidLots + touch.askLots) / 2 * weight
        touchSince = now
    }

    private mutating func traded(_ record: MarketRecord) {
        tradeSigns.append(Int8(record.side.sign))
        tradeLots.append(record.quantity.lots)
        guard !isInOrder else { return }
        isInOrder = true
        orderSigns.append(Int8(record.side.sign))
        markouts.add(record, doubleMid: touch.bid + touch.ask, spread: touch.ask - touch.bid)
    }

    private mutating func sampleDepth(_ now: Int64) {
        nextDepthSample = now + depthSampleEvery
        depthSamples += 1
        let mid = Double(touch.bid + touch.ask) / 2
        for side in [Side.buy, .sell] {
            var ticks = book.bestTicks(side)
            while ticks != 0, ticks != .max {
                let distance = abs(Double(ticks) - mid) / mid * 10_000
                if distance > 50 { break }
                let lots = Double(book.lots(side, at: ticks)) / 2
                for (index, band) in [10.0, 25, 50].enumerated() where distance <= band { depthLots[index] += lots }
                ticks = book.nextTicks(side, after: ticks)
            }
        }
    }

    // MARK: - Results

    var seconds: Double { Double(touchSince - startedAt) / 1e9 }
    var meanTradeLots: Double { Double(tradeLots.reduce(0, +)) / Double(max(1, tradeLots.count)) }
    var levelCount: Int { book.bids.levelCount + book.asks.levelCount }

    func result() -> [MarketStatistic: Double] {
        let trades = Double(tradeSigns.count)
        let sizes = tradeLots.sorted()
        var result: [MarketStatistic: Double] = [
            .spreadTicks: spreadTicks / seconds / 1e9,
            .oneTickShare: oneTick / seconds / 1e9,
            .touchDepth: touchLots / seconds / 1e9 / meanTradeLots,
            .tradesPerSecond: trades / seconds,
            .tradesPerOrder: trades / Double(orderSigns.count),
            .touchChangesPerSecond: Double(touchChanges) / seconds,
            .midChangesPerSecond: Double(midChanges) / seconds,
            .midChangeTicks: midChangeHalfTicks / 2 / Double(max(1, midChanges)),
            .recordsPerSecond: Double(recordCount) / seconds,
            .meanTradeLots: meanTradeLots,
            .tradeSizeMedian: Double(sizes[sizes.count / 2]) / meanTradeLots,
            .tradeSize90: Double(sizes[sizes.count * 9 / 10]) / meanTradeLots,
            .tradeSize99: Double(sizes[sizes.count * 99 / 100]) / meanTradeLots,
            .orderMarkout1s: markouts.basisPoints,
            .orderMarkout1sHalfSpreads: markouts.halfSpreads,
        ]
        for (index, statistic) in [MarketStatistic.depth10, .depth25, .depth50].enumerated() {
            result[statistic] = depthLots[index] / Double(max(1, depthSamples)) / meanTradeLots
        }
        let lags: [(Int, MarketStatistic)] = [(1, .signs1), (2, .signs2), (5, .signs5), (10, .signs10)]
        for (lag, statistic) in lags { result[statistic] = autocorrelation(tradeSigns, lag: lag) }
        result[.orderSigns1] = autocorrelation(orderSigns, lag: 1)
        result[.orderSigns5] = autocorrelation(orderSigns, lag: 5)
        result.merge(returns.result()) { first, _ in first }
        return result
    }
}

/// One figure; names of the recordings' statistics in parentheses where they differ.
enum MarketStatistic: String, CaseIterable, Sendable {
    /// Time-weighted mean (spread_ticks_mean), and share of the time at one tick.
    case spreadTicks, oneTickShare
    /// Mean of both sides, time-weighted, in mean trades.
    case touchDepth
    /// Mean of both sides within so many basis points of the mid, in mean trades.
    case depth10, depth25, depth50
    case tradesPerSecond, tradesPerOrder
    case touchChangesPerSecond, midChangesPerSecond, midChangeTicks, recordsPerSecond
    case meanTradeLots, tradeSizeMedian, tradeSize90, tradeSize99
    case signs1, signs2, signs5, signs10
    case orderSigns1, orderSigns5
    /// Root mean square return of the mid, in basis points.
    case deviation100ms, deviation1s, deviation10s, deviation60s
    case varianceRatio1s, varianceRatio10s
    case kurtosis1s, zeroReturns1s
    /// What the passive side of an aggressive order's first trade has gained a second later.
    case orderMarkout1s, orderMarkout1sHalfSpreads
}

func autocorrelation(_ signs: [Int8], lag: Int) -> Double {
    guard signs.count > 30 else { return .nan }
    let mean = signs.reduce(0.0) { $0 + Double($1) } / Double(signs.count)
    let variance = 1 - mean * mean
    var sum = 0.0
    for index in lag..<signs.count { sum += (Double(signs[index]) - mean) * (Double(signs[index - lag]) - mean) }
    return sum / Double(signs.count - lag) / variance
}
