import Testing
import TradingCore

@testable import Execution

/// A bid of ours for 5 at 100 joins behind 10 recorded lots; then messages come, and after each this much is ahead.
struct QueueCase: Sendable, CustomTestStringConvertible {
    var name: String
    var window: Int64 = 0
    var messages: [(after: Int64, steps: [PaperMarket.Step])]
    /// Hand-computed, after each message.
    var tradesOnly: [Int64]
    var proportional: [Int64]
    var front: [Int64]

    var testDescription: String { name }

    func expected(_ model: QueueModel) -> [Int64] {
        switch model {
        case .tradesOnly: tradesOnly
        case .proportional: proportional
        case .front: front
        }
    }

    static let all: [QueueCase] = [
        QueueCase(
            name: "what joins later stands behind", messages: [(1, [.bid(100, 16)])],
            tradesOnly: [10], proportional: [10], front: [10]),
        QueueCase(
            name: "a cancel of 4 among 16", messages: [(1, [.bid(100, 16)]), (1, [.bid(100, 12)])],
            tradesOnly: [10, 10], proportional: [10, 8], front: [10, 6]),
        QueueCase(
            name: "nothing can be ahead that is not there", messages: [(1, [.bid(100, 3)]), (1, [.bid(100, 30)])],
            tradesOnly: [3, 3], proportional: [3, 3], front: [3, 3]),
        QueueCase(
            name: "a trade and its update in one message",
            messages: [(1, [.bid(100, 16)]), (1, [.sold(100, 4), .bid(100, 12)])],
            tradesOnly: [10, 6], proportional: [10, 6], front: [10, 6]),
        QueueCase(
            name: "the update before its trade, in one message",
            messages: [(1, [.bid(100, 16)]), (1, [.bid(100, 12), .sold(100, 4)])],
            tradesOnly: [10, 6], proportional: [10, 6], front: [10, 6]),
        QueueCase(
            // Trade: 6 ahead of 12. Then 3 cancels: 3 * 6 / 12 = 1 from ahead, or all 3.
            name: "a trade of 4 and cancels of 3 in one message",
            messages: [(1, [.bid(100, 16)]), (1, [.sold(100, 4), .bid(100, 9)])],
            tradesOnly: [10, 6], proportional: [10, 5], front: [10, 3]),
        QueueCase(
            // 6 ahead of 12, cancels leave 2.
            name: "cancels that reach into what is ahead",
            messages: [(1, [.bid(100, 16)]), (1, [.sold(100, 4), .bid(100, 2)])],
            tradesOnly: [10, 2], proportional: [10, 1], front: [10, 0]),
        QueueCase(
            name: "a trade at a better price does not reach the level",
            messages: [(1, [.bid(101, 5)]), (1, [.sold(101, 5), .bid(101, 0)])],
            tradesOnly: [10, 10], proportional: [10, 10], front: [10, 10]),
        QueueCase(
            name: "updates of other levels do not count", messages: [(1, [.bid(99, 3), .bid(101, 2), .ask(105, 1)])],
            tradesOnly: [10], proportional: [10], front: [10]),
        QueueCase(
            name: "trade first, its update 100 ms later", window: 250,
            messages: [(1, [.bid(100, 16)]), (10, [.sold(100, 4)]), (100, [.bid(100, 12)]), (400, [.bid(90, 1)])],
            tradesOnly: [10, 6, 6, 6], proportional: [10, 6, 6, 6], front: [10, 6, 6, 6]),
        QueueCase(
            name: "update first, its trade 219 ms later", window: 250,
            messages: [(1, [.bid(100, 16)]), (10, [.bid(100, 12)]), (219, [.sold(100, 4)]), (400, [.bid(90, 1)])],
            tradesOnly: [10, 10, 6, 6], proportional: [10, 10, 6, 6], front: [10, 10, 6, 6]),
        QueueCase(
            // The level shows 8, so at most 8 are ahead, 2 of the trade's 8 have then been counted already.
            name: "update first, reaching into what is ahead, then its trade", window: 250,
            messages: [(1, [.bid(100, 16)]), (10, [.bid(100, 8)]), (50, [.sold(100, 8)]), (400, [.bid(90, 1)])],
            tradesOnly: [10, 8, 2, 2], proportional: [10, 8, 2, 2], front: [10, 8, 2, 2]),
        QueueCase(
            name: "an update that no trade explains is cancels after the window", window: 250,
            messages: [(1, [.bid(100, 16)]), (10, [.bid(100, 12)]), (249, [.bid(90, 1)]), (1, [.bid(90, 2)])],
            tradesOnly: [10, 10, 10, 10], proportional: [10, 10, 10, 8], front: [10, 10, 10, 6]),
        QueueCase(
            // At 260 ms the first drop is cancels (3 * 10 / 16 = 1); the second still waits for its trade.
            name: "every drop waits its own window", window: 250,
            messages: [
                (1, [.bid(100, 16)]), (1, [.bid(100, 13)]), (200, [.bid(100, 11)]), (60, [.bid(90, 1)]),
                (40, [.sold(100, 2)]), (400, [.bid(90, 2)]),
            ],
            tradesOnly: [10, 10, 10, 10, 8, 8], proportional: [10, 10, 10, 9, 7, 7], front: [10, 10, 10, 7, 5, 5]),
        QueueCase(
            // The second trade still waits when the first one's time is over.
            name: "every trade waits its own window", window: 250,
            messages: [
                (1, [.bid(100, 16)]), (1, [.sold(100, 3)]), (200, [.sold(100, 2)]), (60, [.bid(90, 1)]),
                (40, [.bid(100, 14)]), (400, [.bid(90, 2)]),
            ],
            tradesOnly: [10, 7, 5, 5, 5, 5], proportional: [10, 7, 5, 5, 5, 5], front: [10, 7, 5, 5, 5, 5]),
        QueueCase(
            name: "six drops within a window all wait for their trades", window: 250,
            messages: [
                (1, [.bid(100, 30)]), (10, [.bid(100, 29)]), (10, [.bid(100, 28)]), (10, [.bid(100, 27)]),
                (10, [.bid(100, 26)]), (10, [.bid(100, 25)]), (10, [.bid(100, 24)]), (100, [.sold(100, 6)]),
                (600, [.bid(90, 1)]),
            ],
            tradesOnly: [10, 10, 10, 10, 10, 10, 10, 4, 4], proportional: [10, 10, 10, 10, 10, 10, 10, 4, 4],
            front: [10, 10, 10, 10, 10, 10, 10, 4, 4]),
        QueueCase(
            name: "a top tells of its level", messages: [(1, [.topBid(100, 7)]), (1, [.topBid(100, 9)])],
            tradesOnly: [7, 7], proportional: [7, 7], front: [7, 7]),
        QueueCase(
            name: "a worse top leaves nothing ahead", messages: [(1, [.topBid(99, 7)])],
            tradesOnly: [0], proportional: [0], front: [0]),
        QueueCase(
            name: "a level under a newer top tells nothing",
            messages: [(1, [.topBid(100, 9)]), (1, [.bid(100, 4)]), (1, [.topCleared])],
            tradesOnly: [9, 9, 4], proportional: [9, 9, 4], front: [9, 9, 4]),
        QueueCase(
            name: "a snapshot after a gap tells of levels that it lacks, too",
            messages: [(1, [.gap]), (1, [.sold(100, 3)]), (1, [.reset, .bid(99, 5), .ask(110, 5)])],
            tradesOnly: [10, 10, 0], proportional: [10, 10, 0], front: [10, 10, 0]),
        QueueCase(
            name: "a snapshot after a gap limits what is ahead",
            messages: [(1, [.gap]), (1, [.reset, .bid(100, 6), .ask(110, 5)])],
            tradesOnly: [10, 6], proportional: [10, 6], front: [10, 6]),
    ]
}

