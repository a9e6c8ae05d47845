import Glibc
import Synchronization

/// Ports for servers that tests start: each is given once, and none is one that the kernel gives to connections that others open
/// meanwhile (`net.ipv4.ip_local_port_range` begins at 32,768). A port that was free a moment ago is no promise in that range.
public enum FreePort {
    private static let range = 10_240..<32_000
    /// Where processes that run side by side begin is far apart.
    private static let given = Atomic(Int(getpid()) &* 131 % range.count)

    /// - Throws: ``CommandFailed`` when none is free.
    public static func next() throws -> Int {
        for _ in range {
            let number = given.add(1, ordering: .relaxed).oldValue
            let port = range.lowerBound + number % range.count
            if isFree(port) { return port }
        }
        throw CommandFailed(command: "bind")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 }
        }
    }
}
