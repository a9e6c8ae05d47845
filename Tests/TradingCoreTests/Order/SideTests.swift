import Testing
import TradingCore

@Suite("Side")
struct SideTests {
    @Test(
        "a better price is a higher bid or a lower ask; equal is not better",
        arguments: [(101, 100, true, false), (100, 100, false, false), (99, 100, false, true)]
            as [(Int64, Int64, Bool, Bool)])
    func better(price: Int64, other: Int64, forBids: Bool, forAsks: Bool) {
        let (price, other) = (Price(ticks: price), Price(ticks: other))
        #expect(Side.buy.isBetter(price, than: other) == forBids)
        #expect(Side.sell.isBetter(price, than: other) == forAsks)
    }

    @Test(
        "a limit crosses a resting price it reaches or passes",
        arguments: [(101, 100, true, false), (100, 100, true, true), (99, 100, false, true)]
            as [(Int64, Int64, Bool, Bool)])
    func crosses(limit: Int64, resting: Int64, buys: Bool, sells: Bool) {
        let (limit, resting) = (Price(ticks: limit), Price(ticks: resting))
        #expect(Side.buy.crosses(limit, resting) == buys)
        #expect(Side.sell.crosses(limit, resting) == sells)
    }

    @Test("the marker of an empty side is crossed by nothing")
    func markers() {
        #expect(!Side.buy.crosses(Price(ticks: .max - 1), Price(ticks: .max)))
        #expect(!Side.sell.crosses(Price(ticks: 1), Price(ticks: 0)))
    }

    @Test("each side has an opposite and a sign")
    func opposites() {
        #expect(Side.allCases.map(\.opposite) == [.sell, .buy])
        #expect(Side.allCases.map(\.sign) == [1, -1])
    }
}
