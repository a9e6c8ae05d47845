import Testing
import TradingCore

@testable import Execution

@Suite("The book as an exchange shows it")
struct ShownBookTests {
    private func market() throws -> PaperMarket {
        let market = try PaperMarket(
            deposits: [PaperMarket.base: "1000", PaperMarket.quote: "100000"])
        market.open(.bid(99, 10), .bid(98, 4), .ask(101, 10), .ask(103, 5))
        return market
    }

    private func rest(_ market: PaperMarket, _ side: Side, _ lots: Int64, at price: Int64) -> ClientOrderID {
        let request = market.order(side, lots, at: price)
        market.engine.submit(request, from: market.alice, at: market.now, balances: &market.balances)
        return request.id
    }

    private func shown(_ market: PaperMarket, _ side: Side, limit: Int = .max) -> [[Int64]] {
        market.engine.shownLevels(side, limit: limit).map { [$0.price.ticks, $0.quantity.lots] }
    }

    @Test("holds recorded volume and orders of accounts, best first")
    func both() throws {
        let market = try market()
        market.place(market.alice, .buy, 3, at: 99)
        market.place(market.alice, .buy, 2, at: 100)
        market.place(market.alice, .sell, 7, at: 102)
        #expect(shown(market, .buy) == [[100, 2], [99, 13], [98, 4]])
        #expect(shown(market, .sell) == [[101, 10], [102, 7], [103, 5]])
        #expect(shown(market, .buy, limit: 2) == [[100, 2], [99, 13]])
        #expect(market.engine.shownLots(.buy, at: 99) == 13)
        #expect(market.engine.shownLots(.buy, at: 97) == 0)
    }

    @Test("lacks what has been taken, though the feed still shows it")
    func consumed() throws {
        let market = try market()
        market.engine.submit(market.order(.buy, 12), from: market.alice, at: market.now, balances: &market.balances)
        #expect(shown(market, .sell) == [[103, 3]])
    }

    @Test("An order can be made to fill, whatever the feed says")
    func forced() throws {
        let market = try market()
        let id = rest(market, .buy, 5, at: 90)
        let held = market.balance(market.alice, PaperMarket.base)
        let isPart = market.engine.fill(id, of: market.alice, lots: 2, at: market.now, balances: &market.balances)
        #expect(isPart)
        #expect(market.engine.remaining(of: id, account: market.alice) == Quantity(lots: 3))
        let isOthers = market.engine.fill(id, of: market.bob, lots: 2, at: market.now, balances: &market.balances)
        #expect(!isOthers)
        let isRest = market.engine.fill(id, of: market.alice, lots: 9, at: market.now, balances: &market.balances)
        #expect(isRest)
        #expect(market.engine.remaining(of: id, account: market.alice) == nil)
        #expect(held == "1000" && market.balance(market.alice, PaperMarket.base) == "1005")
        #expect(market.fills().map(\.quantity.lots) == [2, 3])
    }

    @Test(
        "An order made smaller keeps its place and frees its funds",
        arguments: [(3, true), (5, false), (0, false), (9, false)])
    func shrunk(remaining: Int64, isDone: Bool) throws {
        let market = try market()
        let id = rest(market, .buy, 5, at: 99)
        let ahead = market.engine.volumeAhead(of: id, account: market.alice)
        let hasShrunk = market.engine.shrink(
            id, of: market.alice, to: Quantity(lots: remaining), balances: &market.balances)
        #expect(hasShrunk == isDone)
        #expect(market.engine.volumeAhead(of: id, account: market.alice) == ahead)
        let locked = market.balances.balance(market.alice, market.engine.assets.quote).locked
        #expect(locked == FixedDecimal(99 * (isDone ? remaining : 5)))
        market.engine.cancel(id, from: market.alice, balances: &market.balances)
        #expect(market.balances.balance(market.alice, market.engine.assets.quote).locked == .zero)
    }
}
