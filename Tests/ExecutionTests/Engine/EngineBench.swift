import Strategies
import Testing
import TradingCore

@testable import Execution

/// What a scripted strategy wants, set by the test at any time.
///
/// Sendable though it can change: a bench, its engine and this live in one synchronous test, which never shares them.
final class Plan: @unchecked Sendable {
    var quotes: [Quote] = []
    var hanging: [ClientOrderID] = []
    var hold: HoldReason?
    var keeps = false
    var refreshNanoseconds = Nanoseconds.seconds(10)
    var watches = false
    var decidesOnFills = true
    var decisionCount = 0
    var fills: [Fill] = []
    var lastSituation: Situation?

    init(_ quotes: [Quote] = []) { self.quotes = quotes }
}

/// A strategy that wants what its plan says.
struct ScriptedStrategy: Strategy {
    let plan: Plan

    var watchesMarket: Bool { plan.watches }
    var decidesOnFills: Bool { plan.decidesOnFills }
    var readsOwnOrders: Bool { true }

    mutating func wantsDecision(_ book: borrowing OrderBook, now: Timestamp) -> Bool { plan.watches }

    mutating func decide(
        _ book: borrowing OrderBook, _ situation: borrowing Situation, into wanted: inout WantedQuotes
    ) -> Decision {
        plan.decisionCount += 1
        plan.lastSituation = copy situation
        let next = situation.now.advanced(byNanoseconds: plan.refreshNanoseconds)
        if let reason = plan.hold { return .hold(reason, next: next) }
        if plan.keeps { return .keep(next: next) }
        wanted.quotes = plan.quotes
        wanted.hanging = plan.hanging
        return .quote(next: next)
    }

    mutating func filled(_ fill: Fill, of order: OwnOrder, situation: borrowing Situation) { plan.fills.append(fill) }
}

/// An engine, a book and a clock, with short words for what happens to them. A tick is 0.01, a lot 0.001: one tick times
/// one lot is 0.00001 of quote. The market stands at 100.00 to 100.02.
final class EngineBench {
    static let start = Timestamp(nanoseconds: 1_700_000_000_000_000_000)

    var engine: ExecutionEngine
    var book = OrderBook()
    var now = EngineBench.start
    private var nextTrade: UInt64 = 1

    init(rules: TradingRules = EngineBench.rules, fees: FeeSchedule = .free, showsOwnOrders: Bool = false) throws {
        engine = try ExecutionEngine(
            instrument: try EngineBench.instrument(rules: rules, fees: fees), bookShowsOwnOrders: showsOwnOrders)
        market(10_000, 10_002)
        engine.marketRecovered(now: now)
    }

    /// A bench with one session, which has not decided yet.
    convenience init(
        _ plan: Plan, base: FixedDecimal = "100", quote: FixedDecimal = "100000", limits: RiskLimits = RiskLimits(),
        tolerance: QuoteTolerance = .exact, rules: TradingRules = EngineBench.rules
    ) throws {
        try self.init(rules: rules)
        try add(1, plan, base: base, quote: quote, limits: limits, tolerance: tolerance)
    }

    static let rules = TradingRules(priceRounding: .tick("0.01"), lotSize: "0.001")

    static func instrument(rules: TradingRules = rules, fees: FeeSchedule = .free) throws -> Instrument {
        Instrument(
            id: InstrumentID(
                exchange: ExchangeID(rawValue: "paper"), symbol: Symbol(base: AssetID("BTC"), quote: AssetID("USDT"))),
            unit: try BookUnit(price: "0.01", quantity: "0.001"), rules: rules, fees: fees)
    }

    func add(
        _ session: UInt16, _ plan: Plan, base: FixedDecimal = "100", quote: FixedDecimal = "100000",
        limits: RiskLimits = RiskLimits(), tolerance: QuoteTolerance = .exact, nextSequence: UInt32 = 0,
        budget: OrderBudget? = nil
    ) throws {
        engine.add(
            SessionConfiguration(
                installation: .bench, session: try #require(SessionID(session)), nextSequence: nextSequence,
                base: base, quote: quote, limits: limits, tolerance: tolerance, budget: budget),
            strategy: ScriptedStrategy(plan: plan), now: now)
    }

    var session: TradingSession { engine.sessions[0] }
    var orders: [TrackedOrder] { engine.sessions[0].orders }

