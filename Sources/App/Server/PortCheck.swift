import API
import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Whether the port can be listened on, asked before anything is started.
enum PortCheck {
    static func message(_ configuration: ServerConfiguration) -> String {
        "PORT \(configuration.port): must be free, another program listens on \(configuration.host):\(configuration.port)"
    }

    /// - Throws: ``BadInput`` when another program listens there.
    static func requireFree(_ configuration: ServerConfiguration) throws {
        if configuration.port != 0, !isFree(configuration) { throw BadInput(message(configuration)) }
    }

    static func isFree(_ configuration: ServerConfiguration) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        var reuse: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(configuration.port).bigEndian
        guard inet_pton(AF_INET, configuration.host, &address.sin_addr) == 1 else { return true }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return result == 0 || errno != EADDRINUSE
    }
}
