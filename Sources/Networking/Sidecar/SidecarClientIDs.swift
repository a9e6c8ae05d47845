import Exchanges
import TradingCore

/// How our ids are written on an exchange.
enum SidecarClientIDs: Sendable {
    case text(OrderTag?)
    /// Where the exchange takes whole numbers alone, which have no room for a tag.
    case number

    init(_ style: String?, _ tag: OrderTag?) { self = style == "number" ? .number : .text(tag) }

    func text(_ id: ClientOrderID) -> String {
        switch self {
        case .text(let tag): tag.map { TaggedClientOrderID.text(id, $0) } ?? PlainClientOrderID.text(id)
        case .number: String(id.rawValue)
        }
    }

    /// Nil for somebody else's.
    func id(_ text: String?) -> ClientOrderID? {
        guard let text else { return nil }
        switch self {
        case .text(let tag): return tag.map { TaggedClientOrderID.id(text[...], $0) } ?? PlainClientOrderID.id(text)
        case .number: return UInt64(text).flatMap { ClientOrderID(rawValue: $0) }
        }
    }
}