    // MARK: - What happens

    /// A whole change of the touch.
    func market(_ bid: Int64, _ ask: Int64) {
        book.removeAll()
        if bid > 0 { book.set(.buy, ticks: bid, lots: 1_000) }
        if ask > 0 { book.set(.sell, ticks: ask, lots: 1_000) }
        engine.marketChanged(book, now: now)
    }

    func tell(_ event: AccountEvent) { engine.handle(event, book, now: now) }

    func tell(_ events: [AccountEvent]) { for event in events { tell(event) } }

    /// Lets time pass with everything that falls due in it; the market's stream stays alive.
    func pass(milliseconds: Int64, silently: Bool = false) {
        let end = now.advanced(byNanoseconds: Nanoseconds.milliseconds(milliseconds))
        var wakes = 0
        while engine.nextWake <= end {
            now = max(now, engine.nextWake)
            if !silently { engine.health.lastMarketData = now }
            engine.wake(book, now: now)
            wakes += 1
            guard wakes < 100_000 else {
                Issue.record("the engine does not let time pass")
                return
            }
        }
        now = end
        if !silently { engine.health.lastMarketData = now }
    }

    /// The engine decides now.
    func decide() {
        engine.setState(account: engine.health.accountState, now: now)
        pass(milliseconds: 0)
    }

    func fill(
        _ request: OrderRequest, lots: Int64? = nil, fee: FixedDecimal = .zero, in asset: FeeAsset = .quote
    ) -> Fill {
        defer { nextTrade += 1 }
        return Fill(
            tradeID: nextTrade, orderID: request.id, side: request.side, price: request.price,
            quantity: Quantity(lots: lots ?? request.quantity.lots), liquidity: .maker, fee: fee, feeAsset: asset,
            time: now)
    }

    func listed(_ orders: [ListedOrder], for session: UInt16 = 1) throws {
        engine.openOrdersListed(orders, for: try #require(SessionID(session)), book, now: now)
    }

    // MARK: - What the engine wants done

    func take() -> [ExecutionAction] {
        defer { engine.actions.removeAll() }
        return engine.actions
    }

    /// Takes all actions and gives the orders among them.
    func takePlaced() -> [OrderRequest] { take().placed }

    /// Lets the engine decide, and the exchange accept everything it places.
    func settle() -> [OrderRequest] {
        decide()
        let placed = takePlaced()
        for request in placed { tell(.accepted(request.id)) }
        return placed
    }
}

extension [ExecutionAction] {
    var placed: [OrderRequest] {
        compactMap { if case .place(let approved) = $0 { approved.value } else { nil } }
    }
    var cancelled: [ClientOrderID] { compactMap { if case .cancel(let id) = $0 { id } else { nil } } }
    var queried: [ClientOrderID] { compactMap { if case .query(let id) = $0 { id } else { nil } } }
    var alerts: [Alert] { compactMap { if case .alert(let alert) = $0 { alert } else { nil } } }
    var lists: Int { count { if case .listOpenOrders = $0 { true } else { false } } }
}

func bid(_ ticks: Int64, lots: Int64 = 1_000, level: UInt8 = 0, isPostOnly: Bool = true) -> Quote {
    Quote(
        side: .buy, level: level, price: Price(ticks: ticks), quantity: Quantity(lots: lots), isPostOnly: isPostOnly)
}

func ask(_ ticks: Int64, lots: Int64 = 1_000, level: UInt8 = 0, isPostOnly: Bool = true) -> Quote {
    Quote(
        side: .sell, level: level, price: Price(ticks: ticks), quantity: Quantity(lots: lots), isPostOnly: isPostOnly)
}

extension InstallationID {
    static var bench: InstallationID {
        guard let id = InstallationID(0) else { preconditionFailure("0 is an installation") }
        return id
    }
}

extension SessionID {
    /// The bench's first session.
    static var bench: SessionID {
        guard let id = SessionID(1) else { preconditionFailure("1 is a session") }
        return id
    }
}

extension ClientOrderIDSource {
    mutating func required() -> ClientOrderID {
        guard let id = next() else { preconditionFailure("no ids left") }
        return id
    }
}

/// A decimal's count of 10⁻¹⁸.
func raw(_ decimal: FixedDecimal) -> Int128 { decimal.raw }
