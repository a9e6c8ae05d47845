import Strategies
import Testing
import TradingCore

@Suite("Refresh, delays and pauses")
struct TimingTests {
    private func desk(_ changes: [String: Value?] = [:]) throws -> Desk {
        let desk = try Desk(changes)
        try desk.show(bid: "99.99", ask: "100.01")
        return desk
    }

    // MARK: - Refresh

    @Test("between refreshes the ladder stands; at the refresh it moves")
    func refresh() throws {
        let desk = try desk()
        #expect(desk.decide(at: 0) == .quote(next: .milliseconds(1000)))
        try desk.show(bid: "100.99", ask: "101.01")
        #expect(desk.decide(at: 999) == .quote(next: .milliseconds(1000)), "an answer to a cancel, say")
        #expect(desk.prices(.buy) == ["99.9"])
        #expect(desk.decide(at: 1000) == .quote(next: .milliseconds(2000)))
        #expect(desk.prices(.buy) == ["100.89"])
    }

    @Test("a post-only quote makes room at once, also between refreshes")
    func makesRoom() throws {
        let desk = try desk()
        desk.decide(at: 0)
        try desk.show(bid: "98.99", ask: "99.01")
        desk.decide(at: 10)
        #expect(desk.prices(.buy) == ["99"])
    }

    @Test("after a fill the ladder is made anew")
    func afterAFill() throws {
        let desk = try desk()
        desk.decide(at: 0)
        try desk.restWanted()
        try desk.show(bid: "100.99", ask: "101.01")
        desk.situation.now = .milliseconds(500)
        try desk.fill(.sell)
        #expect(desk.decide(at: 500) == .quote(next: .milliseconds(1500)))
        #expect(desk.prices(.buy) == ["100.89"])
    }

    @Test("a maximum age shorter than the refresh time brings the refresh forward")
    func age() throws {
        let desk = try desk(["maximumOrderAge": .number("300")])
        #expect(desk.decide(at: 0) == .quote(next: .milliseconds(300)))
        let old = try self.desk(["maximumOrderAge": .number("5000")])
        #expect(old.decide(at: 0) == .quote(next: .milliseconds(1000)))
    }

    @Test(
        "a hold looks again within a second, or within the refresh time when that is shorter",
        arguments: [
            ("60000", Int64(1000)), ("1000", 1000), ("50", 50),
        ])
    func holds(refresh: String, next: Int64) throws {
        let desk = try Desk(["orderRefreshTime": .number(refresh)])
        #expect(desk.decide(at: 0) == .hold(.noReferencePrice, next: .milliseconds(next)))
    }

    @Test(
        "the refresh tolerance takes the larger of ticks and fraction",
        arguments: [
            (Int64(0), Int64(0), Int64(10_000), true), (0, 0, 10_001, false), (2, 0, 10_002, true), (2, 0, 9_998, true),
            (2, 0, 10_003, false), (0, 1_000_000_000, 10_010, true), (0, 1_000_000_000, 9_989, false),
            (5, 1_000_000_000, 10_010, true), (50, 1_000_000_000, 10_050, true),
        ])
    func tolerance(ticks: Int64, trillionths: Int64, live: Int64, isAccepted: Bool) {
        let tolerance = QuoteTolerance(ticks: ticks, trillionths: trillionths)
        #expect(tolerance.accepts(Price(ticks: live), for: Price(ticks: 10_000)) == isAccepted)
    }

    @Test("times at the end of the clock are held there")
    func endOfTime() throws {
        let desk = try desk(["fillDelay": .number("86400000")])
        desk.situation.now = .distantFuture
        let decision = desk.strategy.decide(desk.book, desk.situation, into: &desk.wanted)
        #expect(decision == .quote(next: .distantFuture))
        let past = try self.desk(["suddenMove": .number("0.1")])
        past.situation.now = .distantPast
        _ = past.strategy.decide(past.book, past.situation, into: &past.wanted)
        #expect(!past.wanted.quotes.isEmpty)
    }

    // MARK: - Requote

    @Test("a move of the touch beyond the requote fraction quotes between refreshes")
    func requote() throws {
        let desk = try desk(["requoteMove": .number("0.001")])
        #expect(desk.strategy.watchesMarket)
        desk.decide(at: 0)
        try desk.show(bid: "100.05", ask: "100.07")
        #expect(desk.look(at: 100) == nil, "0.06 %")
        try desk.show(bid: "100.12", ask: "100.14")
        #expect(desk.look(at: 200) == .quote(next: .milliseconds(1200)))
        #expect(desk.prices(.buy) == ["100.02"])
        #expect(desk.look(at: 300) == nil, "the book has not changed")
    }

