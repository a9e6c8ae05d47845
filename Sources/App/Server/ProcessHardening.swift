import CProcess

#if canImport(Glibc)
import Glibc
#endif

/// Keeps the process's memory, in which opened secrets are, out of core files and other processes' reach.
enum ProcessHardening {
    /// No core dump, and no `ptrace` by others of the same user. Root may still look.
    static func apply() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        _ = process_deny_dumps()
    }

    /// Whether it holds.
    static var isInForce: Bool {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0, limit.rlim_max == 0 else {
            return false
        }
        return process_allows_dumps() == 0
    }
}
