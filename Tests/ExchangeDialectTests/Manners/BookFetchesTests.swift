import Testing
import TradingCore

@testable import Exchanges

@Suite struct BookFetchesTests {
    private let market = Symbol(base: AssetID("BTC"), quote: AssetID("USDT"))
    private var call: EndpointCall<ExchangeBook> {
        EndpointCall<ExchangeBook>(EndpointRequest(.get, ["public"], "depth")) { _ in
            throw UnreadableAnswer("", expected: "", found: "")
        }
    }

    /// A book that comes 50 ms after it is asked for, and is of no use 100 ms later.
    /// - Returns: when books were asked for, milliseconds.
    private func fetched(_ fetches: inout BookFetches, from start: Int64, until end: Int64) -> [Int64] {
        var (moments, now): ([Int64], Int64) = ([], start)
        let book = ExchangeBook(symbol: market, bids: [], asks: [])
        while now < end {
            var begun = fetches.wanted(market, call, now: now)
            if begun == nil, let due = fetches.nextDue {
                now = due
                begun = fetches.due(now).first?.0
            }
            guard let begun else { break }
            moments.append(now)
            let isTold = fetches.ended(begun, .success(book), now: now + 50)
            #expect(isTold)
            now += 150
        }
        return moments
    }

    @Test func `books that are of no use at once are fetched later and later, one that was is followed at once`() {
        var fetches = BookFetches()
        let moments = fetched(&fetches, from: 0, until: 60_000)
        #expect(moments.count < 12, "\(moments)")
        #expect(zip(moments.dropFirst(), moments).map { $0 - $1 }.max() ?? 0 <= BookFetches.longestWait + 150)
        // The last one was of use for longer.
        let later = (moments.last ?? 0) + 50 + BookFetches.usefulAfter
        let next = fetches.wanted(market, call, now: later)
        #expect(next != nil)
    }
}
