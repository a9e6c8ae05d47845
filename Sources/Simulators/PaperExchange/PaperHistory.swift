import TradingCore

/// What became of an exchange's orders, and their fills: open ones all, ended ones and fills the latest of, as real
/// exchanges forget them too after some days.
struct PaperHistory {
    /// Ended orders, and fills, that are remembered.
    static let limit = 50_000

    struct Key: Hashable, Sendable {
        var account: String
        var id: ClientOrderID
    }

    struct Order: Hashable, Codable, Sendable {
        var request: OrderRequest
        var account: String
        var symbol: Symbol
        var filled: Int64 = 0
        /// ``OrderStatus/open`` until it ends.
        var status = OrderStatus.open
    }

    struct AccountFill: Hashable, Codable, Sendable {
        var account: String
        var symbol: Symbol
        var fill: Fill
    }

    private var orders: [Key: Order] = [:]
    private var ended: [Key] = []
    private(set) var fills: [AccountFill] = []
    /// Not stored yet.
    private(set) var changed: Set<Key> = []
    private(set) var newFills: [AccountFill] = []

    init(orders: [Order] = [], fills: [AccountFill] = []) {
        for order in orders {
            let key = Key(account: order.account, id: order.request.id)
            self.orders[key] = order
            if order.status.isFinal { ended.append(key) }
        }
        self.fills = fills
    }

    func order(_ id: ClientOrderID, _ account: String) -> Order? { orders[Key(account: account, id: id)] }

    /// An account's fills on an instrument from a trade id on, ascending.
    func fills(_ account: String, _ symbol: Symbol, from tradeID: UInt64, limit: Int) -> [Fill] {
        // Trade ids of an instrument only go up.
        let matching = fills.lazy.filter { $0.fill.tradeID >= tradeID && $0.symbol == symbol && $0.account == account }
        return Array(matching.map(\.fill).prefix(limit))
    }

    var changedOrders: [Order] { changed.compactMap { orders[$0] } }

    mutating func placed(_ request: OrderRequest, _ account: String, _ symbol: Symbol) {
        let key = Key(account: account, id: request.id)
        orders[key] = Order(request: request, account: account, symbol: symbol)
        changed.insert(key)
    }

    mutating func note(_ event: AccountEvent, _ account: String, _ symbol: Symbol) {
        let key = Key(account: account, id: event.orderID)
        guard var order = orders[key] else { return }
        switch event {
        case .filled(let fill):
            order.filled += fill.quantity.lots
            if order.filled >= order.request.quantity.lots { order.status = .filled }
            let filled = AccountFill(account: account, symbol: symbol, fill: fill)
            fills.append(filled)
            newFills.append(filled)
            if fills.count > 2 * Self.limit { fills.removeFirst(Self.limit) }
        case .cancelled: order.status = .cancelled
        case .expired: order.status = .expired
        case .rejected: order.status = .rejected
        case .accepted, .cancelRejected, .outcomeUnknown, .notFound, .reappeared: return
        }
        orders[key] = order
        changed.insert(key)
        if order.status.isFinal { end(key) }
    }

    private mutating func end(_ key: Key) {
        ended.append(key)
        guard ended.count > 2 * Self.limit else { return }
        for old in ended.prefix(Self.limit) where !changed.contains(old) { orders[old] = nil }
        ended.removeFirst(Self.limit)
    }

    /// All of it is stored now.
    mutating func wasStored() {
        changed.removeAll(keepingCapacity: true)
        newFills.removeAll(keepingCapacity: true)
    }
}
