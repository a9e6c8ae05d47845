import Exchanges
import MarketData
import Testing
import TradingCore

@Suite("Book feed")
struct BookFeedTests {
    static let book = [
        LevelChange(side: .buy, ticks: 99, lots: 10), LevelChange(side: .buy, ticks: 98, lots: 20),
        LevelChange(side: .sell, ticks: 101, lots: 10), LevelChange(side: .sell, ticks: 102, lots: 20),
        LevelChange(side: .sell, ticks: 104, lots: 40),
    ]

    /// A feed synced at update 100, the last depth update at exchange time 1000 ms.
    func synced() throws -> FeedDriver {
        let driver = try FeedDriver()
        driver.receive(.snapshot(99, Self.book))
        driver.receive(.depth(100, 100, at: 1_000, [LevelChange(side: .buy, ticks: 97, lots: 5)]))
        #expect(driver.isSynced && driver.depthUpdateID == 100 && driver.agrees())
        return driver
    }

    @Test("a snapshot comes as a reset and its levels, the last one marked")
    func appendsSnapshots() throws {
        let driver = try FeedDriver()
        let (request, records) = driver.receive(.snapshot(99, Self.book))
        #expect(request == .nothing)
        #expect(records.map(\.kind) == [.reset] + Array(repeating: .snapshot, count: 5))
        #expect(records.map(\.isLast) == [false, false, false, false, false, true])
        #expect(records.dropFirst().map(\.price.ticks) == [99, 98, 101, 102, 104])
    }

    @Test("messages that change nothing append nothing")
    func staysSilent() throws {
        let driver = try synced()
        for message in [
            .depth(
                101, 101,
                [LevelChange(side: .buy, ticks: 99, lots: 10), LevelChange(side: .sell, ticks: 1_000, lots: 0)]),
            .depth(101, 101, [LevelChange(side: .buy, ticks: 99, lots: 7)]),
            .ticker(101, bid: (99, 1), ask: (101, 1)), .snapshot(90, []), FeedMessage(message: .other),
        ] {
            let (request, records) = driver.receive(message)
            #expect(request == .nothing && records.isEmpty)
        }
        #expect(driver.depthUpdateID == 101)
    }

    @Test("a newer ticker shows on both sides until the levels reach its id")
    func fusesTickers() throws {
        let driver = try synced()
        let (_, shown) = driver.receive(.ticker(105, bid: (100, 3), ask: (102, 8)))
        #expect(shown.map(\.kind) == [.top, .top] && shown.map(\.isLast) == [false, true])
        #expect(shown.map(\.side) == [.buy, .sell])
        #expect(driver.bestBid == 100 && driver.bestAsk == 102)
        #expect(driver.lots(.sell, at: 102) == 8)
        // An older ticker, and the same again.
        #expect(driver.receive(.ticker(104, bid: (99, 1), ask: (101, 1))).1.isEmpty)
        #expect(driver.receive(.ticker(105, bid: (99, 1), ask: (101, 1))).1.isEmpty)
        // A depth update that has not come so far leaves it.
        let (_, below) = driver.receive(.depth(101, 104, at: 1_100, [LevelChange(side: .sell, ticks: 101, lots: 4)]))
        #expect(below.map(\.kind) == [.level])
        #expect(driver.bestAsk == 102)
        // One that has clears it first.
        let (_, cleared) = driver.receive(.depth(105, 105, at: 1_200, [LevelChange(side: .sell, ticks: 101, lots: 0)]))
        #expect(cleared.map(\.kind) == [.topCleared, .level] && cleared.map(\.isLast) == [false, true])
        #expect(driver.bestBid == 99 && driver.lots(.sell, at: 102) == 20)
        #expect(driver.agrees())
    }

    @Test("a ticker that only moves its id is remembered without a record")
    func remembersTickerIDs() throws {
        let driver = try synced()
        driver.receive(.ticker(105, bid: (100, 3), ask: (102, 8)))
        #expect(driver.receive(.ticker(107, bid: (100, 3), ask: (102, 8))).1.isEmpty)
        #expect(driver.receive(.depth(101, 105, [])).1.isEmpty)
        #expect(driver.receive(.depth(106, 107, [])).1.map(\.kind) == [.topCleared])
    }

    @Test("a ticker from before the snapshot shows with it when it is newer")
    func showsEarlierTicker() throws {
        let driver = try FeedDriver()
        #expect(driver.receive(.ticker(105, bid: (100, 3), ask: (102, 8))).1.isEmpty)
        let (_, records) = driver.receive(.snapshot(99, Self.book))
        #expect(records.suffix(2).map(\.kind) == [.top, .top] && records.last?.isLast == true)
        #expect(driver.bestBid == 100 && driver.agrees())
    }

