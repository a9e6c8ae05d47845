import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A server on this machine that answers as a test says, to the byte.
final class ScriptedServer: Sendable {
    enum Step: Sendable {
        case send([UInt8])
        /// Milliseconds.
        case wait(Int64)
        case hangUp

        static func send(_ text: String) -> Step { .send(Array(text.utf8)) }
    }

    private struct Log: Sendable {
        var connections = 0
        var received: [String] = []
    }

    private let log = Mutex(Log())
    private let channel: Mutex<(any Channel)?> = Mutex(nil)

    var connections: Int { log.withLock { $0.connections } }
    /// What `take` gave of each connection's bytes, in order.
    var received: [String] { log.withLock { $0.received } }
    var port: Int { channel.withLock { $0?.localAddress?.port ?? 0 } }

    /// - Parameters:
    ///   - take: the first whole thing in a connection's bytes and how many those are; nil while it is not whole.
    ///   - answer: what to do about it; the second number counts on the connection.
    static func with<Outcome>(
        isSecure: Bool = false, take: @escaping @Sendable ([UInt8], Int) -> (String, Int)? = HTTPText.take,
        answer: @escaping @Sendable (String, Int) -> [Step], _ body: (ScriptedServer) async throws -> Outcome
    ) async throws -> Outcome {
        let server = ScriptedServer()
        let tls: NIOSSLContext? = isSecure ? try context() : nil
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    server.log.withLock { $0.connections += 1 }
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(
                        ScriptHandler(take: take) { text, count in
                            server.log.withLock { $0.received.append(text) }
                            return answer(text, count)
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        server.channel.withLock { $0 = channel }
        do {
            let outcome = try await body(server)
            try? await channel.close()
            return outcome
        } catch {
            try? await channel.close()
            throw error
        }
    }

    private static func context() throws -> NIOSSLContext {
        let certificates = try NIOSSLCertificate.fromPEMBytes(Array(TestCertificate.pem.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(TestCertificate.key.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key)))
    }
}

/// Collects bytes, and does what the script says about each whole thing in them.
private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let take: @Sendable ([UInt8], Int) -> (String, Int)?
    private let answer: @Sendable (String, Int) -> [ScriptedServer.Step]
    private var bytes: [UInt8] = []
    private var count = 0

    init(
        take: @escaping @Sendable ([UInt8], Int) -> (String, Int)?,
        answer: @escaping @Sendable (String, Int) -> [ScriptedServer.Step]
    ) {
        self.take = take
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += unwrapInboundIn(data).readableBytesView
        while let (text, length) = take(bytes, count) {
            bytes.removeFirst(length)
            let steps = answer(text, count)
            count += 1
            Self.perform(steps[...], context.channel)
        }
    }

    private static func perform(_ steps: ArraySlice<ScriptedServer.Step>, _ channel: any Channel) {
        var rest = steps
        while let step = rest.popFirst() {
            switch step {
            case .send(let bytes): channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
            case .hangUp: channel.close(promise: nil)
            case .wait(let milliseconds):
                let later = rest
                channel.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) { perform(later, channel) }
                return
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// HTTP as text.
enum HTTPText {
    /// A request with its body, where `Content-Length` tells of one.
    static func take(_ bytes: [UInt8], _ count: Int) -> (String, Int)? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        var length = 0
        for line in text[..<end].split(separator: "\r\n") where line.lowercased().hasPrefix("content-length:") {
            length = Int(line.drop { $0 != ":" }.dropFirst().filter { $0 != " " }) ?? 0
        }
        let whole = text[..<end].utf8.count + 4 + length
        return bytes.count < whole ? nil : (String(decoding: bytes.prefix(whole), as: UTF8.self), whole)
    }

    static func answer(_ body: String, status: String = "200 OK", headers: String = "") -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
    }
}

extension String {
    /// Where `needle` begins.
    fileprivate func range(of needle: String) -> String.Index? {
        let bytes = Array(utf8), wanted = Array(needle.utf8)
        guard bytes.count >= wanted.count else { return nil }
        for start in 0...(bytes.count - wanted.count) where Array(bytes[start..<start + wanted.count]) == wanted {
            return utf8.index(startIndex, offsetBy: start)
        }
        return nil
    }
}
