import Exchanges
import Scheduling
import Testing
import TradingCore

@Suite("Books of exact prices")
struct DepthBookTests {
    private let symbol = Symbol(base: "BTC", quote: "USDT")

    /// Beside two dictionaries, sorted each time; prices at even distances and not, near each other and as far apart as can be.
    @Test(
        arguments: [1, 1_000_000, 10_000_000_000_000_000, 1_000_000_000_000_000_000_000_000_000_000_000] as [Int128])
    func `holds what was told last of each price, the best first`(step: Int128) {
        let seed = UInt64.random(in: 0..<1_000_000)
        var random = SplitMix64(seed: seed)
        var book = DepthBook()
        var expected: [[FixedDecimal: FixedDecimal]] = [[:], [:]]
        for _ in 0..<3_000 {
            let sides = (0..<2).map { side in
                (0..<Int(random.below(5))).map { _ in
                    let number = Int128(1 + random.below(random.below(2) == 0 ? 60 : 300))
                    let isFar = random.below(8) == 0
                    let level = PriceLevel(
                        price: FixedDecimal(raw: isFar ? number * number * step / 300 + 1 : number * step),
                        amount: FixedDecimal(Int64(random.below(3))))
                    expected[side][level.price] = level.amount.isZero ? nil : level.amount
                    return level
                }
            }
            book.apply(BookChange(symbol: symbol, bids: sides[0], asks: sides[1]))
            let bids = expected[0].sorted { $0.key > $1.key }.map { PriceLevel(price: $0.key, amount: $0.value) }
            let asks = expected[1].sorted { $0.key < $1.key }.map { PriceLevel(price: $0.key, amount: $0.value) }
            if book.bids != bids || book.asks != asks {
                Issue.record("seed \(seed)")
                return
            }
        }
    }

    @Test func `a change that follows by its numbers is one that is passed on`() {
        let seed = UInt64.random(in: 0..<1_000_000)
        var random = SplitMix64(seed: seed)
        var passed = 0
        for _ in 0..<2_000 {
            var (quick, slow) = (DepthSync(), DepthSync())
            if random.below(4) > 0 {
                let book = ExchangeBook(symbol: symbol, bids: [], asks: [], sequence: Int64(random.below(5)))
                _ = (quick.fetched(book), slow.fetched(book))
            }
            for _ in 0..<10 {
                let first = Int64(random.below(12)) + (random.below(50) == 0 ? Int64.max - 11 : 0)
                let last = first + (first > 100 ? 0 : Int64(random.below(4)))
                let numbered = DepthSync.Numbered(
                    BookChange(symbol: symbol, bids: [], asks: []), first: first, last: last)
                let follows = quick.follows(first: first, last: last)
                var isPassed = false
                if case .pass = slow.received(numbered) { isPassed = true }
                if !follows { _ = quick.received(numbered) }
                #expect(follows == isPassed, "seed \(seed)")
                #expect(quick.last == slow.last && quick.held.count == slow.held.count, "seed \(seed)")
                passed += follows ? 1 : 0
            }
        }
        #expect(passed > 200, "seed \(seed)")
    }
}
