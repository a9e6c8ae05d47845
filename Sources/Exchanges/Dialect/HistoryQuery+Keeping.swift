extension HistoryQuery {
    /// What was asked for, of what came: the oldest first, none before ``since``; of more than ``limit`` the first when a
    /// start was given, else the last.
    func kept<Row>(
        _ rows: [Row], time: (Row) -> Int64?, isBefore: (Row, Row) -> Bool = { _, _ in false }
    ) -> [Row] {
        let sorted = rows.enumerated().sorted { left, right in
            let (leftTime, rightTime) = (time(left.element) ?? .min, time(right.element) ?? .min)
            if leftTime != rightTime { return leftTime < rightTime }
            if isBefore(left.element, right.element) { return true }
            return !isBefore(right.element, left.element) && left.offset < right.offset
        }
        var kept = sorted.map(\.element)
        if let since { kept.removeAll { row in time(row).map { $0 < since } ?? false } }
        guard let limit, limit >= 0, kept.count > limit else { return kept }
        return Array(since == nil ? kept.suffix(limit) : kept.prefix(limit))
    }

    func kept(_ trades: [ExchangeTrade]) -> [ExchangeTrade] {
        kept(trades, time: \.time) { left, right in
            guard let left = left.id, let right = right.id else { return false }
            // Numbers of different length compare by it.
            return left.utf8.count != right.utf8.count ? left.utf8.count < right.utf8.count : left < right
        }
    }

    func kept(_ orders: [ExchangeOrder]) -> [ExchangeOrder] { kept(orders, time: \.createdAt) }
    func kept(_ candles: [ExchangeCandle]) -> [ExchangeCandle] { kept(candles, time: \.time) }
    func kept(_ transfers: [ExchangeTransfer]) -> [ExchangeTransfer] { kept(transfers, time: \.createdAt) }
}
