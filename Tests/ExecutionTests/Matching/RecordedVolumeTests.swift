import Testing
import TradingCore

@testable import Execution

@Suite("Recorded volume")
struct RecordedVolumeTests {
    private func openMarket(_ configuration: MatchingConfiguration = .init()) throws -> PaperMarket {
        let market = try PaperMarket(configuration: configuration)
        market.open(.bid(99, 10), .bid(98, 20), .ask(101, 10), .ask(102, 20))
        return market
    }

    @Test("a trade fills what it leaves after the queue, and no more")
    func tradeFills() throws {
        let market = try openMarket()
        market.place(market.alice, .buy, 5, at: 99)
        market.place(market.bob, .buy, 5, at: 99)
        market.events()
        market.feed(.sold(99, 10), .bid(99, 0))
        #expect(market.events() == [])
        market.feed(.sold(99, 7))
        #expect(market.events() == ["1 maker 5@99", "2 maker 2@99"])
        market.feed(.sold(99, 7))
        #expect(market.events() == ["2 maker 3@99"])
    }

    @Test("a trade beyond our price fills at our price, better prices first")
    func tradeThrough() throws {
        let market = try openMarket()
        market.place(market.alice, .buy, 5, at: 98)
        market.place(market.bob, .buy, 5, at: 100)
        market.events()
        market.feed(.sold(97, 8))
        #expect(market.events() == ["2 maker 5@100", "1 maker 3@98"])
    }

    @Test("volume newly standing across our price fills it once")
    func crossing() throws {
        let market = try openMarket()
        market.place(market.alice, .buy, 9, at: 100)
        market.events()
        market.feed(.ask(100, 4))
        #expect(market.events() == ["1 maker 4@100"])
        market.feed(.ask(100, 4))
        #expect(market.events() == [])
        market.feed(.ask(100, 6))
        #expect(market.events() == ["1 maker 2@100"])
        market.feed(.ask(100, 3))
        market.feed(.ask(100, 5))
        #expect(market.events() == ["1 maker 2@100"])
    }

    @Test("what was taken does not come back before the feed shows it")
    func consumed() throws {
        let market = try openMarket()
        let steps: [(PaperMarket.Step?, taken: [String])] = [
            (nil, ["taker 10@101", "taker 2@102"]),
            (nil, ["taker 12@102"]),
            (.ask(102, 20), ["taker 6@102"]),
            (.ask(101, 6), []),
            (.ask(101, 9), ["taker 3@101"]),
            (.ask(101, 0), []),
            (.ask(101, 2), ["taker 2@101"]),
        ]
        for (step, taken) in steps {
            if let step { market.feed(step) }
            let events = market.place(market.alice, .buy, 12, at: 102, .immediateOrCancel)
            #expect(
                events.filter { $0.contains("taker") }.map {
                    $0.split(separator: " ").dropFirst().joined(separator: " ")
                } == taken)
        }
    }

    @Test("a level hidden under a newer top does not bring back what was taken")
    func consumedUnderTop() throws {
        let market = try openMarket()
        market.feed(.topAsk(101, 5))
        market.place(market.alice, .buy, 5, at: 101, .immediateOrCancel)
        market.feed(.ask(101, 2))
        #expect(
            market.place(market.alice, .buy, 5, at: 101, .immediateOrCancel) == [
                "2 accepted", "2 expired immediateRemainder",
            ])
        market.feed(.topCleared)
        #expect(
            market.place(market.alice, .buy, 5, at: 101, .immediateOrCancel) == [
                "3 accepted", "3 expired immediateRemainder",
            ])
    }

    @Test("a gap does not bring back what was taken")
    func consumedOverGap() throws {
        let market = try openMarket()
        market.place(market.alice, .buy, 10, at: 101, .immediateOrCancel)
        market.feed(.gap)
        market.open(.bid(99, 10), .ask(101, 12), .ask(102, 20))
        #expect(market.place(market.alice, .buy, 9, at: 101, .immediateOrCancel).contains("2 taker 2@101"))
    }

    @Test("nothing trades before the first snapshot nor between a gap and the next")
    func closed() throws {
        let market = try PaperMarket()
        #expect(market.place(market.alice, .buy, 5, at: 100) == ["1 rejected marketClosed"])
        market.open(.bid(99, 10), .ask(101, 10))
        market.place(market.alice, .buy, 5, at: 100)
        market.feed(.gap)
        market.feed(.sold(98, 50))
        market.feed(.ask(97, 50))
        market.feed(.topAsk(97, 50))
        #expect(market.place(market.bob, .buy, 5, at: 100) == ["3 rejected marketClosed"])
        #expect(market.cancel(market.bob, 3) == ["3 cancelRejected unknownOrder"])
        market.feed(.reset, .bid(90, 5), .ask(99, 3))
        #expect(market.events() == ["2 maker 3@100"])
    }

    @Test("an incoming order meets recorded volume and orders in the order they stand")
    func takerPriority() throws {
        let market = try openMarket()
        market.place(market.alice, .sell, 4, at: 101)
        market.feed(.ask(101, 16))
        market.place(market.bob, .sell, 4, at: 101)
        market.place(market.bob, .sell, 4, at: 100)
        #expect(
            market.place(market.carol, .buy, 26, at: 102) == [
                "4 accepted", "4 taker 4@100", "3 maker 4@100", "4 taker 10@101", "4 taker 4@101", "1 maker 4@101",
                "4 taker 6@101", "4 taker 2@101", "2 maker 2@101",
            ])
        #expect(market.ahead(market.bob, 2) == 0)
    }

    @Test("with whole fills, a market order larger than the best level pays for all of it")
    func wholeMarketFunds() throws {
        let market = try PaperMarket(
            configuration: MatchingConfiguration(fillModel: .whole), deposits: [PaperMarket.quote: "1500"])
        market.open(.bid(99, 10), .ask(101, 10))
        #expect(market.place(market.alice, .buy, 20) == ["1 rejected insufficientBalance"])
        #expect(market.place(market.alice, .buy, 14) == ["2 accepted", "2 taker 14@101"])
        #expect(market.balance(market.alice, PaperMarket.quote) == "86")
    }
}
