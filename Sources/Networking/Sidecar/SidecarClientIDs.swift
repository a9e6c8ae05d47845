import Exchanges
import TradingCore

/// How our ids are written on an exchange.
enum SidecarClientIDs: Sendable {
    case text
    /// Where the exchange takes whole numbers alone.
    case number

    init(_ style: String?) { self = style == "number" ? .number : .text }

    func text(_ id: ClientOrderID) -> String {
        switch self {
        case .text: PlainClientOrderID.text(id)
        case .number: String(id.rawValue)
        }
    }

    /// Nil for somebody else's.
    func id(_ text: String?) -> ClientOrderID? {
        guard let text else { return nil }
        switch self {
        case .text: return PlainClientOrderID.id(text)
        case .number: return UInt64(text).flatMap { ClientOrderID(rawValue: $0) }
        }
    }
}
