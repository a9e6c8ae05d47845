import Execution
import Simulators
import Strategies
import TradingCore

/// Joins the best bid and the best ask with a small quantity and follows them: what a market maker without an edge does.
struct TouchQuoter: Strategy {
    let quantity: Quantity
    private var bid: Price?
    private var ask: Price?

    init(quantity: Quantity) { self.quantity = quantity }

    let watchesMarket = true
    let decidesOnFills = true
    let readsOwnOrders = false

    mutating func wantsDecision(_ book: borrowing OrderBook, now: Timestamp) -> Bool {
        book.bestBid != bid || book.bestAsk != ask
    }

    mutating func decide(
        _ book: borrowing OrderBook, _ situation: borrowing Situation, into wanted: inout WantedQuotes
    ) -> Decision {
        (bid, ask) = (book.bestBid, book.bestAsk)
        if let bid { wanted.quotes.append(Quote(side: .buy, level: 0, price: bid, quantity: quantity)) }
        if let ask { wanted.quotes.append(Quote(side: .sell, level: 0, price: ask, quantity: quantity)) }
        return .quote(next: situation.now.advanced(byNanoseconds: Nanoseconds.perSecond))
    }

    mutating func filled(_ fill: Fill, of order: OwnOrder, situation: borrowing Situation) {}

    struct Outcome {
        var fills: Int
        /// In quote, and per quote traded.
        var markout1s: FixedDecimal
        var markout1sBasisPoints: Double
    }

    /// Quotes 0.001 BTC on each side of a generated market, cautiously matched, 5 ms from the exchange.
    static func run(seed: UInt64, seconds: Int64) throws -> Outcome {
        let instrument = GeneratedMarket.instrument
        let (base, quote) = (instrument.base, instrument.quote)
        var balances = PaperBalances(assets: [base, quote])
        let account = balances.openAccount()
        if let asset = balances.index(of: base) { try balances.deposit("10", asset, to: account) }
        if let asset = balances.index(of: quote) { try balances.deposit("1000000", asset, to: account) }
        var simulation = try TradingSimulation(
            instrument: instrument, balances: balances, account: account,
            latencies: Latencies(feed: 0, order: 5_000_000, answer: 5_000_000),
            matching: MatchingConfiguration(queueModel: .tradesOnly))
        let session = SessionID.first
        simulation.recorder = PerformanceRecorder(
            session: session, unit: instrument.unit, base: "10", quote: "1000000")
        simulation.add(
            SessionConfiguration(installation: .first, session: session, base: "10", quote: "1000000"),
            strategy: TouchQuoter(quantity: Quantity(lots: 100_000)))
        var configuration = MarketGeneratorConfiguration.liquid
        configuration.durationNanoseconds = Nanoseconds.seconds(seconds)
        var market = GeneratedMarket(seed: seed, configuration: configuration)
        var records: [MarketRecord] = []
        while market.read(into: &records) {
            for record in records { simulation.apply(record) }
            records.removeAll(keepingCapacity: true)
        }
        simulation.finishMeasuring()
        let second = simulation.recorder?.markouts.first
        return Outcome(
            fills: simulation.engine.sessions.first?.account.fillCount ?? 0,
            markout1s: second?.value(instrument.unit) ?? .zero, markout1sBasisPoints: second?.basisPoints ?? 0)
    }
}
