public import Exchanges

/// Why the sidecar gave nothing.
public struct SidecarFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        /// It was not carried out: the exchange said no, or nothing was sent to it.
        case refused
        /// It may have been carried out: the exchange or the sidecar did not answer in time, or fell over.
        case unknown
        /// It cannot be done on this exchange.
        case unsupported
        /// The sidecar is not there, so the request never left.
        case unavailable
        /// The answer was not what the protocol says. What was asked may have been carried out.
        case unreadable
    }

    public var kind: Kind
    /// ccxt's class of error, or the sidecar's own word.
    public var name: String
    public var message: String

    public init(_ kind: Kind, name: String, message: String) {
        self.kind = kind
        self.name = name
        self.message = message
    }

    public var description: String { "\(name): \(message)" }

    /// Whether what was asked for was surely not done.
    public var wasNotCarriedOut: Bool {
        switch kind {
        case .refused, .unsupported, .unavailable: true
        case .unknown, .unreadable: false
        }
    }

    /// What of a key this may be about, by ccxt's classes of error.
    public var keyCauses: [KeyCause] {
        // ccxt counts a wrong clock among the troubles of the network, so that a request with one is of unknown outcome.
        guard kind == .refused || (kind == .unknown && name == "InvalidNonce") else { return [] }
        switch name {
        case "AuthenticationError": return [.key, .address]
        case "PermissionDenied": return [.permission, .address]
        case "AccountNotEnabled": return [.permission]
        case "InvalidNonce": return [.clock]
        default: return []
        }
    }

    /// The request was taken back before it left.
    static let withdrawn = SidecarFailure(.refused, name: "Withdrawn", message: "it was taken back before it left")

    static func down(_ why: String) -> SidecarFailure {
        SidecarFailure(.unavailable, name: "SidecarDown", message: why)
    }

    static func lost(_ why: String) -> SidecarFailure { SidecarFailure(.unknown, name: "AnswerLost", message: why) }

    static func unreadable(_ why: String) -> SidecarFailure {
        SidecarFailure(.unreadable, name: "Unreadable", message: why)
    }

    /// For questions, which change nothing whoever failed.
    public var asConnectorError: ConnectorError {
        switch kind {
        case .refused, .unsupported: .refused(description)
        case .unknown, .unavailable: .unreachable(description)
        case .unreadable: .unreadable(description)
        }
    }
}
