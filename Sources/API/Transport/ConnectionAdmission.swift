import NIOCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Whom a connection comes from, as far as its share of all connections goes.
enum ConnectionOrigin: Hashable, Sendable {
    /// This machine, where the operator's command line is.
    case operatorsMachine
    case v4(UInt32)
    /// The first half of the address: the other one is its owner's to choose.
    case v6(UInt64)
    /// A client that was gone before it could be asked.
    case unknown

    /// - Parameter own: the address that the client reached us by. Who comes from there is on this machine.
    init(_ remote: SocketAddress?, own: SocketAddress?) {
        guard let remote, let bytes = Self.bytes(remote) else {
            self = .unknown
            return
        }
        let loopback: [UInt8] = bytes.count == 4 ? [127, 0, 0, 1] : Array(repeating: 0, count: 15) + [1]
        if bytes == loopback || own.flatMap(Self.bytes) == bytes {
            self = .operatorsMachine
        } else if bytes.count == 4 {
            self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        } else {
            self = .v6(bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
        }
    }

    /// Four bytes, or sixteen; four also of an IPv4 address that is written as an IPv6 one.
    static func bytes(_ address: SocketAddress) -> [UInt8]? {
        guard let text = address.ipAddress else { return nil }
        var four = [UInt8](repeating: 0, count: 4)
        if inet_pton(AF_INET, text, &four) == 1 { return four }
        var bytes = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
        let mapped: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF]
        return bytes.starts(with: mapped) ? Array(bytes.suffix(4)) : bytes
    }
}

/// Who holds how many connections, and who may have another one: no client can keep others out, and none the operator.
struct ConnectionAdmission: Sendable {
    let limits: ConnectionLimits
    private var held: [ConnectionOrigin: Int] = [:]
    private var total = 0

    init(_ limits: ConnectionLimits) { self.limits = limits }

    /// - Returns: false, with nothing counted, when it has its share, or all but the operator's are taken.
    mutating func admit(_ origin: ConnectionOrigin) -> Bool {
        let own = held[origin, default: 0]
        let isAdmitted =
            origin == .operatorsMachine
            ? total < limits.connections
            : own < limits.connectionsPerClient
                && total - held[.operatorsMachine, default: 0] < limits.connections - limits.operatorReserve
        guard isAdmitted, total < limits.connections else { return false }
        held[origin] = own + 1
        total += 1
        return true
    }

    mutating func leave(_ origin: ConnectionOrigin) {
        guard let own = held[origin] else { return }
        held[origin] = own > 1 ? own - 1 : nil
        total -= 1
    }
}

/// The admission that all event loops share.
final class ConnectionDoor: Sendable {
    private let admission: Mutex<ConnectionAdmission>

    init(_ limits: ConnectionLimits) { admission = Mutex(ConnectionAdmission(limits)) }

    /// Counts a connection until it is closed.
    /// - Returns: false when it is to be closed at once.
    func admit(_ channel: any Channel) -> Bool {
        let origin = ConnectionOrigin(channel.remoteAddress, own: channel.localAddress)
        guard admission.withLock({ $0.admit(origin) }) else { return false }
        channel.closeFuture.whenComplete { [self] _ in admission.withLock { $0.leave(origin) } }
        return true
    }
}
