import TradingCore

/// What comes from outside and waits until a server has it for good. It is delivered until then, in any order, and
/// sometimes again.
final class Inbox {
    enum Item: Hashable {
        /// Money that came in. Nobody of ours may be the one it is for.
        case snapshot(id: String, customer: String, amount: Int64)
        case order(id: String, customer: String, amount: Int64)
        case cancelOrder(id: String)
        case withdrawal(id: String, customer: String, amount: Int64)
        case revokeWithdrawal(id: String)
        case hold(id: String, customer: String, amount: Int64, milliseconds: Int64)
        case fill(order: String, id: String, amount: Int64)
        case closed(order: String, total: Int64)
    }

    private(set) var items: [Item] = []

    func add(_ item: Item) { items.append(item) }

    func remove(_ item: Item) {
        if let index = items.firstIndex(of: item) { items.remove(at: index) }
    }
}
