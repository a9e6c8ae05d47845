import Testing
import TradingCore

@testable import Exchanges

@Suite("Parts of a history")
struct HistorySelectionTests {
    @Test func `the oldest first, whichever way it came`() {
        let query = HistoryQuery()
        #expect(query.selected([3, 2, 1], by: { Int64($0) }) == [1, 2, 3])
        #expect(query.selected([1, 2, 3], by: { Int64($0) }) == [1, 2, 3])
        // Equal times keep the exchange's order, read forwards.
        let newestFirst = [("d", 2), ("c", 2), ("b", 1), ("a", 1)]
        #expect(query.selected(newestFirst, by: { Int64($0.1) }).map(\.0) == ["a", "b", "c", "d"])
    }

    @Test(
        arguments: [
            (nil, nil, 2, [4, 5]), (2, nil, 2, [2, 3]), (2, 3, nil, [2, 3]), (nil, 2, nil, [1, 2]), (9, nil, nil, []),
            (nil, nil, 0, []), (nil, nil, 99, [1, 2, 3, 4, 5]),
        ] as [(Int64?, Int64?, Int?, [Int])])
    func `from, to, and at most so many`(_ since: Int64?, _ until: Int64?, _ limit: Int?, _ expected: [Int]) {
        let query = HistoryQuery(since: since, until: until, limit: limit)
        #expect(query.selected([5, 4, 3, 2, 1], by: { Int64($0) }) == expected)
    }

    @Test func `what has no time stays`() {
        let query = HistoryQuery(since: 2)
        #expect(query.selected([1, nil, 2] as [Int64?], by: { $0 }) == [nil, 2])
    }
}
