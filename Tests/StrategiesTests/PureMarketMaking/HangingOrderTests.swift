import Strategies
import Testing
import TradingCore

@Suite("Hanging orders")
struct HangingOrderTests {
    private func desk(_ changes: [String: Value?] = [:]) throws -> Desk {
        var all: [String: Value?] = ["hangingOrders": .bool(true), "numberOfLayers": .number("2")]
        for (name, value) in changes { all[name] = .some(value) }
        let desk = try Desk(all)
        try desk.show(bid: "99.99", ask: "100.01")
        desk.decide()
        try desk.restWanted()
        return desk
    }

    private func id(_ desk: Desk, _ side: Side, _ level: UInt8 = 0) throws -> ClientOrderID {
        try #require(desk.situation.ownOrders.last { $0.side == side && $0.level == level }?.id)
    }

    @Test(
        "when one of a pair is filled the other hangs, and the pair is quoted anew", arguments: Side.allCases,
        [0, 1] as [UInt8])
    func hangs(side: Side, level: UInt8) throws {
        let desk = try desk()
        let pair = try id(desk, side.opposite, level)
        try desk.fill(side, level: level)
        desk.decide(at: 10)
        #expect(desk.wanted.hanging == [pair])
        #expect(desk.wanted.quotes.count == 4)
    }

    @Test("a partial fill makes nothing hang; without the parameter nothing ever does")
    func doesNotHang() throws {
        let desk = try desk()
        try desk.fill(.buy, "0.5")
        desk.decide(at: 10)
        #expect(desk.wanted.hanging.isEmpty)

        let plain = try self.desk(["hangingOrders": .bool(false)])
        try plain.fill(.buy)
        plain.decide(at: 10)
        #expect(plain.wanted.hanging.isEmpty)
    }

    @Test("a filled hanging order ends its pair: the newer order opposite does not hang for it")
    func ends() throws {
        let desk = try desk()
        let hanging = try id(desk, .sell)
        try desk.fill(.buy)
        desk.decide(at: 10)
        try desk.restWanted()
        #expect(desk.situation.ownOrders.count == 5)
        try desk.fill(hanging)
        desk.decide(at: 20)
        #expect(desk.wanted.hanging.isEmpty)
    }

    @Test("a second pair hangs beside the first")
    func twoPairs() throws {
        let desk = try desk()
        let first = try id(desk, .sell)
        try desk.fill(.buy)
        desk.decide(at: 10)
        try desk.restWanted()
        let second = try id(desk, .sell)
        try desk.fill(.buy)
        desk.decide(at: 20)
        #expect(first != second)
        #expect(desk.wanted.hanging == [first, second])
    }

    @Test("a hanging order that the market has left behind, or that is gone, is given up")
    func givenUp() throws {
        let desk = try desk(["hangingOrdersCancelDistance": .number("0.02")])
        let hanging = try id(desk, .sell)
        try desk.fill(.buy)
        try desk.show(bid: "98.2", ask: "98.22")
        desk.decide(at: 10)
        #expect(desk.wanted.hanging == [hanging], "100.1 is 1.9 % from 98.21")
        try desk.show(bid: "98.1", ask: "98.12")
        desk.decide(at: 20)
        #expect(desk.wanted.hanging.isEmpty, "100.1 is 2.02 % from 98.11, though no refresh is due")
    }

    @Test("what hangs holds its funds")
    func funds() throws {
        let desk = try desk()
        desk.situation.base = "3"
        try desk.fill(.buy, level: 1)
        desk.decide(at: 10)
        #expect(desk.quotes(.sell) == ["100.1 x 1", "100.2 x 1"], "one of three hangs")
        desk.situation.base = "2.5"
        try desk.fill(.buy)
        desk.decide(at: 20)
        #expect(desk.wanted.hanging.count == 2)
        #expect(desk.quotes(.sell) == ["100.1 x 0.5"])
    }

    @Test("new quotes do not trade with what hangs, post-only or not", arguments: [true, false])
    func ownCross(isPostOnly: Bool) throws {
        let desk = try desk(["postOnly": .bool(isPostOnly), "numberOfLayers": .number("1")])
        try desk.fill(.buy)
        try desk.show(bid: "102", ask: "102.02")
        desk.decide(at: 10)
        #expect(desk.wanted.hanging.count == 1)
        #expect(desk.prices(.buy) == ["100.09"], "below the sell that hangs at 100.1")
        #expect(desk.prices(.sell) == ["102.12"])
    }

    @Test("at most fifty hang; the oldest is given up")
    func limit() throws {
        let desk = try desk(["numberOfLayers": .number("1")])
        var hanging: [ClientOrderID] = []
        for round in 0..<60 as Range<Int64> {
            hanging.append(try id(desk, .sell))
            desk.situation.now = .milliseconds(round)
            try desk.fill(try id(desk, .buy))
            desk.decide(at: round)
            #expect(desk.wanted.hanging.count == min(50, Int(round) + 1))
            try desk.restWanted()
        }
        #expect(desk.wanted.hanging == Array(hanging.suffix(50)))
    }

    @Test("a hold takes what hangs off the book too")
    func hold() throws {
        let desk = try desk()
        try desk.fill(.buy)
        try desk.show(bid: "101", ask: "100")
        #expect(desk.decide(at: 10) == .hold(.crossedBook, next: .milliseconds(1010)))
        #expect(desk.wanted.hanging.isEmpty)
    }
}
