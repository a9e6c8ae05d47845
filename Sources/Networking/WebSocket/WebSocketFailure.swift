/// Why a connection was not opened, or is over.
public enum WebSocketFailure: Error, Hashable, Sendable, CustomStringConvertible {
    case badAddress(String)
    /// Nobody took the connection, or its certificate is wrong.
    case notConnected(String)
    /// The server answered, but with no upgrade; its status where it was told.
    case notUpgraded(status: Int?)
    /// Not open in time.
    case tooSlow
    /// The other side closed it, with this code and these words (RFC 6455, section 7.4).
    case closed(code: Int?, reason: String)
    /// It ended without a word.
    case lost(String)
    /// A frame or message is longer than we take.
    case tooLong
    /// What came is not the protocol.
    case protocolBroken(String)

    public var description: String {
        switch self {
        case .badAddress(let text): "no such address: \(text)"
        case .notConnected(let why): "not connected: \(why)"
        case .notUpgraded(let status): "no upgrade" + (status.map { ", status \($0)" } ?? "")
        case .tooSlow: "not open in time"
        case .closed(let code, let reason): "closed by the other side: \(code.map(String.init) ?? "no code") \(reason)"
        case .lost(let why): "lost: \(why)"
        case .tooLong: "a message is too long"
        case .protocolBroken(let why): "protocol broken: \(why)"
        }
    }
}