@Suite("Queues of resting orders")
struct QueueTests {
    @Test("advance as their model says", arguments: QueueCase.all, QueueModel.allCases)
    func advance(item: QueueCase, model: QueueModel) throws {
        let market = try PaperMarket(
            configuration: MatchingConfiguration(queueModel: model, reportWindowNanoseconds: item.window * 1_000_000))
        market.open(.bid(100, 10), .bid(99, 20), .ask(110, 10))
        market.place(market.alice, .buy, 5, at: 100)
        var ahead: [Int64] = []
        for message in item.messages {
            market.feed(after: message.after, message.steps)
            ahead.append(market.ahead(market.alice, 1) ?? -1)
        }
        #expect(ahead == item.expected(model))
        #expect(market.fills().isEmpty)
    }

    @Test(
        "an order that joins between a drop and its trade loses nothing to that trade", arguments: QueueModel.allCases)
    func joinAfterDrop(model: QueueModel) throws {
        let market = try PaperMarket(
            configuration: MatchingConfiguration(queueModel: model, reportWindowNanoseconds: 250_000_000))
        market.open(.bid(100, 16), .ask(110, 10))
        market.feed(.bid(100, 12))
        market.place(market.alice, .buy, 5, at: 100)
        market.feed(after: 100, .sold(100, 4))
        #expect(market.ahead(market.alice, 1) == 12)
        market.feed(after: 1, .sold(100, 3))
        #expect(market.ahead(market.alice, 1) == 9)
        market.feed(after: 100, .bid(100, 9))
        market.feed(after: 600, .bid(90, 1))
        #expect(market.ahead(market.alice, 1) == 9)
    }

