import Scheduling
import Strategies
import Testing
import TradingCore

@testable import Execution

/// The engine against an exchange that loses, delays, repeats and reorders, with what must always hold checked after
/// every step.
@Suite("Engine against an adversarial exchange")
struct EngineModelTests {
    @Test(
        "H31 H32 H42 D24: keeps its promises whatever happens, and ends knowing exactly what the exchange knows",
        arguments: 1...80 as ClosedRange<UInt64>)
    func promises(seed: UInt64) throws {
        print("seed \(seed)")
        let run = try ModelRun(seed: seed)
        for _ in 0..<300 { run.step() }
        run.finish()
    }
}

/// One run from one seed.
private final class ModelRun {
    private let bench: EngineBench
    private var exchange: ScriptedExchange
    private var random: SplitMix64
    private let plans = [Plan(), Plan()]
    private let tolerance: QuoteTolerance
    private let seed: UInt64
    /// Orders whose placing's answer is lost and of which nothing has been heard since; orders heard of.
    private var doubtful: Set<ClientOrderID> = []
    private var heardOf: Set<ClientOrderID> = []
    private var placed: Set<ClientOrderID> = []
    private var foreign: Set<ClientOrderID> = []
    private var hasLateFills = false

    init(seed: UInt64) throws {
        self.seed = seed
        random = SplitMix64(seed: seed &* 7_919)
        bench = try EngineBench()
        exchange = ScriptedExchange(seed: seed, unit: bench.engine.instrument.unit)
        exchange.trouble = [0, 30, 100, 250][Int(seed % 4)]
        exchange.tellsFillsLate = seed % 5 == 0
        tolerance = QuoteTolerance(ticks: Int64(random.below(3)), overlapsReplacement: seed % 3 == 0)
        var limits = RiskLimits()
        limits.maximumConsecutiveRejects = 1_000
        limits.maximumDataAgeNanoseconds = nil
        for (index, plan) in plans.enumerated() {
            plan.refreshNanoseconds = Nanoseconds.milliseconds(50 + Int64(random.below(3_000)))
            let session = UInt16(index + 1)
            try bench.add(session, plan, base: "5", quote: "500", limits: limits, tolerance: tolerance)
            let id = bench.engine.sessions[index].id
            exchange.base[id] = raw("5")
            exchange.quote[id] = raw("500")
        }
        if seed % 2 == 0 {
            bench.engine.health.budget = OrderBudget(
                limit: 20, windowNanoseconds: Nanoseconds.seconds(2), cancelReserve: 4)
        }
        for number in 0..<3 {
            var ids = ClientOrderIDSource(
                installation: try #require(InstallationID(UInt8(1 + number))), session: .bench)
            let id = ids.required()
            foreign.insert(id)
            exchange.foreign.append(
                ListedOrder(id: id, side: .sell, price: Price(ticks: 11_000), remaining: Quantity(lots: 5)))
        }
    }

    // MARK: - Steps

    func step() {
        replan()
        switch random.below(40) {
        case 0: bench.engine.marketLost(now: bench.now)
        case 1...4: bench.engine.marketRecovered(now: bench.now)
        case 5: set([.active, .reducing, .halted][Int(random.below(3))])
        case 6, 7: set(.active)
        case 8...20: exchange.move(at: bench.now)
        case 21: exchange.receive(.list(bench.engine.sessions[Int(random.below(2))].id), at: bench.now)
        default: break
        }
        check()
        pass(Nanoseconds.milliseconds(Int64(random.below(300))))
    }

    private func set(_ state: TradingState) {
        if random.below(2) == 0 {
            bench.engine.setState(account: state, now: bench.now)
        } else {
            bench.engine.setState(
                state, of: bench.engine.sessions[Int(random.below(2))].id, reason: .operatorCommand, now: bench.now)
        }
    }

    private func replan() {
        let plan = plans[Int(random.below(2))]
        plan.hold = random.below(12) == 0 ? .suddenMove : nil
        plan.keeps = random.below(12) == 0
        guard random.below(3) == 0 else { return }
        plan.quotes = []
        let middle = 9_900 + Int64(random.below(200))
        for level in 0..<UInt8(1 + random.below(3)) {
            let distance = 1 + Int64(random.below(20)) + 20 * Int64(level)
            plan.quotes.append(bid(middle - distance, lots: 1 + Int64(random.below(2_000)), level: level))
            plan.quotes.append(ask(middle + distance, lots: 1 + Int64(random.below(2_000)), level: level))
        }
    }

    /// Time goes by: everything due on either side happens, in order.
    private func pass(_ nanoseconds: Int64) {
        let end = bench.now.advanced(byNanoseconds: nanoseconds)
        var count = 0
        while true {
            let due = min(exchange.nextDue, bench.engine.nextWake.nanoseconds)
            guard due <= end.nanoseconds else { break }
            bench.now = max(bench.now, Timestamp(nanoseconds: due))
            if let message = exchange.next(at: bench.now) { deliver(message) }
            if bench.engine.nextWake <= bench.now { bench.engine.wake(bench.book, now: bench.now) }
            check()
            count += 1
            guard count < 20_000 else {
                Issue.record("seed \(seed): time does not pass")
                return
            }
        }
        bench.now = end
    }

    private func deliver(_ message: ScriptedExchange.Message) {
        switch message {
        case .event(let event):
            hear(event)
            bench.tell(event)
        case .listed(let session, let orders):
            bench.engine.openOrdersListed(orders, for: session, bench.book, now: bench.now)
        case .place, .cancel, .query, .list: break
        }
    }

    /// What an engine may conclude from an event, kept apart from the engine.
    private func hear(_ event: AccountEvent) {
        let id = event.orderID
        switch event {
        case .outcomeUnknown: if !heardOf.contains(id) { doubtful.insert(id) }
        case .cancelRejected(_, .unknownOrder): break
        default:
            doubtful.remove(id)
            heardOf.insert(id)
        }
    }

    // MARK: - What must hold

    private func check() {
        let actions = bench.take()
        for action in actions { carryOut(action) }
        for session in bench.engine.sessions { check(session) }
        checkCross()
    }

    /// As an expectation, without its cost where all is well.
    private func require(_ holds: Bool, _ what: String) {
        if !holds { Issue.record("seed \(seed): \(what)") }
    }

    private func carryOut(_ action: ExecutionAction) {
        switch action {
        case .place(let approved):
            let request = approved.value
            #expect(placed.insert(request.id).inserted, "seed \(seed): an id is used once")
            #expect(
                !doubtful.contains { $0.session == request.id.session }, "seed \(seed): H32 placed while in doubt")
            exchange.receive(.place(request), at: bench.now)
        case .cancel(let id):
            #expect(placed.contains(id) && !foreign.contains(id), "seed \(seed): H31 D24 a foreign order")
            exchange.receive(.cancel(id), at: bench.now)
        case .query(let id): exchange.receive(.query(id), at: bench.now)
        case .listOpenOrders(let session): exchange.receive(.list(session), at: bench.now)
        case .alert(.fillOfUntracked): hasLateFills = true
        case .alert(.impossibleUpdate(let id, let status, let update)):
            Issue.record("seed \(seed): \(id) \(status) \(update) is called impossible and happened")
        case .alert: break
        }
    }

