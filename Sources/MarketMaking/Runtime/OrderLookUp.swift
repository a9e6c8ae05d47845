import Exchanges
import Execution
import TradingCore

/// Asks an account what became of many orders, some at a time: an exchange that answers slowly, or is asked twice before an order
/// counts as one that it does not know, keeps a start waiting once and not once for each.
struct OrderLookUp: Sendable {
    /// Questions on their way at once. Every one of them waits for the account's limits like any other request, and a cancel passes
    /// them all.
    static let width = 8

    let account: any ExchangeAccount
    let symbol: Symbol

    /// - Parameter orders: the orders, and when they were placed.
    /// - Returns: for each order what the exchange said; nil: it knows none of that id.
    /// - Throws: what the first question that failed did; the others are given up.
    func reports(of orders: [ClientOrderID: Timestamp]) async throws -> [ClientOrderID: OrderReport?] {
        try await withThrowingTaskGroup(of: (ClientOrderID, OrderReport?).self) { group in
            var reports: [ClientOrderID: OrderReport?] = [:]
            var waiting = orders.sorted { $0.key.rawValue < $1.key.rawValue }[...]
            func askNext() {
                guard let (id, placedAt) = waiting.popFirst() else { return }
                group.addTask { (id, try await account.order(id, symbol, placedAt: placedAt)) }
            }
            for _ in 0..<Self.width { askNext() }
            while let (id, report) = try await group.next() {
                reports[id] = .some(report)
                askNext()
            }
            return reports
        }
    }
}
