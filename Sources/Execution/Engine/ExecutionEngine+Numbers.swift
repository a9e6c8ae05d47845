public import TradingCore

/// Which session made an order. A session's number is its own only from one sequence number on, and it may have used
/// other numbers up before.
extension ExecutionEngine {
    /// The session that made an id; nil for an id of somebody else's.
    public func session(thatMade id: ClientOrderID) -> SessionID? { sessionIndex(of: id).map { table[$0].id } }

    @inline(__always)
    func sessionIndex(of id: ClientOrderID) -> Int? {
        for index in table.indices where table[index].ids.made(id) { return index }
        return earlierSessionIndex(of: id)
    }

    @inline(never)
    private func earlierSessionIndex(of id: ClientOrderID) -> Int? {
        for index in table.indices where !table[index].earlierIDs.isEmpty {
            if table[index].earlierIDs.contains(where: { $0.made(id) }) { return index }
        }
        return nil
    }

    /// The session's next order is made under another number. Its orders so far stay its own, and it keeps its name.
    public mutating func renumber(_ session: SessionID, _ ids: ClientOrderIDSource) {
        guard let index = table.firstIndex(of: session), !table[index].ids.hasPrefix(of: ids) else { return }
        table[index].earlierIDs.append(table[index].ids)
        table[index].ids = ids
    }
}

extension TradingSession {
    func made(_ id: ClientOrderID) -> Bool { ids.made(id) || earlierIDs.contains { $0.made(id) } }
}
