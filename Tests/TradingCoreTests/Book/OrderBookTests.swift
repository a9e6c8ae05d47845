import Scheduling
import Testing
import TradingCore

@Suite("Order book")
struct OrderBookTests {
    @Test(
        "tells its shape from both touches",
        arguments: [
            (nil, nil, .empty), (100, nil, .bidsOnly), (nil, 100, .asksOnly), (99, 100, .normal), (100, 100, .locked),
            (101, 100, .crossed),
        ] as [(Int64?, Int64?, BookShape)])
    func shape(bid: Int64?, ask: Int64?, shape: BookShape) {
        var book = OrderBook()
        if let bid { book.set(.buy, ticks: bid, lots: 1) }
        if let ask { book.set(.sell, ticks: ask, lots: 1) }
        #expect(book.shape == shape)
        #expect(book.bestBid?.ticks == bid)
        #expect(book.bestAsk?.ticks == ask)
        if let bid, let ask { #expect(book.doubleMid == bid + ask) } else { #expect(book.doubleMid == nil) }
    }

    @Test("lists levels from the touch, up to the limit")
    func levels() {
        var book = OrderBook()
        for ticks in [100, 98, 30, 99] as [Int64] { book.set(.buy, ticks: ticks, lots: ticks * 2) }
        for ticks in [101, 5_000_000, 104] as [Int64] { book.set(.sell, ticks: ticks, lots: 1) }
        #expect(book.levels(.buy, limit: 3).map(\.price.ticks) == [100, 99, 98])
        #expect(book.levels(.buy, limit: 3).map(\.quantity.lots) == [200, 198, 196])
        #expect(book.levels(.sell, limit: 10).map(\.price.ticks) == [101, 104, 5_000_000])
        #expect(book.levels(.sell, limit: 0).isEmpty)
        book.removeAll()
        #expect(book.levels(.buy, limit: 10).isEmpty)
    }

    @Test("reads records as a reader of the feed would")
    func records() {
        var book = OrderBook()
        book.apply(record(.reset))
        book.apply(record(.snapshot, .buy, 100, 5))
        book.apply(record(.snapshot, .sell, 102, 6))
        book.apply(record(.level, .buy, 99, 7))
        book.apply(record(.trade, .buy, 102, 6))
        #expect(book.levels(.buy, limit: 9) == [level(100, 5), level(99, 7)])
        #expect(book.levels(.sell, limit: 9) == [level(102, 6)])
        book.apply(record(.level, .buy, 100, 0))
        #expect(book.levels(.buy, limit: 9) == [level(99, 7)])
        book.apply(record(.top, .buy, 101, 3))
        book.apply(record(.top, .sell, 103, 2))
        #expect(book.levels(.buy, limit: 9) == [level(101, 3), level(99, 7)])
        #expect(book.levels(.sell, limit: 9) == [level(103, 2)])
        book.apply(record(.topCleared))
        #expect(book.levels(.sell, limit: 9) == [level(102, 6)])
        book.apply(record(.gap))
        #expect(book.shape == .empty)
    }

    @Test("the two sides are two dictionaries", arguments: Seeds.all)
    func equalsDictionaries(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var book = OrderBook()
        var models = [BookModel(.buy), BookModel(.sell)]
        for _ in 0..<1_500 {
            let side = random.pick(Side.allCases)
            let index = side == .buy ? 0 : 1
            let (ticks, lots) = (random.int(in: 1_000...1_200), random.int(in: 0...5))
            switch random.below(30) {
            case 0:
                book.apply(record(.gap))
                models = [BookModel(.buy), BookModel(.sell)]
            case 1...3:
                book.apply(record(.top, side, ticks, lots))
                models[index].setTop(ticks, lots)
            case 4, 5:
                book.apply(record(.topCleared))
                for index in 0...1 { models[index].clearTop() }
            default:
                book.apply(record(.level, side, ticks, lots))
                _ = models[index].set(ticks, lots)
            }
            for model in models {
                let isEqual =
                    book.bestTicks(model.side) == model.best
                    && book.lots(model.side, at: ticks) == model.visible[ticks] ?? 0
                    && book.nextTicks(model.side, after: ticks) == model.next(after: ticks)
                if !isEqual { Issue.record("\(model.side) differs around \(ticks): \(model)") }
            }
        }
    }

    private func record(
        _ kind: MarketRecord.Kind, _ side: Side = .buy, _ ticks: Int64 = 0, _ lots: Int64 = 0
    ) -> MarketRecord {
        MarketRecord(
            time: Timestamp(nanoseconds: 0), kind: kind, side: side, price: Price(ticks: ticks),
            quantity: Quantity(lots: lots), isLast: true)
    }

    private func level(_ ticks: Int64, _ lots: Int64) -> BookLevel {
        BookLevel(price: Price(ticks: ticks), quantity: Quantity(lots: lots))
    }
}
