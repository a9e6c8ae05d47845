import TradingCore

extension HistoryQuery {
    /// The part of an answer that was asked for: oldest first, from `since` to `until`, at most `limit`; the newest ones
    /// where no beginning was asked for, else the first.
    /// - Parameter time: milliseconds since 1970; what has none is kept, before everything else.
    func selected<Element>(_ list: [Element], by time: (Element) -> Int64?) -> [Element] {
        var kept: [(offset: Int, time: Int64, element: Element)] = []
        for (offset, element) in list.enumerated() {
            let moment = time(element)
            if let moment, let since, moment < since { continue }
            if let moment, let until, moment > until { continue }
            kept.append((offset, moment ?? Int64.min, element))
        }
        // Exchanges that answer newest first keep their order among equals the other way round.
        let isDescending = (kept.first?.time ?? 0) > (kept.last?.time ?? 0)
        kept.sort { left, right in
            if left.time != right.time { return left.time < right.time }
            return isDescending ? left.offset > right.offset : left.offset < right.offset
        }
        let elements = kept.map(\.element)
        guard let limit, limit >= 0, elements.count > limit else { return elements }
        return since == nil ? Array(elements.suffix(limit)) : Array(elements.prefix(limit))
    }
}