    private func check(_ session: TradingSession) {
        let unit = bench.engine.instrument.unit
        var (base, quote) = (Int128(0), Int128(0))
        var slots: [SIMD2<Int>: Int] = [:]
        for order in session.orders {
            if order.side == .buy {
                quote += unit.notional(order.price, order.remaining).raw
            } else {
                base += unit.decimal(order.remaining).raw
            }
            require(order.isLive, "ended orders are not kept")
            if !order.isLeaving { slots[SIMD2(Int(order.side.rawValue), Int(order.level)), default: 0] += 1 }
        }
        require(session.reservedBase == base && session.reservedQuote == quote, "reserved is the sum over live orders")
        require(session.reservedBase >= 0 && session.reservedQuote >= 0, "reserved is never negative")
        require(slots.values.allSatisfy { $0 == 1 }, "one order per slot")
        // Fills told after their order's end, and orders found at the exchange after it, are spent already.
        if !hasLateFills, session.phase == .running, session.orders.allSatisfy({ $0.level != .max }) {
            require(session.reservedBase <= session.base, "base is not promised twice")
            require(session.reservedQuote <= session.quote, "quote is not promised twice")
        }
        if session.phase == .stopped {
            #expect(!exchange.openIDs.contains { $0.session == session.id }, "seed \(seed): stopped with open orders")
        }
    }

    private func checkCross() {
        var (bid, ask) = (Int64(0), Int64.max)
        for id in exchange.openIDs {
            guard let request = exchange.orders[id]?.request else { continue }
            if request.side == .buy { bid = max(bid, request.price.ticks) } else { ask = min(ask, request.price.ticks) }
        }
        require(bid < ask, "own orders do not cross at the exchange")
    }

    // MARK: - The end

    func finish() {
        for session in bench.engine.sessions { bench.engine.stop(session.id, now: bench.now) }
        check()
        for _ in 0..<300 {
            if random.below(3) == 0 { exchange.move(at: bench.now) }
            pass(Nanoseconds.seconds(1))
        }
        exchange.trouble = 0
        pass(Nanoseconds.seconds(600))
        #expect(exchange.openIDs == [], "seed \(seed)")
        if !hasLateFills { #expect(exchange.uncovered == 0, "seed \(seed): never beyond the session's funds") }
        for session in bench.engine.sessions {
            #expect(session.phase == .stopped, "seed \(seed)")
            #expect(session.orders == [], "seed \(seed)")
            #expect(session.base == exchange.base[session.id], "seed \(seed)")
            #expect(session.quote == exchange.quote[session.id], "seed \(seed)")
            let fills = exchange.orders.values.filter { $0.request.id.session == session.id }.flatMap(\.fills)
            #expect(session.account.fillCount == fills.count, "seed \(seed)")
        }
    }
}
