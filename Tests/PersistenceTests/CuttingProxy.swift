import Dispatch
import Foundation
import Synchronization

/// Stands between a client and its server and cuts the connection at a COMMIT, in one of the ways a network can.
final class CuttingProxy: Sendable {
    enum Cut: CaseIterable, Sendable {
        /// The server gets the COMMIT, the client never its answer.
        case answerLost
        /// The server never gets it, and sees the connection end.
        case requestLost
        /// The server never gets it, and believes the client is still there.
        case requestLostSilently
    }

    let port: Int
    private let listener: Int32
    private let server: Int
    /// Made to the next COMMIT.
    private let next = Mutex<Cut?>(nil)
    let cuts = Collected<Cut>()
    /// Of the connections that were let in.
    private let clients = Mutex<[Int32]>([])

    init(server: Int) throws {
        self.server = server
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isListening else { throw CocoaError(.featureUnsupported) }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { self.accept() }
    }

    func cutNextCommit(_ cut: Cut) { next.withLock { $0 = cut } }

    /// Ends every connection so far, as the client sees it. The server believes that it is still there.
    func cutClients() {
        for client in clients.withLock({ $0 }) { end(client) }
    }

    /// Lets nobody in any more.
    func close() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { return }
            let upstream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = Self.loopback(server)
            let isConnected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(upstream, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            guard isConnected else {
                end(client)
                continue
            }
            clients.withLock { $0.append(client) }
            Thread.detachNewThread { self.pass(client, upstream) { self.isCut($0, client, upstream) } }
            Thread.detachNewThread { self.pass(upstream, client) { _ in false } }
        }
    }

    private func pass(_ from: Int32, _ to: Int32, _ isCut: ([UInt8]) -> Bool) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(from, &buffer, buffer.count, 0)
            if count <= 0 { break }
            let bytes = Array(buffer[..<count])
            if isCut(bytes) { return }
            guard send(to, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
        end(to)
    }

    private func isCut(_ bytes: [UInt8], _ client: Int32, _ upstream: Int32) -> Bool {
        guard Data(bytes).range(of: Data("COMMIT".utf8)) != nil else { return false }
        guard
            let cut = next.withLock({ next in
                defer { next = nil }
                return next
            })
        else { return false }
        // No answer reaches the client from here on.
        end(client)
        switch cut {
        case .answerLost: _ = send(upstream, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        case .requestLost: end(upstream)
        case .requestLostSilently: break
        }
        cuts.add(cut)
        return true
    }

    private func end(_ descriptor: Int32) { shutdown(descriptor, Int32(SHUT_RDWR)) }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        return address
    }
}
