import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An exchange on this machine: real sockets, real HTTP, answers as a test says.
final class PlayedServer: Sendable {
    struct Request: Sendable {
        var method: String
        var path: String
        var query: String
        var headers: [(String, String)]

        func header(_ name: String) -> String? { headers.first { $0.0.lowercased() == name.lowercased() }?.1 }
    }

    typealias Answer = @Sendable (Request) -> (status: Int, body: String)

    let port: Int
    private let channel: any Channel
    private let log: Log

    final class Log: Sendable {
        let requests = Mutex<[Request]>([])
    }

    var requests: [Request] { log.requests.withLock { $0 } }

    private init(_ channel: any Channel, _ log: Log) {
        self.channel = channel
        self.log = log
        port = channel.localAddress?.port ?? 0
    }

    static func with<Outcome>(
        _ answer: @escaping Answer, _ body: (PlayedServer) async throws -> Outcome
    ) async throws -> Outcome {
        let log = Log()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(PlayedHandler(answer, log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = PlayedServer(channel, log)
        do {
            let outcome = try await body(server)
            try? await channel.close()
            return outcome
        } catch {
            try? await channel.close()
            throw error
        }
    }
}

private final class PlayedHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: PlayedServer.Answer
    private let log: PlayedServer.Log
    private var request: PlayedServer.Request?

    init(_ answer: @escaping PlayedServer.Answer, _ log: PlayedServer.Log) {
        self.answer = answer
        self.log = log
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let parts = head.uri.split(separator: "?", maxSplits: 1)
            request = PlayedServer.Request(
                method: head.method.rawValue, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "",
                headers: head.headers.map { ($0.name, $0.value) })
        case .body: break
        case .end: finish(context)
        }
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard let request else { return }
        log.requests.withLock { $0.append(request) }
        let (status, body) = answer(request)
        let head = HTTPResponseHead(
            version: .http1_1, status: .init(statusCode: status),
            headers: ["Content-Length": "\(body.utf8.count)", "Content-Type": "application/json"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
