import Scheduling
import Testing
import TradingCore

@testable import Execution

@Suite("Whatever the feed and the orders")
struct MatchingPropertyTests {
    @Test("the matching engine keeps its promises", arguments: UInt64(1)...100)
    func promises(seed: UInt64) throws {
        var run = try RandomRun(seed: seed, fillModel: .recordedVolume)
        try run.play(steps: 300, seed: seed)
    }

    @Test("whole fills create and lose nothing either", arguments: UInt64(1)...10)
    func whole(seed: UInt64) throws {
        var run = try RandomRun(seed: seed, fillModel: .whole)
        try run.play(steps: 300, seed: seed)
    }
}

/// Random messages of a market around 1000 ticks, and random orders of three accounts.
struct RandomRun {
    private let market: PaperMarket
    private let oracle: MatchingOracle
    private var random: SplitMix64
    private var middle: Int64 = 1_000
    private var isGapped = false
    private var sent: [(AccountID, ClientOrderID)] = []

    init(seed: UInt64, fillModel: FillModel) throws {
        var random = SplitMix64(seed: seed)
        var rules = TradingRules(priceRounding: .tick("0.01"), lotSize: "0.001")
        if random.below(3) == 0 { rules.maximumOpenOrders = 6 }
        if random.below(3) == 0 { rules.minimumNotional = "0.05" }
        if random.below(4) == 0 { rules.maximumPosition = "0.6" }
        if random.below(4) == 0 {
            rules.priceBand = PriceBand(bidDown: "0.99", bidUp: "1.005", askDown: "0.995", askUp: "1.01")
        }
        market = try PaperMarket(
            rules: rules, fees: try RandomRun.fees(&random),
            configuration: MatchingConfiguration(
                queueModel: QueueModel.allCases[Int(random.below(3))], fillModel: fillModel,
                reportWindowNanoseconds: [0, 20, 250][Int(random.below(3))] * 1_000_000),
            deposits: [PaperMarket.base: "0.3", PaperMarket.quote: "3", PaperMarket.third: "0.0005"],
            unit: BookUnit(price: "0.01", quantity: "0.001"))
        oracle = MatchingOracle(market)
        self.random = random
    }

    private static func fees(_ random: inout SplitMix64) throws -> FeeSchedule {
        let third = [PaperMarket.third, PaperMarket.quote, PaperMarket.base][Int(random.below(3))]
        let payment: FeePayment =
            random.below(2) == 0 ? .received : .third(third, priceInQuote: "61.7", discount: "0.25")
        let rates: [(FixedDecimal, FixedDecimal)] = [
            ("0", "0"), ("0.001", "0.001"), ("-0.0001", "0.0005"), ("0.1", "0.1"),
        ]
        let (maker, taker) = rates[Int(random.below(4))]
        return try FeeSchedule(
            maker: maker, taker: taker, payment: payment, assetDigits: [0, 3, 8, 18][Int(random.below(4))])
    }

    mutating func play(steps: Int, seed: UInt64) throws {
        feed(snapshot())
        for step in 0..<steps {
            switch random.below(10) {
            case 0..<4: feed(message())
            case 4..<8: submit()
            case 8: cancel()
            default: replace()
            }
            guard oracle.faults.isEmpty else {
                Issue.record("seed \(seed), step \(step): \(oracle.faults)")
                return
            }
        }
        #expect(oracle.fillCount > 0, "seed \(seed) filled nothing")
    }

    // MARK: - The market

    private mutating func feed(_ steps: [PaperMarket.Step]) {
        market.now = market.now.advanced(byNanoseconds: below(1, 40) * 1_000_000)
        for (index, step) in steps.enumerated() {
            let record = market.record(step, isLast: index == steps.count - 1)
            market.engine.apply(record, balances: &market.balances)
            oracle.applied(record, market)
        }
    }

    private mutating func snapshot() -> [PaperMarket.Step] {
        isGapped = false
        var steps = [PaperMarket.Step.reset]
        for offset in 1...8 as ClosedRange<Int64> {
            if random.below(4) > 0 { steps.append(.bid(middle - offset, below(1, 40))) }
            if random.below(4) > 0 { steps.append(.ask(middle + offset, below(1, 40))) }
        }
        return steps
    }

