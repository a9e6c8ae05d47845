import Scheduling
import TradingCore

/// The order flow: a book, the worth behind it, and everybody who acts on either. One step is one message.
///
/// All who may act next are in a race of exponential clocks whose rates depend on the book and the worth as they stand.
struct MarketFlow: Codable, Sendable {
    let configuration: MarketGeneratorConfiguration
    var random: SplitMix64
    var worth: EfficientPrice
    var parents: ParentOrders
    var ladder: PriceLadder
    private(set) var now: Timestamp
    private let changesPerSecond: Double
    private let quantityStep: Double

    init(seed: UInt64, configuration: MarketGeneratorConfiguration) {
        self.configuration = configuration
        random = SplitMix64(seed: seed)
        now = configuration.start
        worth = EfficientPrice(
            configuration.worth, startTicks: Double(configuration.startPrice.ticks) + 0.5, random: &random)
        parents = ParentOrders(configuration.parents)
        ladder = PriceLadder(depth: configuration.depth.reachTicks, bestBid: configuration.startPrice.ticks)
        changesPerSecond = 2 * configuration.depth.changesPerSecond
        quantityStep = Double(configuration.quantityStep.lots)
    }

    // MARK: - The race

    /// Lets the next actor act and appends what the feed shows of it, if anything.
    mutating func step(into records: inout [MarketRecord]) {
        let rates = self.rates()
        wait(1 / rates.total)
        let start = records.count
        act(rates, into: &records)
        if records.count > start { records[records.count - 1].isLast = true }
    }

    private mutating func wait(_ meanSeconds: Double) {
        now.nanoseconds += max(1, Int64(random.exponential() * meanSeconds * 1e9))
    }

    private mutating func act(_ rates: FlowRates, into records: inout [MarketRecord]) {
        var left = random.unit() * rates.total
        func isIt(_ rate: Double) -> Bool {
            left -= rate
            return left < 0
        }
        if isIt(changesPerSecond) { return changeDepth(random.chance(0.5) ? .buy : .sell, into: &records) }
        if isIt(rates.joinBid) { return join(.buy, into: &records) }
        if isIt(rates.joinAsk) { return join(.sell, into: &records) }
        if isIt(rates.cancelBid) { return cancel(.buy, into: &records) }
        if isIt(rates.cancelAsk) { return cancel(.sell, into: &records) }
        if isIt(rates.uninformed) { return tradeUninformed(into: &records) }
        if isIt(rates.news) { return worth.step(&random) }
        if isIt(rates.close) { return closeSpread(into: &records) }
        if isIt(rates.mood) { return worth.changeMood(&random) }
        guard let side = staleSide else { return }
        if isIt(rates.informed) { return tradeInformed(against: side, into: &records) }
        pull(side, into: &records)
    }

    private func rates() -> FlowRates {
        let (touch, quoting, activity) = (configuration.touch, configuration.quoting, worth.activity)
        let lean = touch.followWeight * min(max((worth.ticks - mid) / touch.followTicks, -1), 1)
        let isWide = ladder.spread > 1
        let isStale = staleSide != nil
        var rates = FlowRates()
        rates.news = configuration.worth.newsPerSecond * activity
        rates.mood = EfficientPrice.moodChangesPerSecond
        rates.uninformed =
            configuration.parents.ordersPerSecond * activity * (isWide ? configuration.parents.wideSpreadShare : 1)
        rates.joinBid = touch.joinsPerSecond * activity * (1 + lean)
        rates.joinAsk = touch.joinsPerSecond * activity * (1 - lean)
        rates.cancelBid = touch.cancelsPerSecond * activity * (1 - lean)
        rates.cancelAsk = touch.cancelsPerSecond * activity * (1 + lean)
        rates.close = isWide ? quoting.closesPerSecond : 0
        rates.informed = isStale ? quoting.informedPerSecond : 0
        rates.pull = isStale ? quoting.pullsPerSecond : 0
        rates.total =
            changesPerSecond + rates.joinBid + rates.joinAsk + rates.cancelBid + rates.cancelAsk + rates.uninformed
            + rates.news + rates.close + rates.mood + rates.informed + rates.pull
        return rates
    }

    var mid: Double { Double(ladder.doubleMid) / 2 }

    // MARK: - Showing

    mutating func setLevel(_ side: Side, _ ticks: Int64, lots: Int64, into records: inout [MarketRecord]) {
        ladder.set(side, ticks, lots: lots)
        show(.level, side, ticks, lots, into: &records)
    }

    func show(
        _ kind: MarketRecord.Kind, _ side: Side, _ ticks: Int64, _ lots: Int64, into records: inout [MarketRecord]
    ) {
        records.append(
            MarketRecord(
                time: now, kind: kind, side: side, price: Price(ticks: ticks), quantity: Quantity(lots: lots),
                isLast: false))
    }

    /// A quantity that the instrument can have, at least one step.
    /// - Parameter meanTrades: in mean trades.
    func lots(_ meanTrades: Double) -> Int64 {
        let steps = meanTrades * Double(configuration.meanTrade.lots) / quantityStep
        return max(1, Int64(min(steps, 1e12))) * configuration.quantityStep.lots
    }
}

/// How often everyone acts, per second, as the market stands.
struct FlowRates {
    var joinBid = 0.0
    var joinAsk = 0.0
    var cancelBid = 0.0
    var cancelAsk = 0.0
    var uninformed = 0.0
    var informed = 0.0
    var pull = 0.0
    var close = 0.0
    var news = 0.0
    var mood = 0.0
    /// All of them, and the changes behind the touch.
    var total = 0.0
}
