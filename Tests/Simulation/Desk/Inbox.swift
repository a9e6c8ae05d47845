import TradingCore

/// What comes from outside and waits until a server has it for good. It is delivered until then, in any order, and
/// sometimes again.
final class Inbox {
    enum Item: Hashable, CustomStringConvertible {
        /// Money that came in. Nobody of ours may be the one it is for.
        case snapshot(id: String, customer: String, amount: Int64)
        case order(id: String, customer: String, amount: Int64)
        case cancelOrder(id: String)
        case withdrawal(id: String, customer: String, amount: Int64)
        case revokeWithdrawal(id: String)
        case hold(id: String, customer: String, amount: Int64, milliseconds: Int64)
        case fill(order: String, id: String, amount: Int64)
        case closed(order: String, total: Int64)

        /// Written out: reflection would cost as much as a transaction.
        var description: String {
            switch self {
            case .snapshot(let id, let customer, let amount): "snapshot \(id) \(customer) \(amount)"
            case .order(let id, let customer, let amount): "order \(id) \(customer) \(amount)"
            case .cancelOrder(let id): "cancel \(id)"
            case .withdrawal(let id, let customer, let amount): "withdrawal \(id) \(customer) \(amount)"
            case .revokeWithdrawal(let id): "revoke \(id)"
            case .hold(let id, let customer, let amount, let wait): "hold \(id) \(customer) \(amount) \(wait)"
            case .fill(let order, let id, let amount): "fill \(order) \(id) \(amount)"
            case .closed(let order, let total): "closed \(order) \(total)"
            }
        }
    }

    private(set) var items: [Item] = []

    func add(_ item: Item) { items.append(item) }

    func remove(_ item: Item) {
        if let index = items.firstIndex(of: item) { items.remove(at: index) }
    }
}