    private mutating func message() -> [PaperMarket.Step] {
        if isGapped ? random.below(3) == 0 : random.below(60) == 0 { return snapshot() }
        if random.below(50) == 0 {
            isGapped = true
            return [.gap]
        }
        middle += below(-1, 1)
        if random.below(4) == 0 { return [trade()] }
        var steps: [PaperMarket.Step] = []
        for _ in 0..<below(0, 3) { steps += update() }
        // A trade last of several would make its fills and those across the spread look alike.
        return steps + levels()
    }

    private mutating func update() -> [PaperMarket.Step] {
        switch random.below(12) {
        case 0..<4: [trade()]
        case 4: [.topBid(middle - below(0, 4), below(0, 30)), .topAsk(middle + below(1, 5), below(0, 30))]
        case 5: [.topCleared]
        default: levels()
        }
    }

    /// A level; one that crosses the other side mostly takes away what it crosses, as it would have.
    private mutating func levels() -> [PaperMarket.Step] {
        let lots = random.below(3) == 0 ? 0 : below(1, 40)
        let isBid = random.below(2) == 0
        let ticks = isBid ? middle - below(-1, 8) : middle + below(-1, 8)
        var steps: [PaperMarket.Step] = [isBid ? .bid(ticks, lots) : .ask(ticks, lots)]
        guard lots > 0, random.below(5) > 0 else { return steps }
        let book = market.engine.book.levels(isBid ? .sell : .buy, limit: 20).map(\.price.ticks)
        for other in book where isBid ? other <= ticks : other >= ticks {
            steps.insert(isBid ? .ask(other, 0) : .bid(other, 0), at: 0)
        }
        return steps
    }

    private mutating func trade() -> PaperMarket.Step {
        random.below(2) == 0
            ? .bought(middle + below(-1, 4), below(1, 30)) : .sold(middle - below(-1, 4), below(1, 30))
    }

    // MARK: - The accounts

    private mutating func account() -> AccountID { [market.alice, market.bob, market.carol][Int(random.below(3))] }

    private mutating func request() -> OrderRequest {
        let side: Side = random.below(2) == 0 ? .buy : .sell
        let price = random.below(7) == 0 ? 0 : middle - side.sign * below(-5, 6)
        let timeInForce: [TimeInForce] = [
            .goodTillCancelled, .goodTillCancelled, .goodTillCancelled, .immediateOrCancel, .fillOrKill,
        ]
        return market.order(
            side, below(1, random.below(10) == 0 ? 400 : 40), at: price, timeInForce[Int(random.below(5))],
            isPostOnly: random.below(6) == 0, prevention: SelfTradePrevention.allCases[Int(random.below(5))])
    }

    private mutating func submit() {
        let (account, request) = (account(), request())
        sent.append((account, request.id))
        market.engine.submit(request, from: account, at: market.now, balances: &market.balances)
        oracle.submitted(request, by: account, market)
    }

    /// Mostly an order that was sent lately, at times with another account's name on it.
    private mutating func target() -> (AccountID, ClientOrderID) {
        guard !sent.isEmpty else { return (account(), ClientOrderIDSource.none) }
        let recent = sent[max(0, sent.count - 1 - Int(random.below(12)))]
        return random.below(10) == 0 ? (account(), recent.1) : recent
    }

    private mutating func cancel() {
        let (account, id) = target()
        market.engine.cancel(id, from: account, balances: &market.balances)
        oracle.cancelled(market)
    }

    private mutating func replace() {
        let (account, id) = target()
        let request = request()
        sent.append((account, request.id))
        market.engine.cancelReplace(
            id, with: request, requiresCancel: random.below(2) == 0, from: account, at: market.now,
            balances: &market.balances)
        oracle.submitted(request, by: account, market)
    }

    private mutating func below(_ low: Int64, _ high: Int64) -> Int64 {
        low + Int64(random.below(UInt64(high - low + 1)))
    }
}
