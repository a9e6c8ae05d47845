import Scheduling
import Testing
import TradingCore

@testable import Simulators

@Suite("Numbers of book changes")
struct DepthCounterTests {
    /// A client that follows Binance's procedure: a snapshot, then updates without a hole.
    private struct Client {
        var last: Int64
        var book: [DepthCounter.Level: Int64]

        mutating func take(_ update: DepthCounter.Update) -> Bool {
            if update.last <= last { return true }
            guard update.first <= last + 1 else { return false }
            for (side, levels) in [(Side.buy, update.bids), (.sell, update.asks)] {
                for level in levels {
                    let key = DepthCounter.Level(side: side, ticks: level.price.ticks)
                    book[key] = level.quantity.lots == 0 ? nil : level.quantity.lots
                }
            }
            last = update.last
            return true
        }
    }

    @Test("Clients that start at any moment, at either pace, see the book as it is", arguments: 1...20)
    func follows(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var counter = DepthCounter(start: 1_000)
        var book: [DepthCounter.Level: Int64] = [:]
        var clients: [(DepthCounter.Pace, Client)] = []
        var told: [DepthCounter.Pace: Int64] = [:]
        for _ in 0..<2_000 {
            switch random.below(10) {
            case 0: clients.append((.fast, Client(last: counter.last, book: book)))
            case 1: clients.append((.slow, Client(last: counter.last, book: book)))
            case 2, 3:
                let pace: DepthCounter.Pace = random.below(3) == 0 ? .slow : .fast
                guard let update = counter.take(pace) else { break }
                // Without holes: each goes on where the last of its stream ended.
                if let before = told[pace] { #expect(update.first == before + 1) }
                #expect(update.first <= update.last)
                told[pace] = update.last
                for index in clients.indices where clients[index].0 == pace {
                    let fits = clients[index].1.take(update)
                    #expect(fits, "seed \(seed): a hole")
                }
            default:
                let level = DepthCounter.Level(
                    side: random.below(2) == 0 ? .buy : .sell, ticks: Int64(random.below(20)) + 100)
                book[level] = Int64(random.below(3)) * 5
                if book[level] == 0 { book[level] = nil }
                counter.touch(level.side, level.ticks)
                counter.settle { book[$0] ?? 0 }
            }
        }
        for pace in DepthCounter.Pace.allCases {
            guard let update = counter.take(pace) else { continue }
            for index in clients.indices where clients[index].0 == pace { _ = clients[index].1.take(update) }
        }
        for (_, client) in clients { #expect(client.book == book && client.last == counter.last, "seed \(seed)") }
    }

    @Test("What was touched but did not change has no number")
    func unchanged() {
        var counter = DepthCounter(start: 5)
        counter.touch(.buy, 100)
        counter.settle { _ in 0 }
        #expect(counter.last == 5)
        #expect(counter.take(.fast) == nil)
        counter.touch(.buy, 100)
        counter.settle { _ in 7 }
        counter.touch(.buy, 100)
        counter.settle { _ in 7 }
        #expect(counter.last == 6)
    }
}