    @Test("an order that joins where a level has just gone is not filled by the late trade that took it")
    func joinAfterLevelGone() throws {
        let market = try PaperMarket(configuration: MatchingConfiguration(reportWindowNanoseconds: 250_000_000))
        market.open(.bid(100, 4), .bid(99, 4), .ask(110, 10))
        market.feed(.topBid(99, 4))
        market.place(market.alice, .buy, 5, at: 100)
        market.events()
        market.feed(after: 50, .sold(100, 4))
        #expect(market.events() == [])
        market.feed(after: 50, .sold(100, 2))
        #expect(market.events() == ["1 maker 2@100"])
    }

    @Test("an order that joins between a trade and its drop is not set back by either")
    func joinAfterTrade() throws {
        let market = try PaperMarket(configuration: MatchingConfiguration(reportWindowNanoseconds: 250_000_000))
        market.open(.bid(100, 16), .ask(110, 10))
        market.feed(.sold(100, 4))
        market.place(market.alice, .buy, 5, at: 100)
        market.feed(after: 50, .bid(100, 12))
        #expect(market.ahead(market.alice, 1) == 12)
        market.feed(after: 50, .sold(100, 2))
        #expect(market.ahead(market.alice, 1) == 10)
    }

    @Test(
        "what an earlier order of ours takes of a trade does not advance the later one", arguments: QueueModel.allCases)
    func sharedTrade(model: QueueModel) throws {
        let market = try PaperMarket(configuration: MatchingConfiguration(queueModel: model))
        market.open(.bid(100, 20), .ask(110, 10))
        market.place(market.alice, .buy, 5, at: 101)
        market.place(market.bob, .buy, 5, at: 100)
        market.feed(.bid(100, 30))
        market.events()
        // Alice takes 5 of the 8; the record shows all 8 gone from the level, and none of it is a cancel.
        market.feed(.sold(100, 8), .bid(100, 22))
        #expect(market.events() == ["1 maker 5@101"])
        #expect(market.ahead(market.bob, 2) == 17)
    }

    @Test("a later order never overtakes an earlier one at its price through volume that orders consumed")
    func noOvertaking() throws {
        let market = try PaperMarket()
        market.open(.bid(100, 10), .ask(110, 10))
        market.place(market.alice, .buy, 5, at: 100)
        market.place(market.carol, .sell, 4, at: 100, .immediateOrCancel)
        market.feed(.bid(100, 5))
        market.place(market.bob, .buy, 5, at: 100)
        #expect(market.ahead(market.alice, 1) == 1)
        #expect(market.ahead(market.bob, 3) == 1)
        market.events()
        market.feed(.sold(100, 3), .bid(100, 2))
        #expect(market.events() == ["1 maker 2@100"])
    }
}
