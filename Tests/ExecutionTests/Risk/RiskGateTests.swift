import Strategies
import Testing
import TradingCore

@testable import Execution

@Suite("Risk gate")
struct RiskGateTests {
    /// A request, its surroundings, and what the gate says. Everything passes until a test changes it.
    struct Situation {
        var rules = EngineBench.rules
        var limits = RiskLimits()
        var quote = bid(9_990)
        var budget: OrderBudget?
        var context = RiskGate.Context(
            state: .active, blockage: nil, highestBuy: 10_200, lowestSell: 9_800, positionLots: 0, openBuyLots: 0,
            openSellLots: 0, openOrders: 0, accountOrders: 0, freeBase: FixedDecimal(1_000).raw,
            freeQuote: FixedDecimal(1_000_000).raw, ownBestBid: 0, ownBestAsk: .max, now: EngineBench.start)

        mutating func expect(_ expected: RiskRefusal?, _ place: SourceLocation = #_sourceLocation) throws {
            let refusal = try self.refusal()
            #expect(refusal == expected, sourceLocation: place)
        }

        mutating func refusal() throws -> RiskRefusal? {
            var ids = ClientOrderIDSource(installation: .bench, session: .bench)
            let request = OrderRequest(
                id: ids.required(), side: quote.side, isPostOnly: true, price: quote.price,
                quantity: quote.quantity)
            let gate = RiskGate(limits, rules: try OrderRules(try EngineBench.instrument(rules: rules)))
            switch gate.judge(request, context, budget: &budget) {
            case .success(let approved):
                #expect(approved.value == request)
                return nil
            case .failure(let refusal): return refusal
            }
        }
    }

