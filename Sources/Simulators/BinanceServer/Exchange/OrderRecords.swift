import TradingCore

/// Everybody's orders and fills, and the ways to find them. Open ones all; ended ones and fills the latest of.
struct OrderRecords {
    /// Ended orders, and fills, of one account and symbol that are remembered.
    static let kept = 50_000

    struct Owner: Hashable, Sendable {
        var account: String
        var symbol: String
    }

    private var orders: [Int64: SpotOrder] = [:]
    /// Ascending.
    private var ids: [Owner: [Int64]] = [:]
    private var open: [Owner: Set<Int64>] = [:]
    /// The newest order of a client id.
    private var byClientID: [Owner: [String: Int64]] = [:]
    private(set) var fills: [Owner: [SpotFill]] = [:]
    /// Not stored yet.
    private(set) var changed: Set<Int64> = []
    private(set) var newFills: [SpotFill] = []

    init(orders: [SpotOrder] = [], fills: [SpotFill] = []) {
        for order in orders.sorted(by: { $0.id < $1.id }) { insert(order) }
        for fill in fills { self.fills[Owner(account: fill.account, symbol: fill.symbol), default: []].append(fill) }
        changed = []
    }

    private static func owner(_ order: SpotOrder) -> Owner { Owner(account: order.account, symbol: order.symbol) }

    subscript(id: Int64) -> SpotOrder? { orders[id] }

    var changedOrders: [SpotOrder] { changed.sorted().compactMap { orders[$0] } }

    mutating func insert(_ order: SpotOrder) {
        let owner = Self.owner(order)
        orders[order.id] = order
        ids[owner, default: []].append(order.id)
        byClientID[owner, default: [:]][order.clientID] = order.id
        if order.status.isOpen { open[owner, default: []].insert(order.id) }
        changed.insert(order.id)
        trim(owner)
    }

    mutating func update(_ order: SpotOrder) {
        let owner = Self.owner(order)
        if let before = orders[order.id], before.clientID != order.clientID {
            byClientID[owner, default: [:]][order.clientID] = order.id
        }
        orders[order.id] = order
        if !order.status.isOpen { open[owner]?.remove(order.id) }
        changed.insert(order.id)
    }

    /// Of an order that was refused after all: it never existed.
    mutating func withdraw(_ order: SpotOrder, restoring earlier: Int64?) {
        let owner = Self.owner(order)
        orders[order.id] = nil
        if ids[owner]?.last == order.id { ids[owner]?.removeLast() }
        byClientID[owner]?[order.clientID] = earlier
        open[owner]?.remove(order.id)
        changed.remove(order.id)
    }

    mutating func add(_ fill: SpotFill) {
        let owner = Owner(account: fill.account, symbol: fill.symbol)
        fills[owner, default: []].append(fill)
        newFills.append(fill)
        if let count = fills[owner]?.count, count > 2 * Self.kept { fills[owner]?.removeFirst(Self.kept) }
    }

    private mutating func trim(_ owner: Owner) {
        guard let all = ids[owner], all.count > 2 * Self.kept else { return }
        let old = all.prefix(Self.kept).filter { orders[$0].map { !$0.status.isOpen } ?? true && !changed.contains($0) }
        for id in old {
            if let order = orders.removeValue(forKey: id), byClientID[owner]?[order.clientID] == id {
                byClientID[owner]?[order.clientID] = nil
            }
        }
        let gone = Set(old)
        ids[owner]?.removeAll { gone.contains($0) }
    }

    mutating func wasStored() {
        changed.removeAll(keepingCapacity: true)
        newFills.removeAll(keepingCapacity: true)
    }

    // MARK: - Looking

    /// By number, by client id (the newest of that name), or by both, which must agree.
    func find(_ target: SpotCommand.Target) -> SpotOrder? {
        let owner = Owner(account: target.account, symbol: target.symbol)
        guard let id = target.orderID ?? target.clientID.flatMap({ byClientID[owner]?[$0] }), let order = orders[id],
            Self.owner(order) == owner
        else { return nil }
        if target.orderID != nil, let clientID = target.clientID, clientID != order.clientID { return nil }
        return order
    }

    func newest(_ clientID: String, _ owner: Owner) -> Int64? { byClientID[owner]?[clientID] }

    /// Oldest first.
    func open(_ owner: Owner) -> [SpotOrder] { (open[owner] ?? []).sorted().compactMap { orders[$0] } }

    func openCount(_ owner: Owner) -> Int { open[owner]?.count ?? 0 }

    /// Oldest first.
    func all(_ owner: Owner) -> [SpotOrder] { (ids[owner] ?? []).compactMap { orders[$0] } }
}
