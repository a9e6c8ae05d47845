import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// How much of the process clients may take: without bounds enough of them use up its file descriptors, and then neither an
/// exchange nor the disk can be reached any more.
public struct ConnectionLimits: Hashable, Sendable {
    /// Connections at a time; one more is closed at once.
    public var connections: Int
    /// A connection that is silent, or leaves a request half sent, for so long is closed.
    public var idleSeconds: Int
    /// A new connection that has not sent its first request's whole head by then is closed. In milliseconds.
    public var headMilliseconds: Int
    /// Of one client's address. This machine has none of its own: a proxy there brings everybody's.
    public var connectionsPerClient: Int
    /// Of all connections, those that only this machine can have: an operator's halt gets through whatever others do.
    public var operatorReserve: Int

    /// - Parameter connections: 4 or more. A quarter is one client's at most, an eighth the operator's, up to 64.
    public init(connections: Int, idleSeconds: Int, headMilliseconds: Int = 5_000) {
        self.connections = connections
        self.idleSeconds = idleSeconds
        self.headMilliseconds = headMilliseconds
        connectionsPerClient = max(1, connections / 4)
        operatorReserve = min(64, max(1, connections / 8))
    }

    /// Kept for database files, exchanges and logs.
    private static let reserve = 256
    /// Connections that have been taken to be closed, at a time.
    static let surplus = 32

    /// What a process with so many file descriptors can give to clients.
    public static func within(descriptors: Int) -> ConnectionLimits {
        ConnectionLimits(connections: min(4_096, max(16, descriptors - reserve)), idleSeconds: 60)
    }
}

/// The process's limit of open files.
public enum FileDescriptors {
    /// Raises the soft limit as far as the hard one and sense allow.
    /// - Returns: the limit that holds now.
    @discardableResult
    public static func raiseLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
        let wanted = min(limit.rlim_max, 65_536)
        if limit.rlim_cur < wanted {
            var raised = limit
            raised.rlim_cur = wanted
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