    struct Edge: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var refusal: RiskRefusal
        var code: String
        /// The last that passes, and the first that does not.
        var good: @Sendable (inout Situation) -> Void
        var bad: @Sendable (inout Situation) -> Void
    }

    static let edges: [Edge] = [
        Edge(
            testDescription: "halted", refusal: .tradingHalted, code: "TRADING_HALTED",
            good: { $0.context.state = .active }, bad: { $0.context.state = .halted }),
        Edge(
            testDescription: "reducing a short by all of it", refusal: .onlyReducing, code: "ONLY_REDUCING",
            good: { ($0.context.state, $0.context.positionLots) = (.reducing, -1_000) },
            bad: { ($0.context.state, $0.context.positionLots) = (.reducing, -999) }),
        Edge(
            testDescription: "reducing a long with open sells", refusal: .onlyReducing, code: "ONLY_REDUCING",
            good: {
                $0.quote = ask(10_010)
                ($0.context.state, $0.context.positionLots, $0.context.openSellLots) = (.reducing, 1_500, 500)
            },
            bad: {
                $0.quote = ask(10_010)
                ($0.context.state, $0.context.positionLots, $0.context.openSellLots) = (.reducing, 1_500, 501)
            }),
        Edge(
            testDescription: "a buy while flat and reducing", refusal: .onlyReducing, code: "ONLY_REDUCING",
            good: { _ in }, bad: { $0.context.state = .reducing }),
        Edge(
            testDescription: "own orders unknown", refusal: .ownOrdersUnknown, code: "OWN_ORDERS_UNKNOWN",
            good: { $0.context.blockage = nil }, bad: { $0.context.blockage = .ownOrdersUnknown }),
        Edge(
            testDescription: "a price off the tick", refusal: .rule(.priceStep), code: "RULE_PRICE_FILTER",
            good: { ($0.rules.priceRounding, $0.quote) = (.tick("0.1"), bid(9_990)) },
            bad: { ($0.rules.priceRounding, $0.quote) = (.tick("0.1"), bid(9_991)) }),
        Edge(
            testDescription: "below the exchange's notional", refusal: .rule(.minimumNotional), code: "RULE_NOTIONAL",
            good: { ($0.rules.minimumNotional, $0.quote) = ("10", bid(10_000, lots: 100)) },
            bad: { ($0.rules.minimumNotional, $0.quote) = ("10", bid(10_000, lots: 99)) }),
        Edge(
            testDescription: "a lot of nothing", refusal: .rule(.quantityRange), code: "RULE_LOT_SIZE",
            good: { $0.quote = bid(9_990, lots: 1) }, bad: { $0.quote = bid(9_990, lots: 0) }),
        Edge(
            testDescription: "a buy above the collar", refusal: .priceCollar, code: "PRICE_COLLAR",
            good: { $0.quote = bid(10_200) }, bad: { $0.quote = bid(10_201) }),
        Edge(
            testDescription: "a sell below the collar", refusal: .priceCollar, code: "PRICE_COLLAR",
            good: { $0.quote = ask(9_800) }, bad: { $0.quote = ask(9_799) }),
        Edge(
            testDescription: "too much base in one order", refusal: .orderQuantity, code: "ORDER_QUANTITY",
            good: { $0.limits.maximumOrderQuantity = "1" }, bad: { $0.limits.maximumOrderQuantity = "0.9999999" }),
        Edge(
            testDescription: "too much quote in one order", refusal: .orderNotional, code: "ORDER_NOTIONAL",
            good: { $0.limits.maximumOrderNotional = "99.9" }, bad: { $0.limits.maximumOrderNotional = "99.899999" }),
        Edge(
            testDescription: "a position too long with the open buys", refusal: .positionLimit, code: "POSITION_LIMIT",
            good: {
                $0.limits.maximumPosition = "2"
                ($0.context.positionLots, $0.context.openBuyLots) = (400, 600)
            },
            bad: {
                $0.limits.maximumPosition = "2"
                ($0.context.positionLots, $0.context.openBuyLots) = (400, 601)
            }),
        Edge(
            testDescription: "a position too short with the open sells", refusal: .positionLimit,
            code: "POSITION_LIMIT",
            good: {
                ($0.limits.maximumPosition, $0.quote) = ("2", ask(10_010))
                ($0.context.positionLots, $0.context.openSellLots) = (-400, 600)
            },
            bad: {
                ($0.limits.maximumPosition, $0.quote) = ("2", ask(10_010))
                ($0.context.positionLots, $0.context.openSellLots) = (-401, 600)
            }),
        Edge(
            testDescription: "too many open orders of the session", refusal: .openOrdersLimit,
            code: "OPEN_ORDERS_LIMIT",
            good: { $0.context.openOrders = 199 }, bad: { $0.context.openOrders = 200 }),
        Edge(
            testDescription: "too many open orders of the account", refusal: .openOrdersLimit,
            code: "OPEN_ORDERS_LIMIT",
            good: { ($0.rules.maximumOpenOrders, $0.context.accountOrders) = (5, 4) },
            bad: { ($0.rules.maximumOpenOrders, $0.context.accountOrders) = (5, 5) }),
        Edge(
            testDescription: "quote short by the last digit", refusal: .insufficientBalance,
            code: "INSUFFICIENT_BALANCE",
            good: { $0.context.freeQuote = raw("99.9") },
            bad: { $0.context.freeQuote = raw("99.9") - 1 }),
        Edge(
            testDescription: "base short by the last digit", refusal: .insufficientBalance,
            code: "INSUFFICIENT_BALANCE",
            good: { ($0.quote, $0.context.freeBase) = (ask(10_010), FixedDecimal.one128) },
            bad: { ($0.quote, $0.context.freeBase) = (ask(10_010), FixedDecimal.one128 - 1) }),
        Edge(
            testDescription: "a buy at an own ask", refusal: .ownOrderCross, code: "OWN_ORDER_CROSS",
            good: { $0.context.ownBestAsk = 9_991 }, bad: { $0.context.ownBestAsk = 9_990 }),
        Edge(
            testDescription: "a sell at an own bid", refusal: .ownOrderCross, code: "OWN_ORDER_CROSS",
            good: { ($0.quote, $0.context.ownBestBid) = (ask(10_010), 10_009) },
            bad: { ($0.quote, $0.context.ownBestBid) = (ask(10_010), 10_010) }),
        Edge(
            testDescription: "the budget used up", refusal: .orderBudget, code: "ORDER_BUDGET",
            good: { $0.budget = OrderBudget(limit: 2, windowNanoseconds: 1_000, cancelReserve: 0) },
            bad: {
                var budget = OrderBudget(limit: 2, windowNanoseconds: 1_000, cancelReserve: 0)
                _ = budget.takeOrder(at: EngineBench.start)
                $0.budget = budget
            }),
    ]

    @Test("refuses one step beyond every bound and not on it", arguments: edges)
    func edge(_ edge: Edge) throws {
        var situation = Situation()
        edge.good(&situation)
        try situation.expect(nil)
        edge.bad(&situation)
        try situation.expect(edge.refusal)
        #expect(edge.refusal.code == edge.code)
    }

    @Test("draws on the budget only for what passes everything else")
    func budgetIsLast() throws {
        var situation = Situation()
        let full = OrderBudget(limit: 2, windowNanoseconds: 1_000, cancelReserve: 0)
        situation.budget = full
        situation.context.freeQuote = 0
        try situation.expect(.insufficientBalance)
        #expect(situation.budget == full)
    }

    @Test("bounds that are not set bind nothing")
    func unbounded() throws {
        var situation = Situation()
        situation.limits.priceCollarTrillionths = nil
        situation.limits.maximumOpenOrders = .max
        situation.quote = bid(1 << 39, lots: 1_000_000)
        (situation.context.highestBuy, situation.context.freeQuote) = (.max, .max)
        try situation.expect(nil)
    }

    struct HealthCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var refusal: RiskRefusal?
        var change: @Sendable (inout AccountHealth, inout RiskLimits) -> Void
    }

    @Test(
        "the account's health blocks everything one step beyond its bounds",
        arguments: [
            HealthCase(testDescription: "healthy", refusal: nil) { _, _ in },
            HealthCase(testDescription: "gap", refusal: .stalePublicData) { health, _ in health.marketIsTrusted = false
            },
            HealthCase(testDescription: "market at its age", refusal: nil) { health, limits in
                limits.maximumDataAgeNanoseconds = 500
                health.lastMarketData.nanoseconds -= 500
            },
            HealthCase(testDescription: "market older", refusal: .stalePublicData) { health, limits in
                limits.maximumDataAgeNanoseconds = 500
                health.lastMarketData.nanoseconds -= 501
            },
            HealthCase(testDescription: "account at its age", refusal: nil) { health, limits in
                limits.maximumAccountDataAgeNanoseconds = 500
                health.lastAccountData.nanoseconds -= 500
            },
            HealthCase(testDescription: "account older", refusal: .stalePrivateData) { health, limits in
                limits.maximumAccountDataAgeNanoseconds = 500
                health.lastAccountData.nanoseconds -= 501
            },
            HealthCase(testDescription: "account never heard of", refusal: .stalePrivateData) { health, limits in
                limits.maximumAccountDataAgeNanoseconds = Nanoseconds.perDay
                health.lastAccountData = .distantPast
            },
            HealthCase(testDescription: "clock at its skew", refusal: nil) { health, limits in
                health.clockSkewNanoseconds = -limits.maximumClockSkewNanoseconds
            },
            HealthCase(testDescription: "clock ahead", refusal: .clockSkew) { health, limits in
                health.clockSkewNanoseconds = limits.maximumClockSkewNanoseconds + 1
            },
            HealthCase(testDescription: "clock behind", refusal: .clockSkew) { health, limits in
                health.clockSkewNanoseconds = -limits.maximumClockSkewNanoseconds - 1
            },
            HealthCase(testDescription: "drift", refusal: .balanceDrift) { health, _ in health.hasBalanceDrift = true },
        ])
    func health(_ example: HealthCase) {
        var health = AccountHealth()
        var limits = RiskLimits()
        health.marketIsTrusted = true
        (health.lastMarketData, health.lastAccountData) = (EngineBench.start, EngineBench.start)
        example.change(&health, &limits)
        #expect(health.blockage(DataLimits(limits), at: EngineBench.start) == example.refusal)
    }

    @Test("the collar's exact edge is a fraction of the mid, rounded towards the market")
    func collarEdge() throws {
        // The mid is 10 001; 0.2 % of it is 20.002: buys to 10 021, sells from 9 981.
        for (quote, passes) in [(bid(10_021), true), (bid(10_022), false), (ask(9_981), true), (ask(9_980), false)] {
            var limits = RiskLimits()
            limits.priceCollarTrillionths = 2_000_000_000
            let bench = try EngineBench(Plan([quote]), limits: limits)
            bench.decide()
            #expect(bench.takePlaced().count == (passes ? 1 : 0))
            #expect(bench.session.refusals == (passes ? [:] : [.priceCollar: 1]))
        }
    }

    @Test("a session without ids left places nothing more, and is halted so that everybody is told")
    func idsExhausted() throws {
        let bench = try EngineBench()
        try bench.add(1, Plan([bid(9_990), ask(10_010)]), nextSequence: (1 << 26) - 1)
        #expect(bench.settle().count == 1)
        #expect(bench.session.refusals == [.orderIDsExhausted: 1])
        #expect(bench.session.state == .halted && bench.session.haltReason == .orderIDsExhausted)
        #expect(HaltReason.orderIDsExhausted.code == "ORDER_IDS_EXHAUSTED")
        #expect(RiskRefusal.orderIDsExhausted.code == "ORDER_IDS_EXHAUSTED")
    }

    @Test("an order kept back uses up no id")
    func idsAreGivenBack() throws {
        let plan = Plan([bid(20_000), bid(9_990, level: 1)])
        let bench = try EngineBench(plan)
        #expect(bench.settle().map(\.id.sequence) == [0])
    }

    @Test("the codes are distinct and stable")
    func codes() {
        let codes: [RiskRefusal: String] = [
            .stalePublicData: "STALE_PUBLIC_DATA", .stalePrivateData: "STALE_PRIVATE_DATA", .clockSkew: "CLOCK_SKEW",
            .balanceDrift: "BALANCE_DRIFT",
        ]
        for (refusal, code) in codes { #expect(refusal.code == code) }
        #expect(
            Set(HaltReason.allCases.map(\.code)) == [
                "MAXIMUM_LOSS", "MAXIMUM_DRAWDOWN", "CONSECUTIVE_REJECTS", "OPERATOR", "ORDER_IDS_EXHAUSTED",
                "UNCOVERED_ORDER", "MISMATCHED_FILL", "ABSURD_BOOKS",
            ])
    }
}
