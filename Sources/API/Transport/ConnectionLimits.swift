import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// How much of the process clients may take: without bounds enough of them use up its file descriptors, and then neither an
/// exchange nor the disk can be reached any more.
public struct ConnectionLimits: Hashable, Sendable {
    /// Connections at a time; more wait in the kernel's queue.
    public var connections: Int
    /// A connection that is silent, or leaves a request half sent, for so long is closed.
    public var idleSeconds: Int

    public init(connections: Int, idleSeconds: Int) {
        self.connections = connections
        self.idleSeconds = idleSeconds
    }

    /// Kept for database files, exchanges and logs.
    private static let reserve = 256

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
