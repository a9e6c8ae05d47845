import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import API

/// How clients share connections.
@Suite struct ConnectionAdmissionTests {
    private static func origin(_ address: String, own: String = "10.0.0.1") throws -> ConnectionOrigin {
        ConnectionOrigin(
            try SocketAddress(ipAddress: address, port: 40_000), own: try SocketAddress(ipAddress: own, port: 3_000))
    }

    @Test func `no client has more than a quarter, and none what is the operator's`() throws {
        var admission = ConnectionAdmission(ConnectionLimits(connections: 80, idleSeconds: 60))
        let operators = try Self.origin("127.0.0.1")
        let clients = try (1...4).map { try Self.origin("192.0.2.\($0)") }
        var counts: [Int] = []
        for origin in clients + [operators] { counts.append(Self.crowd(origin, &admission)) }
        #expect(counts == [20, 20, 20, 10, 10])
        // Those that leave make room for as many.
        for _ in 0..<3 { admission.leave(clients[0]) }
        counts = []
        for origin in [clients[3], operators] { counts.append(Self.crowd(origin, &admission)) }
        #expect(counts == [3, 0])
    }

    /// A hundred connections.
    /// - Returns: how many of them are admitted.
    private static func crowd(_ origin: ConnectionOrigin, _ admission: inout ConnectionAdmission) -> Int {
        (0..<100).count { _ in admission.admit(origin) }
    }

    @Test func `the operator is who comes from this machine`() throws {
        for (address, own) in [
            ("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
            ("192.0.2.1", "192.0.2.1"),
        ] { #expect(try Self.origin(address, own: own) == .operatorsMachine, "\(address)") }
        #expect(try Self.origin("127.0.0.2", own: "127.0.0.1") != .operatorsMachine)
        #expect(try Self.origin("192.0.2.1") != Self.origin("192.0.2.2"))
        #expect(try Self.origin("::ffff:192.0.2.1") == Self.origin("192.0.2.1"))
        #expect(try Self.origin("2001:db8::1") == Self.origin("2001:db8::2:1"), "one network is one client")
        #expect(try Self.origin("2001:db8::1") != Self.origin("2001:db8:0:1::1"))
        #expect(ConnectionOrigin(nil, own: nil) == .unknown)
    }

    @Test func `a connection without a whole request head is closed in time, one with it is not`() throws {
        let head = HTTPRequestPart.head(HTTPRequest(method: .get, scheme: "http", authority: "x", path: "/"))
        for sendsHead in [false, true] {
            let channel = EmbeddedChannel(handler: RequestHeadDeadline(.seconds(5)))
            _ = try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
            channel.embeddedEventLoop.advanceTime(by: .milliseconds(4_999))
            #expect(channel.isActive)
            if sendsHead { try channel.writeInbound(head) }
            channel.embeddedEventLoop.advanceTime(by: .seconds(60))
            #expect(channel.isActive == sendsHead)
            _ = try? channel.finish(acceptAlreadyClosed: true)
        }
    }
}