    @Test("a touch that our own orders moved asks for a look and changes nothing")
    func requoteByOwnOrders() throws {
        let desk = try Desk(["requoteMove": .number("0.001")])
        desk.situation.bookShowsOwnOrders = true
        try desk.show(bid: "98", ask: "102")
        desk.decide(at: 0)
        let first = desk.wanted.quotes
        try desk.restWanted()
        #expect(desk.look(at: 10) == .quote(next: .milliseconds(1000)), "the refresh is not put off")
        #expect(desk.wanted.quotes == first)
        #expect(desk.look(at: 20) == nil)
    }

    @Test("for best_bid it is the bid's move that counts")
    func requoteBySource() throws {
        let desk = try desk(["requoteMove": .number("0.001"), "priceSourceType": .string("best_bid")])
        desk.decide(at: 0)
        try desk.show(bid: "99.99", ask: "101")
        #expect(desk.look(at: 100) == .quote(next: .milliseconds(1000)), "the ask has moved: looked at, and left")
        #expect(desk.prices(.buy) == ["99.89"])
        try desk.show(bid: "100.2", ask: "101")
        #expect(desk.look(at: 200) == .quote(next: .milliseconds(1200)))
        #expect(desk.prices(.buy) == ["100.09"])
    }

    @Test("a strategy that watches nothing is not asked")
    func watchesNothing() throws {
        let desk = try desk()
        #expect(!desk.strategy.watchesMarket)
        #expect(desk.strategy.decidesOnFills)
        #expect(desk.strategy.readsOwnOrders)
        #expect(try self.desk(["requoteMove": .number("0")]).strategy.watchesMarket == false)
        #expect(try self.desk(["suddenMove": .number("0.1")]).strategy.watchesMarket)
    }

    // MARK: - Delay after a fill

    @Test(
        "after a fill its side shows nothing new until the delay is over; the other side goes on",
        arguments: Side.allCases)
    func fillDelay(side: Side) throws {
        let desk = try desk(["fillDelay": .number("300")])
        desk.decide(at: 0)
        try desk.restWanted()
        desk.situation.now = .milliseconds(100)
        try desk.fill(side)
        #expect(desk.decide(at: 100) == .quote(next: .milliseconds(400)))
        #expect(desk.prices(side).isEmpty)
        #expect(desk.prices(side.opposite).count == 1)
        desk.decide(at: 399)
        #expect(desk.prices(side).isEmpty)
        try desk.show(bid: "100.99", ask: "101.01")
        #expect(desk.decide(at: 400) == .quote(next: .milliseconds(1400)), "anew, around the price of now")
        #expect(desk.prices(.buy) == ["100.89"])
        #expect(desk.prices(.sell) == ["101.11"])
    }

    @Test("layers that still rest stay during the delay, unless they have become better than their quote")
    func restingLayers() throws {
        let desk = try desk(["fillDelay": .number("300"), "numberOfLayers": .number("3")])
        desk.decide(at: 0)
        try desk.restWanted()
        desk.situation.now = .milliseconds(100)
        try desk.fill(.buy)
        let resting = desk.situation.ownOrders.filter { $0.side == .buy }.map(\.id)
        desk.decide(at: 100)
        #expect(desk.prices(.buy).isEmpty)
        #expect(desk.wanted.hanging == resting)

        try desk.show(bid: "98.99", ask: "99.01")
        try desk.fill(.sell)
        desk.decide(at: 150)
        #expect(desk.wanted.hanging.allSatisfy { !resting.contains($0) }, "bids for a price of 100 do not stay at 99")
    }

    @Test("the rest of a partly filled order may stay")
    func partlyFilled() throws {
        let desk = try desk(["fillDelay": .number("300")])
        desk.decide(at: 0)
        try desk.restWanted()
        let id = try #require(desk.situation.ownOrders.first { $0.side == .buy }?.id)
        try desk.fill(.buy, "0.4")
        desk.decide(at: 0)
        #expect(desk.wanted.hanging == [id])
        #expect(desk.prices(.buy).isEmpty)
    }

    @Test("two sides wait each for its own time")
    func bothSides() throws {
        let desk = try desk(["fillDelay": .number("300")])
        desk.decide(at: 0)
        try desk.restWanted()
        try desk.fill(.buy)
        desk.situation.now = .milliseconds(200)
        try desk.fill(.sell)
        #expect(desk.decide(at: 200) == .quote(next: .milliseconds(300)), "not a hold: it waits")
        #expect(desk.wanted.quotes.isEmpty)
        #expect(desk.decide(at: 300) == .quote(next: .milliseconds(500)))
        #expect(desk.prices(.buy).count == 1)
        #expect(desk.prices(.sell).isEmpty)
    }

    // MARK: - Sudden moves

    private static let sudden: [String: Value?] = [
        "suddenMove": .number("0.01"), "suddenMoveWindow": .number("1000"), "suddenMovePause": .number("5000"),
        "orderRefreshTime": .number("100"),
    ]

