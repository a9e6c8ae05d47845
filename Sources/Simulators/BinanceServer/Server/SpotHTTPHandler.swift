import Crypto
import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// One connection's requests, one after another, and its turn to a WebSocket when it is asked for.
final class SpotHTTPHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let longestBody = 1 << 20
    /// Requests that wait for the one before; who sends more without reading is cut off.
    private static let longestQueue = 256

    private let server: SpotServer
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private let encoder: HTTPResponseEncoder
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    private var waiting: [SpotServer.RawRequest] = []
    private var isBusy = false

    init(_ server: SpotServer, decoder: ByteToMessageHandler<HTTPRequestDecoder>, encoder: HTTPResponseEncoder) {
        self.server = server
        self.decoder = decoder
        self.encoder = encoder
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let next): (head, body) = (next, ByteBuffer())
        case .body(var bytes):
            // What is too long is answered when it has ended; its rest is not kept.
            if body.readableBytes <= Self.longestBody { body.writeBuffer(&bytes) }
        case .end:
            guard let head else { return }
            self.head = nil
            waiting.append(
                SpotServer.RawRequest(
                    head: head, body: String(buffer: body), isTooLong: body.readableBytes > Self.longestBody,
                    address: SpotServer.address(of: context.channel)))
            if waiting.count > Self.longestQueue { return context.close(promise: nil) }
            next(context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        server.logger.debug("paper exchange: no HTTP: \(error)")
        context.close(promise: nil)
    }

    private func next(_ context: ChannelHandlerContext) {
        guard !isBusy, let request = waiting.first else { return }
        waiting.removeFirst()
        isBusy = true
        if let socket = SpotServer.socketRequest(request) {
            upgrade(request.head, socket, context)
            return
        }
        let this = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let (server, channel) = (server, context.channel)
        Task {
            let answer = await server.answer(request)
            channel.eventLoop.execute {
                let (handler, context) = this.value
                handler.finish(answer, request, context)
            }
        }
    }

    private func finish(
        _ answer: SpotServer.RawAnswer?, _ request: SpotServer.RawRequest, _ context: ChannelHandlerContext
    ) {
        isBusy = false
        guard context.channel.isActive else { return }
        guard let answer else { return context.close(promise: nil) }
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: "application/json;charset=UTF-8")
        headers.add(name: "Content-Length", value: "\(answer.body.utf8.count)")
        for header in answer.headers { headers.add(name: header.name, value: header.value) }
        if !request.head.isKeepAlive { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        if request.head.isKeepAlive { next(context) } else { context.close(mode: .output, promise: nil) }
    }

    // MARK: - WebSocket

    private func upgrade(_ head: HTTPRequestHead, _ socket: SpotServer.SocketRequest, _ context: ChannelHandlerContext)
    {
        guard let key = head.headers.first(name: "Sec-WebSocket-Key"), head.method == .GET else {
            let answer = SpotServer.RawAnswer(status: 400, body: #"{"code":-1000,"msg":"No WebSocket handshake."}"#)
            return finish(answer, SpotServer.RawRequest(head: head, body: "", address: ""), context)
        }
        var headers = HTTPHeaders()
        headers.add(name: "Upgrade", value: "websocket")
        headers.add(name: "Connection", value: "Upgrade")
        headers.add(name: "Sec-WebSocket-Accept", value: Self.accept(key))
        let answer = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        do { try becomeSocket(socket, context) } catch {
            server.logger.error("paper exchange: no WebSocket: \(error)")
            context.close(promise: nil)
        }
    }

    private func becomeSocket(_ socket: SpotServer.SocketRequest, _ context: ChannelHandlerContext) throws {
        let pipeline = context.pipeline.syncOperations
        pipeline.removeHandler(encoder, promise: nil)
        try pipeline.addHandlers(
            WebSocketFrameEncoder(), ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: 1 << 20)),
            NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 256, maxAccumulatedFrameSize: 1 << 20))
        let frames = try SpotServer.SocketChannel(wrappingChannelSynchronously: context.channel)
        // What the client has sent already goes on to the frames.
        pipeline.removeHandler(decoder, promise: nil)
        pipeline.removeHandler(context: context, promise: nil)
        let server = server
        Task {
            do { try await server.serve(frames, socket) } catch {
                server.logger.debug("paper exchange: socket over: \(error)")
            }
        }
    }

    /// RFC 6455, section 4.2.2.
    private static func accept(_ key: String) -> String {
        let digest = Insecure.SHA1.hash(data: Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        return Data(digest).base64EncodedString()
    }
}
