/// A part of a list of orders.
public struct OrderPage: Hashable, Sendable {
    public var orders: [ExchangeOrder]
    /// What asks for the page after it, in the exchange's words; nil: this is the last.
    public var next: String?
    /// How many orders the whole list has, where the exchange says it.
    public var total: Int?

    public init(_ orders: [ExchangeOrder], next: String? = nil, total: Int? = nil) {
        self.orders = orders
        self.next = next
        self.total = total
    }
}

extension ExchangeDialect {
    /// Where one answer holds everything, or nobody built the next one: then a full one may not be all.
    public func openOrdersPage(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<OrderPage> {
        let most = abilities.openOrdersPage
        return try openOrders(query).map { orders in
            if let most, orders.count >= most {
                throw UnreadableAnswer("open orders", expected: "fewer than \(most)", found: "\(orders.count)")
            }
            return OrderPage(orders)
        }
    }
}

extension [ExchangeOrder] {
    /// The smallest id, where ids are numbers that rise.
    var oldestID: String? {
        compactMap(\.id).min { left, right in
            left.utf8.count != right.utf8.count ? left.utf8.count < right.utf8.count : left < right
        }
    }
}
