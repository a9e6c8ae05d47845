import API
import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Whether the address can be listened on, asked before anything is started.
enum PortCheck {
    static func message(_ configuration: ServerConfiguration) -> String {
        "PORT \(configuration.port): must be free, another program listens on \(configuration.host):\(configuration.port)"
    }

    /// - Throws: ``BadInput`` naming HOST or PORT.
    static func requireFree(_ configuration: ServerConfiguration) throws {
        if let fault = fault(configuration) { throw BadInput(fault) }
    }

    /// Why nobody can listen there; nil when it can be done.
    static func fault(_ configuration: ServerConfiguration) -> String? {
        let hostRule = "HOST \(configuration.host): must be an address of this machine, as 127.0.0.1 or 0.0.0.0"
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(configuration.host, "\(configuration.port)", &hints, &found) == 0, let found else {
            return hostRule
        }
        defer { freeaddrinfo(found) }
        switch bindFailure(found.pointee) {
        case 0: return nil
        case EADDRINUSE: return configuration.port == 0 ? nil : message(configuration)
        case EACCES: return "PORT \(configuration.port): must be one that this user may listen on, from 1024 on"
        case EADDRNOTAVAIL: return hostRule
        case let code: return "HOST \(configuration.host): must be one to listen on: \(String(cString: strerror(code)))"
        }
    }

    /// - Returns: `errno`, or 0.
    private static func bindFailure(_ address: addrinfo) -> Int32 {
        let descriptor = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var reuse: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        return bind(descriptor, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno
    }
}
