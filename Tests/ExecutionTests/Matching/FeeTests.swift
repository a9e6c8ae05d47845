import Testing
import TradingCore

@testable import Execution

@Suite("Fees of fills")
struct FeeTests {
    private func market(_ fees: FeeSchedule, third: FixedDecimal = "0") throws -> PaperMarket {
        let market = try PaperMarket(
            fees: fees,
            deposits: [PaperMarket.base: "1000", PaperMarket.quote: "100000", PaperMarket.third: third])
        market.open(.bid(99, 10), .ask(101, 10))
        return market
    }

    private func fees(_ market: PaperMarket) -> [String] { market.fills().map { "\($0.fee) \($0.feeAsset)" } }

    @Test("come out of what is received, by who gave and who took")
    func received() throws {
        let market = try market(FeeSchedule(maker: "0.001", taker: "0.002"))
        market.place(market.alice, .buy, 5, at: 100)
        market.engine.submit(
            market.order(.sell, 5, at: 100), from: market.bob, at: market.now, balances: &market.balances)
        #expect(fees(market) == ["1 quote", "0.005 base"])
        #expect(market.balance(market.alice, PaperMarket.base) == "1004.995")
        #expect(market.balance(market.bob, PaperMarket.quote) == "100499")
        #expect(market.balance(PaperBalances.fees, PaperMarket.base) == "0.005")
        #expect(market.balance(PaperBalances.fees, PaperMarket.quote) == "1")
    }

    @Test(
        "are rounded up at the asset's digits, rebates down",
        arguments: [
            ("0.00033", 8, "0.0033"), ("0.00033", 3, "0.004"), ("0.00033", 0, "1"), ("-0.00033", 3, "-0.003"),
            ("-0.00033", 0, "0"), ("0", 2, "0"),
        ])
    func rounding(rate: String, digits: Int, fee: String) throws {
        let rate = try #require(FixedDecimal(rate))
        let market = try market(FeeSchedule(maker: "0", taker: rate, assetDigits: digits))
        market.engine.submit(market.order(.buy, 10), from: market.alice, at: market.now, balances: &market.balances)
        #expect(fees(market) == ["\(fee) base"])
    }

    @Test("never take more than is received")
    func dust() throws {
        let market = try PaperMarket(
            rules: TradingRules(priceRounding: .tick("1"), lotSize: "0.01"),
            fees: FeeSchedule(maker: "0", taker: "0.001", assetDigits: 0), deposits: [PaperMarket.quote: "1000"],
            unit: BookUnit(price: "1", quantity: "0.01"))
        market.open(.ask(101, 10))
        market.engine.submit(
            market.order(.buy, 5, at: 101), from: market.alice, at: market.now, balances: &market.balances)
        #expect(fees(market) == ["0.05 base"])
        #expect(market.balance(market.alice, PaperMarket.base) == "0")
    }

    @Test(
        "come out of a third asset with a discount, and of what is received when it is short",
        arguments: [
            ("1", "0.0025 other(0)", "0.9975"), ("0.0025", "0.0025 other(0)", "0"),
            ("0.00249999", "0.005 base", "0.00249999"),
        ])
    func third(have: String, fee: String, left: String) throws {
        // 5 at 100, 0.1 %, half off, at 100 USDT per BNB: 500 * 0.001 * 0.5 / 100.
        let market = try market(
            FeeSchedule(
                maker: "0", taker: "0.001", payment: .third(PaperMarket.third, priceInQuote: "100", discount: "0.5")),
            third: try #require(FixedDecimal(have)))
        market.place(market.bob, .sell, 5, at: 100)
        market.events()
        market.engine.submit(
            market.order(.buy, 5, at: 100), from: market.alice, at: market.now, balances: &market.balances)
        #expect(fees(market) == [fee, "0 quote"])
        #expect(market.balance(market.alice, PaperMarket.third) == left)
    }

    @Test("in the quote asset do not use up what a market buy still has to pay")
    func thirdIsQuote() throws {
        let market = try PaperMarket(
            fees: FeeSchedule(
                maker: "0", taker: "0.01", payment: .third(PaperMarket.quote, priceInQuote: "1", discount: "0")),
            deposits: [PaperMarket.quote: "2030"])
        market.open(.bid(99, 10), .ask(101, 10), .ask(102, 10))
        market.engine.submit(market.order(.buy, 20), from: market.alice, at: market.now, balances: &market.balances)
        // 2030 is the cost to the last USDT: no fee can come out of it.
        #expect(fees(market) == ["0.1 base", "0.1 base"])
        #expect(market.balance(market.alice, PaperMarket.quote) == "0")
    }
}
