import Testing
import TradingCore

@testable import Exchanges

@Suite struct HistoryKeepingTests {
    private func trades(_ rows: [(Int64?, String)]) -> [ExchangeTrade] {
        rows.map { ExchangeTrade(id: $0.1, time: $0.0) }
    }

    @Test func `trades come by time, then by number`() {
        let kept = HistoryQuery().kept(trades([(2, "10"), (1, "11"), (2, "9")]))
        #expect(kept.map(\.id) == ["11", "9", "10"])
    }

    @Test func `with a start the first are kept, without one the last`() {
        let rows = trades([(3, "3"), (1, "1"), (2, "2"), (4, "4")])
        #expect(HistoryQuery(since: 2, limit: 2).kept(rows).map(\.id) == ["2", "3"])
        #expect(HistoryQuery(limit: 2).kept(rows).map(\.id) == ["3", "4"])
        #expect(HistoryQuery(limit: 0).kept(rows).isEmpty)
        #expect(HistoryQuery(limit: -1).kept(rows).count == 4)
    }

    @Test func `what has no time is never cut off by a start`() {
        #expect(HistoryQuery(since: 5).kept(trades([(nil, "a"), (1, "b")])).map(\.id) == ["a"])
    }

    @Test func `the caller's own parameters replace ours`() {
        var fields = ParameterList()
        fields.add("a", "1")
        fields.add("b", number: Optional(2))
        fields.add("c", nil as String?)
        let sent = fields.with([JSONValue.Member(key: "a", value: .bool(true))])
        #expect(JSONValue.object(sent).compactText == #"{"b":2,"a":true}"#)
    }
}
