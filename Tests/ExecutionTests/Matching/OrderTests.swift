import Testing
import TradingCore

@testable import Execution

@Suite("Orders at the matching engine")
struct OrderTests {
    private func openMarket(_ rules: TradingRules = .plain, fees: FeeSchedule = .free) throws -> PaperMarket {
        let market = try PaperMarket(rules: rules, fees: fees)
        market.open(.bid(99, 10), .bid(98, 20), .ask(101, 10), .ask(102, 20))
        return market
    }

    @Test("trade what their type and time in force allow")
    func timeInForce() throws {
        let market = try openMarket()
        #expect(market.place(market.alice, .buy, 12, at: 101) == ["1 accepted", "1 taker 10@101"])
        #expect(market.balance(market.alice, PaperMarket.quote) == "98788 + 202")
        #expect(
            market.place(market.bob, .sell, 5, at: 101, .immediateOrCancel) == [
                "2 accepted", "2 taker 2@101", "1 maker 2@101", "2 expired immediateRemainder",
            ])
        #expect(market.place(market.bob, .buy, 21, at: 102, .fillOrKill) == ["3 accepted", "3 expired notFillable"])
        #expect(market.place(market.bob, .buy, 20, at: 102, .fillOrKill) == ["4 accepted", "4 taker 20@102"])
        #expect(market.place(market.bob, .buy, 1) == ["5 rejected noLiquidity"])
        #expect(
            market.place(market.bob, .sell, 40) == [
                "6 accepted", "6 taker 10@99", "6 taker 20@98", "6 expired immediateRemainder",
            ])
        #expect(market.place(market.bob, .sell, 1) == ["7 rejected noLiquidity"])
        #expect(market.balance(market.bob, PaperMarket.base) == "988")
    }

    @Test("post-only never takes, neither recorded volume nor orders, its own included")
    func postOnly() throws {
        let market = try openMarket()
        #expect(market.place(market.alice, .buy, 5, at: 101, isPostOnly: true) == ["1 rejected wouldTake"])
        #expect(market.place(market.alice, .sell, 5, at: 100, isPostOnly: true) == ["2 accepted"])
        #expect(market.place(market.alice, .buy, 5, at: 100, isPostOnly: true) == ["3 rejected wouldTake"])
        #expect(market.place(market.bob, .buy, 5, at: 100, isPostOnly: true) == ["4 rejected wouldTake"])
        #expect(market.place(market.bob, .buy, 5, .goodTillCancelled, isPostOnly: true) == ["5 rejected other"])
        #expect(market.place(market.bob, .buy, 5, at: 99, .fillOrKill, isPostOnly: true) == ["6 rejected other"])
        // All of 101 taken: there is nothing to take there until the feed shows it.
        market.place(market.bob, .buy, 15, at: 101, .immediateOrCancel)
        #expect(market.place(market.bob, .buy, 5, at: 101, isPostOnly: true) == ["8 accepted"])
    }

    @Test("a whole-or-nothing order counts only what it would really reach")
    func fillOrKillBehindOwnOrder() throws {
        let market = try openMarket()
        market.place(market.alice, .sell, 5, at: 101)
        market.feed(.ask(101, 25))
        // 25 recorded lots stand at 101, but only 10 of them before Alice's own order.
        #expect(market.place(market.alice, .buy, 20, at: 101, .fillOrKill) == ["2 accepted", "2 expired notFillable"])
        #expect(market.place(market.alice, .buy, 10, at: 101, .fillOrKill) == ["3 accepted", "3 taker 10@101"])
        #expect(
            market.place(market.alice, .buy, 15, at: 101, .fillOrKill, prevention: .expireMaker) == [
                "4 accepted", "1 expired selfTradePrevention", "4 taker 15@101",
            ])
    }

    @Test("cancels and cancel-replaces end exactly one order of their account")
    func cancels() throws {
        let market = try openMarket()
        market.place(market.alice, .buy, 5, at: 99)
        #expect(market.cancel(market.bob, 1) == ["1 cancelRejected unknownOrder"])
        let replacement = market.order(.buy, 6, at: 98)
        market.engine.cancelReplace(
            try #require(ClientOrderID(rawValue: 1)), with: replacement, from: market.alice, at: market.now,
            balances: &market.balances)
        #expect(market.events() == ["1 cancelled", "2 accepted"])
        #expect(market.balance(market.alice, PaperMarket.quote) == "99412 + 588")
        for (requiresCancel, expected) in [(true, "rejected other"), (false, "accepted")] {
            let next = market.order(.buy, 1, at: 97)
            market.engine.cancelReplace(
                try #require(ClientOrderID(rawValue: 1)), with: next, requiresCancel: requiresCancel,
                from: market.alice, at: market.now, balances: &market.balances)
            #expect(market.events() == ["1 cancelRejected unknownOrder", "\(next.id) \(expected)"])
        }
        #expect(market.cancel(market.alice, 2) == ["2 cancelled"])
        #expect(market.cancel(market.alice, 4) == ["4 cancelled"])
        #expect(market.balance(market.alice, PaperMarket.quote) == "100000")
        #expect(market.engine.restingCount == 0)
    }

    @Test("an id is used once while its order rests")
    func duplicate() throws {
        let market = try openMarket()
        let request = market.order(.buy, 5, at: 99)
        market.engine.submit(request, from: market.alice, at: market.now, balances: &market.balances)
        market.engine.submit(request, from: market.alice, at: market.now, balances: &market.balances)
        market.engine.submit(request, from: market.bob, at: market.now, balances: &market.balances)
        #expect(market.events() == ["1 accepted", "1 rejected duplicateID", "1 accepted"])
    }

    @Test("an amount beyond counting is more than anyone owns, not a small one")
    func overflow() throws {
        // 2^40 ticks and lots chosen so that their quote value wraps around 2^128 to almost nothing.
        let market = try PaperMarket(
            rules: TradingRules(priceRounding: .tick("0.01"), lotSize: "0.00001"),
            deposits: [PaperMarket.quote: "1000"], unit: BookUnit(price: "0.01", quantity: "0.00001"))
        market.open(.bid(99, 10), .ask(101, 10))
        for lots in [3_094_850_098_213_451, 3_094_850_098_213_450, 1 << 60, 1 << 58] as [Int64] {
            #expect(
                market.place(market.alice, .buy, lots, at: 1 << 40).last?.hasSuffix("rejected insufficientBalance")
                    == true)
            #expect(market.place(market.alice, .sell, lots).last?.hasSuffix("rejected insufficientBalance") == true)
        }
    }

    struct RuleCase: Sendable, CustomTestStringConvertible {
        var name: String
        var rules: @Sendable (inout TradingRules) -> Void
        var side = Side.buy
        var lots: Int64
        var price: Int64 = 0
        var expected: String

        var testDescription: String { "\(name): \(side) \(lots)@\(price) \(expected)" }

        static let all: [RuleCase] = [
            .init(
                name: "least price", rules: { $0.minimumPrice = "50" }, lots: 5, price: 49,
                expected: "rejected priceRange"),
            .init(name: "least price", rules: { $0.minimumPrice = "50" }, lots: 5, price: 50, expected: "accepted"),
            .init(
                name: "largest price", rules: { $0.maximumPrice = "150" }, side: .sell, lots: 5, price: 151,
                expected: "rejected priceRange"),
            .init(
                name: "tick", rules: { $0.priceRounding = .tick("5") }, lots: 5, price: 94,
                expected: "rejected priceStep"),
            .init(name: "tick", rules: { $0.priceRounding = .tick("5") }, lots: 5, price: 95, expected: "accepted"),
            .init(
                name: "digits", rules: { $0.priceRounding = .significantDigits(2) }, side: .sell, lots: 5, price: 121,
                expected: "rejected priceStep"),
            .init(name: "lot", rules: { $0.lotSize = "5" }, lots: 4, price: 95, expected: "rejected quantityStep"),
            .init(name: "lot", rules: { $0.lotSize = "5" }, lots: 4, expected: "rejected quantityStep"),
            .init(
                name: "least quantity", rules: { $0.minimumQuantity = "3" }, lots: 2, price: 95,
                expected: "rejected quantityRange"),
            .init(name: "no quantity", rules: { _ in }, lots: 0, price: 95, expected: "rejected quantityRange"),
            .init(name: "negative quantity", rules: { _ in }, lots: -5, price: 95, expected: "rejected quantityRange"),
            .init(name: "no price", rules: { _ in }, lots: 5, price: -1, expected: "rejected priceRange"),
            .init(
                name: "largest quantity", rules: { $0.maximumQuantity = "30" }, lots: 31, price: 95,
                expected: "rejected quantityRange"),
            .init(
                name: "largest market quantity", rules: { $0.maximumMarketQuantity = "8" }, lots: 9,
                expected: "rejected quantityRange"),
            .init(
                name: "least notional", rules: { $0.minimumNotional = "500" }, lots: 5, price: 99,
                expected: "rejected minimumNotional"),
            .init(
                name: "least notional", rules: { $0.minimumNotional = "500" }, lots: 5, price: 100, expected: "accepted"
            ),
            .init(
                name: "least notional of a market order", rules: { $0.minimumNotional = "506" }, lots: 5,
                expected: "rejected minimumNotional"),
            .init(
                name: "largest notional", rules: { $0.maximumNotional = "500" }, lots: 6, price: 95,
                expected: "rejected maximumNotional"),
            .init(
                name: "band", rules: { $0.priceBand = .tenPercent }, lots: 5, price: 89, expected: "rejected priceBand"),
            .init(name: "band", rules: { $0.priceBand = .tenPercent }, lots: 5, price: 90, expected: "accepted"),
            .init(
                name: "band", rules: { $0.priceBand = .tenPercent }, side: .sell, lots: 5, price: 111,
                expected: "rejected priceBand"),
            .init(
                name: "position", rules: { $0.maximumPosition = "1010" }, lots: 11, price: 95,
                expected: "rejected position"),
            .init(name: "position", rules: { $0.maximumPosition = "1010" }, lots: 10, price: 95, expected: "accepted"),
            .init(
                name: "position does not bind sells", rules: { $0.maximumPosition = "10" }, side: .sell, lots: 10,
                price: 120, expected: "accepted"),
            .init(name: "funds", rules: { _ in }, lots: 1_001, price: 100, expected: "rejected insufficientBalance"),
            .init(
                name: "funds", rules: { _ in }, side: .sell, lots: 1_001, price: 120,
                expected: "rejected insufficientBalance"),
            .init(
                name: "funds of a market order", rules: { _ in }, side: .sell, lots: 1_001,
                expected: "rejected insufficientBalance"),
        ]
    }

    @Test("keep every rule of the instrument", arguments: RuleCase.all)
    func rules(item: RuleCase) throws {
        var rules = TradingRules.plain
        item.rules(&rules)
        let market = try openMarket(rules)
        market.feed(.bought(100, 5))
        #expect(market.place(market.alice, item.side, item.lots, at: item.price) == ["1 \(item.expected)"])
    }

    @Test("the number of open orders is limited per account")
    func openOrders() throws {
        var rules = TradingRules.plain
        rules.maximumOpenOrders = 2
        let market = try openMarket(rules)
        for _ in 0..<2 { market.place(market.alice, .buy, 1, at: 90) }
        #expect(market.place(market.alice, .buy, 1, at: 90) == ["3 rejected openOrders"])
        #expect(market.place(market.bob, .buy, 1, at: 90) == ["4 accepted"])
        market.cancel(market.alice, 1)
        #expect(market.place(market.alice, .buy, 1, at: 90) == ["5 accepted"])
        market.feed(.sold(80, 9))
        #expect(market.place(market.alice, .buy, 1, at: 90) == ["6 accepted"])
    }

    @Test(
        "a market order on an empty side finds no liquidity, whatever the notional rule says", arguments: Side.allCases)
    func emptySide(side: Side) throws {
        var rules = TradingRules.plain
        rules.minimumNotional = "10"
        let market = try PaperMarket(rules: rules)
        market.open(side == .buy ? .bid(99, 10) : .ask(101, 10))
        #expect(market.place(market.alice, side, 5) == ["1 rejected noLiquidity"])
    }

    @Test("the average price forgets trades after five minutes")
    func averagePrice() throws {
        var rules = TradingRules.plain
        rules.priceBand = .tenPercent
        let market = try openMarket(rules)
        market.feed(.bought(200, 5))
        #expect(market.place(market.alice, .buy, 5, at: 95) == ["1 rejected priceBand"])
        market.feed(after: 5 * 60_000, .bid(90, 1))
        #expect(market.place(market.alice, .buy, 5, at: 95) == ["2 accepted"])
    }
}

extension TradingRules {
    static var plain: TradingRules { TradingRules(priceRounding: .tick("1"), lotSize: "1") }
}

extension PriceBand {
    static var tenPercent: PriceBand { PriceBand(bidDown: "0.9", bidUp: "1.1", askDown: "0.9", askUp: "1.1") }
}
