import Exchanges
import TradingCore

/// Lists as CCXT hands them out: by time, from `since` on, at most `limit` (the first with `since`, else the last).
enum UnifiedList {
    static func trades(_ trades: [ExchangeTrade], _ query: HistoryQuery) -> JSONValue {
        let sorted = stable(trades) { left, right in
            (left.time ?? 0, left.id ?? "") < (right.time ?? 0, right.id ?? "")
        }
        return .array(cut(sorted, query) { $0.time }.map(\.unified))
    }

    static func orders(_ orders: [ExchangeOrder], _ query: HistoryQuery) -> JSONValue {
        let sorted = stable(orders) { ($0.createdAt ?? 0) < ($1.createdAt ?? 0) }
        return .array(cut(sorted, query) { $0.createdAt }.map(\.unified))
    }

    static func candles(_ candles: [ExchangeCandle], _ query: HistoryQuery) -> JSONValue {
        .array(cut(stable(candles) { $0.time < $1.time }, query) { $0.time }.map(\.unified))
    }

    static func transfers(_ transfers: [ExchangeTransfer], _ query: HistoryQuery) -> JSONValue {
        let wanted = transfers.filter { query.asset == nil || $0.asset == nil || $0.asset == query.asset }
        let sorted = stable(wanted) { ($0.createdAt ?? 0) < ($1.createdAt ?? 0) }
        return .array(cut(sorted, query) { $0.createdAt }.map(\.unified))
    }

    private static func stable<Element>(
        _ elements: [Element], by isBefore: (Element, Element) -> Bool
    ) -> [Element] {
        elements.enumerated().sorted { left, right in
            if isBefore(left.element, right.element) { return true }
            if isBefore(right.element, left.element) { return false }
            return left.offset < right.offset
        }.map(\.element)
    }

    private static func cut<Element>(
        _ elements: [Element], _ query: HistoryQuery, _ time: (Element) -> Int64?
    ) -> [Element] {
        let recent = elements.filter { element in
            guard let since = query.since, let time = time(element) else { return query.since == nil }
            return time >= since
        }
        guard let limit = query.limit, limit >= 0 else { return recent }
        return Array(query.since == nil ? recent.suffix(limit) : recent.prefix(limit))
    }
}