    @Test(
        "a move beyond the threshold within the window takes everything off for the pause",
        arguments: [
            ("100.9", false), ("101", false), ("101.02", true), ("99.1", false), ("98.98", true), ("150", true),
        ])
    func suddenMove(price: String, isSudden: Bool) throws {
        let desk = try desk(Self.sudden)
        desk.decide(at: 0)
        let mid = try decimal(price)
        try desk.show(bid: mid.subtracting("0.01"), ask: mid.adding("0.01"))
        let decision = desk.decide(at: 500)
        #expect(
            decision == (isSudden ? .hold(.suddenMove, next: .milliseconds(5500)) : .quote(next: .milliseconds(600))))
        guard isSudden else { return }
        #expect(desk.wanted.quotes.isEmpty)
        #expect(desk.decide(at: 5499) == .hold(.suddenMove, next: .milliseconds(5500)))
        #expect(desk.look(at: 5499) == nil)
        #expect(desk.decide(at: 5500) == .quote(next: .milliseconds(5600)))
    }

    @Test("the same move over a longer time is no sudden one")
    func slowMove() throws {
        let desk = try desk(Self.sudden)
        for step in 0...100 as ClosedRange<Int64> {
            let mid = FixedDecimal(raw: (100_000 + Int128(step) * 100) * 1_000_000_000_000_000)
            try desk.show(bid: mid.subtracting("0.01"), ask: mid.adding("0.01"))
            let decision = desk.decide(at: step * 200)
            #expect(decision == .quote(next: .milliseconds(step * 200 + 100)), "0.1 % in 200 ms")
        }
    }

    @Test("between refreshes a sudden move is seen as it happens")
    func seenAtOnce() throws {
        var changes = Self.sudden
        changes["orderRefreshTime"] = .number("60000")
        let desk = try desk(changes)
        desk.decide(at: 0)
        for step in 1...9 as ClosedRange<Int64> {
            let mid = FixedDecimal(raw: (100_000 + Int128(step) * 100) * 1_000_000_000_000_000)
            try desk.show(bid: mid.subtracting("0.01"), ask: mid.adding("0.01"))
            #expect(desk.look(at: step * 50) == .quote(next: .milliseconds(60_000)))
            #expect(desk.prices(.buy) == ["99.9"], "a look is no refresh")
        }
        try desk.show(bid: "101.4", ask: "101.42")
        #expect(desk.look(at: 501) == .hold(.suddenMove, next: .milliseconds(5501)))
    }

    @Test(
        "a wide book is not a move, whatever the price source",
        arguments: PureMarketMakingParameters.PriceSource.allCases)
    func wideBook(source: PureMarketMakingParameters.PriceSource) throws {
        var changes = Self.sudden
        changes["priceSourceType"] = .string(source.rawValue)
        let desk = try Desk(changes)
        desk.situation.lastTradePrice = try desk.price("95")
        try desk.show(bid: "90", ask: "110")
        let isWanted = desk.strategy.wantsDecision(desk.book, now: .milliseconds(0))
        #expect(isWanted)
        for step in 0...20 as ClosedRange<Int64> {
            try desk.add(.buy, "90", step % 2 == 0 ? "0.01" : "0.02")
            _ = desk.look(at: step * 50)
            #expect(desk.decide(at: step * 50) != .hold(.suddenMove, next: .milliseconds(step * 50 + 5000)))
        }
    }

    @Test("a fill of our own order that moves the shown touch is not a move")
    func ownFill() throws {
        let desk = try Desk(Self.sudden)
        desk.situation.bookShowsOwnOrders = true
        try desk.show(bid: "90", ask: "110")
        desk.decide(at: 0)
        try desk.restWanted()
        _ = desk.look(at: 20)
        let ask = try #require(desk.situation.ownOrders.first { $0.side == .sell })
        desk.book.set(.sell, ticks: ask.price.ticks, lots: 0)
        try desk.fill(.sell)
        #expect(desk.look(at: 40) == .quote(next: .milliseconds(140)))
    }

    @Test("any number of looks within the window costs the same memory and still finds the move")
    func manyLooks() throws {
        let desk = try desk(Self.sudden)
        for step in 0..<20_000 as Range<Int64> {
            desk.situation.now = Timestamp(nanoseconds: step * 50_000)
            desk.wanted.removeAll()
            let decision = desk.strategy.decide(desk.book, desk.situation, into: &desk.wanted)
            if case .hold = decision { Issue.record("paused at \(step)") }
        }
        try desk.show(bid: "105", ask: "105.02")
        #expect(desk.decide(at: 1001) == .hold(.suddenMove, next: .milliseconds(6001)))
    }
}