    @Test("a trade takes from the levels where nothing newer is known")
    func fusesTrades() throws {
        let driver = try synced()
        // Up to the exchange time of the levels a trade is contained in them.
        #expect(driver.receive(.trade(1, at: 1_000, .buy, 101, 4)).1.map(\.kind) == [.trade])
        let (_, first) = driver.receive(.trade(2, at: 1_001, .buy, 101, 4))
        #expect(first.map(\.kind) == [.trade, .top] && first.map(\.isLast) == [false, true])
        #expect(first.last?.side == .sell && driver.lots(.sell, at: 101) == 6)
        // More at the same price than was left, then through the next level and into the third.
        driver.receive(.trade(3, at: 1_001, .buy, 101, 100))
        #expect(driver.bestAsk == 102)
        driver.receive(.trade(4, at: 1_002, .buy, 104, 1))
        #expect(driver.bestAsk == 104 && driver.lots(.sell, at: 104) == 39)
        // A better price than anything known says nothing about what rests.
        #expect(driver.receive(.trade(5, at: 1_003, .buy, 100, 1)).1.map(\.kind) == [.trade])
        // The levels show again once they are from after the last of these trades.
        #expect(driver.receive(.depth(101, 101, at: 1_002, [])).1.isEmpty)
        #expect(driver.receive(.depth(102, 102, at: 1_003, [])).1.map(\.kind) == [.topCleared])
        #expect(driver.bestAsk == 101 && driver.agrees())
    }

    @Test("a newer ticker is believed over trades, before and after them")
    func prefersTickers() throws {
        let driver = try synced()
        driver.receive(.trade(2, at: 1_001, .sell, 98, 4))
        #expect(driver.bestBid == 98 && driver.lots(.buy, at: 98) == 16)
        driver.receive(.ticker(103, bid: (99, 2), ask: (101, 10)))
        #expect(driver.bestBid == 99)
        #expect(driver.receive(.trade(3, at: 1_050, .sell, 98, 4)).1.map(\.kind) == [.trade])
        #expect(driver.bestBid == 99 && driver.agrees())
    }

    @Test("a trade that comes twice counts once, one that comes late still counts")
    func countsTradesOnce() throws {
        let driver = try synced()
        let kinds = [7, 7, 9, 8, 8, 9, 10].map { driver.receive(.trade($0, at: 0, .buy, 101, 1)).1.count }
        #expect(kinds == [1, 0, 1, 1, 0, 0, 1])
    }

    @Test("a gap is told once, and healed by the missing update with the whole book")
    func healsGaps() throws {
        let driver = try synced()
        let (request, gap) = driver.receive(.depth(103, 103, at: 1_300, [LevelChange(side: .buy, ticks: 100, lots: 1)]))
        #expect(request == .fetchSnapshot && gap.map(\.kind) == [.gap] && gap.first?.isLast == true)
        #expect(!driver.isSynced && driver.agrees())
        #expect(driver.receive(.depth(104, 104, [])) == (.nothing, []))
        #expect(driver.receive(.ticker(103, bid: (1, 1), ask: (2, 1))).1.isEmpty)
        let (_, healed) = driver.receive(.depth(101, 102, at: 1_200, [LevelChange(side: .sell, ticks: 101, lots: 0)]))
        #expect(healed.first?.kind == .reset && driver.isSynced && driver.depthUpdateID == 104)
        #expect(driver.ticks(.buy) == [100, 99, 98, 97])
        #expect(driver.ticks(.sell) == [102, 104])
        #expect(driver.agrees())
    }

    @Test("a message that cannot be used breaks the book until a snapshot comes")
    func resyncs() throws {
        let driver = try synced()
        driver.records.removeAll()
        #expect(throws: BinanceMessageError.self) {
            try driver.receive(#"{"e":"depthUpdate","E":1,"s":"X","U":101,"u":101,"b":[["0.995","1"]],"a":[]}"#)
        }
        #expect(driver.records.map(\.kind) == [.gap] && !driver.isSynced && driver.depthUpdateID == nil)
        driver.receive(.depth(102, 102, []))
        #expect(driver.receive(.snapshot(100, Self.book)).0 == .fetchSnapshot)
        #expect(driver.receive(.snapshot(101, Self.book)).0 == .nothing)
        #expect(driver.isSynced && driver.depthUpdateID == 102)
    }

    @Test("age is counted by receive times")
    func tellsStaleness() throws {
        let driver = try FeedDriver()
        #expect(driver.isStale(at: Timestamp(nanoseconds: 0)))
        driver.receive(.trade(1, at: 5_000_000, .buy, 1, 1), at: Timestamp(nanoseconds: 10))
        #expect(!driver.isStale(at: Timestamp(nanoseconds: 1_010)))
        #expect(driver.isStale(at: Timestamp(nanoseconds: 1_011)))
        #expect(!driver.isStale(at: Timestamp(nanoseconds: 0)))
    }
}

private func == (
    left: (BookFeed.Request, [MarketRecord]), right: (BookFeed.Request, [MarketRecord])
) -> Bool { left.0 == right.0 && left.1 == right.1 }
