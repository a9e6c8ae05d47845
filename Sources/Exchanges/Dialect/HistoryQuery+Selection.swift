extension HistoryQuery {
    /// What of an exchange's answer lies within the query, oldest first: exchanges answer in either order, and some send
    /// more than was asked for. Of too many the oldest are kept when a start was named, else the newest.
    func selection<Element>(from answered: [Element], at time: (Element) -> Int64?) -> [Element] {
        let sorted = answered.enumerated().sorted { left, right in
            let (first, second) = (time(left.element) ?? 0, time(right.element) ?? 0)
            return first == second ? left.offset < right.offset : first < second
        }
        let within = sorted.map(\.element).filter { element in
            guard let moment = time(element) else { return true }
            return moment >= since ?? .min && moment <= until ?? .max
        }
        guard let limit, limit >= 0 else { return within }
        return Array(since == nil ? within.suffix(limit) : within.prefix(limit))
    }
}
