import Testing
import TradingCore

@testable import Execution

@Suite("Self-trade prevention")
struct SelfTradePreventionTests {
    /// Alice sells 5 at 101 behind 10 recorded lots, 4 more stand behind; 20 stand at 102. Then she buys.
    struct Case: Sendable, CustomTestStringConvertible {
        var mode: SelfTradePrevention
        var lots: Int64
        /// 0 is a market order.
        var price: Int64 = 102
        var expected: [String]

        var testDescription: String { "\(mode), \(lots) at \(price)" }

        static let all: [Case] = [
            .init(
                mode: .none, lots: 17, expected: ["2 taker 10@101", "2 taker 5@101", "1 maker 5@101", "2 taker 2@101"]),
            .init(mode: .expireTaker, lots: 17, expected: ["2 taker 10@101", "2 expired selfTradePrevention"]),
            .init(mode: .expireTaker, lots: 10, expected: ["2 taker 10@101"]),
            .init(
                mode: .expireMaker, lots: 17,
                expected: ["2 taker 10@101", "1 expired selfTradePrevention", "2 taker 4@101", "2 taker 3@102"]),
            .init(
                mode: .expireBoth, lots: 17,
                expected: ["2 taker 10@101", "1 expired selfTradePrevention", "2 expired selfTradePrevention"]),
            .init(mode: .decrement, lots: 12, expected: ["2 taker 10@101", "2 expired selfTradePrevention"]),
            .init(
                mode: .decrement, lots: 17,
                expected: [
                    "2 taker 10@101", "1 expired selfTradePrevention", "2 taker 2@101", "2 expired selfTradePrevention",
                ]),
            .init(
                mode: .decrement, lots: 15,
                expected: ["2 taker 10@101", "1 expired selfTradePrevention", "2 expired selfTradePrevention"]),
            .init(
                mode: .decrement, lots: 22, price: 0,
                expected: [
                    "2 taker 10@101", "1 expired selfTradePrevention", "2 taker 4@101", "2 taker 3@102",
                    "2 expired selfTradePrevention",
                ]),
            .init(
                mode: .expireTaker, lots: 17, price: 0, expected: ["2 taker 10@101", "2 expired selfTradePrevention"]),
        ]
    }

    @Test("does what its mode says", arguments: Case.all)
    func modes(item: Case) throws {
        let market = try PaperMarket()
        market.open(.bid(99, 10), .ask(101, 10), .ask(102, 20))
        market.place(market.alice, .sell, 5, at: 101)
        market.feed(.ask(101, 14))
        let events = market.place(market.alice, .buy, item.lots, at: item.price, prevention: item.mode)
        #expect(events == ["2 accepted"] + item.expected)
        if item.mode == .decrement, item.lots == 12 {
            #expect(market.balance(market.alice, PaperMarket.base) == "1007 + 3")
            #expect(market.engine.openOrders(of: market.alice).map(\.remaining.lots) == [3])
        }
    }

    @Test("orders of other accounts always trade")
    func others() throws {
        let market = try PaperMarket()
        market.open(.bid(99, 10), .ask(105, 10))
        market.place(market.bob, .sell, 5, at: 101)
        #expect(market.place(market.alice, .buy, 5, at: 101) == ["2 accepted", "2 taker 5@101", "1 maker 5@101"])
    }

    @Test("a market buy that decrements an own order pays only for what it trades, and all of it")
    func decrementFunds() throws {
        // 10 at 101, then 5 decremented, then 5 at 102: 1520.
        for (funds, expected) in [
            ("1519", ["2 rejected insufficientBalance"]),
            (
                "1520",
                [
                    "2 accepted", "2 taker 10@101", "1 expired selfTradePrevention", "2 taker 5@102",
                    "2 expired selfTradePrevention",
                ]
            ),
        ] {
            let market = try PaperMarket(deposits: [
                PaperMarket.quote: try #require(FixedDecimal(funds)), PaperMarket.base: "5",
            ])
            market.open(.bid(99, 10), .ask(101, 10), .ask(102, 20))
            market.place(market.alice, .sell, 5, at: 101)
            #expect(market.place(market.alice, .buy, 20, prevention: .decrement) == expected)
        }
    }
}
