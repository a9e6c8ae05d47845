public import TradingCore

/// Whose an order is, as far as what it carries tells.
public enum OrderOwnership: Hashable, Sendable {
    case own(ClientOrderID)
    /// Another server's, another database's, or a person's: left alone.
    case foreign
    /// It carries nothing that would tell.
    case untold

    public var id: ClientOrderID? { if case .own(let id) = self { id } else { nil } }
}

extension ExchangeDialect {
    var orderTag: OrderTag? { orderMark?.tag }

    /// What the tagged texts begin with, before their own prefix (Gate).
    public var clientOrderIDStart: String { "" }

    /// How our id is written: with our tag, where there is one.
    public func clientOrderID(_ id: ClientOrderID) -> String? {
        guard let orderTag else { return plainClientOrderID(id) }
        return clientOrderIDStart + TaggedClientOrderID.text(id, orderTag)
    }

    public func clientOrderID(_ text: String) -> ClientOrderID? {
        guard let orderTag else { return plainClientOrderID(text) }
        guard text.hasPrefix(clientOrderIDStart) else { return nil }
        return TaggedClientOrderID.id(text.dropFirst(clientOrderIDStart.count), orderTag)
    }

    public func ownership(of order: ExchangeOrder) -> OrderOwnership { ownership(clientOrderID: order.clientOrderID) }
    public func ownership(of trade: ExchangeTrade) -> OrderOwnership { ownership(clientOrderID: trade.clientOrderID) }

    private func ownership(clientOrderID text: String?) -> OrderOwnership {
        guard let text else { return .untold }
        return clientOrderID(text).map(OrderOwnership.own) ?? .foreign
    }
}
