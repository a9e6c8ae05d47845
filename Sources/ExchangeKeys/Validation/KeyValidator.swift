public import Exchanges
public import TradingCore

/// Asks an exchange whether a key is good and what it may do. A seam: native exchanges, a bridge to others, tests.
public protocol KeyValidator: Sendable {
    /// Whether this one knows the exchange at all.
    func supports(_ exchange: ExchangeID) -> Bool

    /// - Parameter account: with its credentials opened.
    /// - Returns: what the key may do, as far as the exchange says.
    func permissions(of account: ExchangeAccountSettings) async throws(KeyRefusal) -> KeyPermissions
}

/// Why a key could not be shown to be good.
public enum KeyRefusal: Error, Hashable, Sendable {
    /// The exchange would not have it; which of key, permission, clock or address is at fault, in words and by name.
    case refused(String, [KeyCause] = [])
    /// The exchange could not be asked, or gave no answer that says anything of the key.
    case unreachable(String)
    /// The exchange has no such account: field, value and rule.
    case settings(String)
}

/// Several validators as one: the first that knows an exchange is asked.
public struct KeyValidators: KeyValidator {
    private let validators: [any KeyValidator]

    public init(_ validators: [any KeyValidator]) { self.validators = validators }

    public func supports(_ exchange: ExchangeID) -> Bool { validators.contains { $0.supports(exchange) } }

    public func permissions(of account: ExchangeAccountSettings) async throws(KeyRefusal) -> KeyPermissions {
        guard let validator = validators.first(where: { $0.supports(account.exchange) }) else {
            throw .refused("nobody here speaks to \(account.exchange)")
        }
        return try await validator.permissions(of: account)
    }
}
