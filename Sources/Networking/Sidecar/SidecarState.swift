import Exchanges
import NIOCore
public import TradingCore

/// What a stream of the sidecar tells.
public enum SidecarStreamUpdate: Hashable, Sendable {
    case event(JSONValue)
    /// Nothing happened, and the stream lives.
    case alive
    /// It broke, or the sidecar did: something may be missing until ``recovered``.
    case lost(String)
    /// It is back. What happened meanwhile has to be asked for.
    case recovered
    /// This exchange has no such stream; nothing more will come.
    case unsupported(String)
}

/// What a client knows beside its connection.
struct SidecarState {
    struct Pending {
        var method: String
        var deadline: Timestamp
        var answer: CheckedContinuation<Result<JSONValue, SidecarFailure>, Never>
    }

    struct Session {
        var exchange: String
        var credentials: ExchangeCredentials?
        var settings: JSONValue

        var arguments: JSONValue {
            .object([
                .text("exchange", exchange), .init(key: "settings", value: settings),
                .init(
                    key: "credentials",
                    value: .object(
                        [
                            .text("apiKey", credentials?.apiKey), .text("secret", credentials?.secret.reveal()),
                            .text("password", credentials?.passphrase?.reveal()),
                            .text("uid", credentials?.uid?.reveal()),
                        ].filter { !$0.value.isNull })),
            ])
        }
    }

    struct Subscribed {
        var session: String
        var arguments: JSONValue
        var sink: @Sendable (SidecarStreamUpdate) -> Void
        var isLost = false
        /// When to subscribe again after a failure; nil: it stands, or is on its way.
        var retryAt: Timestamp?
    }

    var channel: (any Channel)?
    var next = 0
    var pending: [Int: Pending] = [:]
    var sessions: [String: Session] = [:]
    var subscriptions: [Int: Subscribed] = [:]
    var heardAt = Timestamp.distantFuture
    var version: String?
    var pid: Int32?
    var starts = 0
    var fault: String?

    mutating func number() -> Int {
        next += 1
        return next
    }
}
