import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Synchronization

/// An exchange on this machine: answers plain requests, and sends frames over WebSocket to whoever has subscribed.
final class StreamingExchange: Sendable {
    struct Script: Sendable {
        /// The answer to a path with its query; nil: 404.
        var answer: @Sendable (String) -> String?
        /// Frames for a client's message.
        var replies: @Sendable (String) -> [String]
        /// Frames that come by themselves, every 10 ms once something was sent; nil hangs up.
        var next: @Sendable () -> [String]?
    }

    private let channel = Mutex<(any Channel)?>(nil)
    private let connections = Mutex(0)

    var port: Int { channel.withLock { $0?.localAddress?.port ?? 0 } }
    /// WebSocket connections so far.
    var connectionCount: Int { connections.withLock { $0 } }

    static func with<Outcome>(
        _ script: Script, _ body: (StreamingExchange) async throws -> Outcome
    ) async throws -> Outcome {
        let exchange = StreamingExchange()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in exchange.prepare(channel, script) }
            .bind(host: "127.0.0.1", port: 0).get()
        exchange.channel.withLock { $0 = channel }
        do {
            let outcome = try await body(exchange)
            try? await channel.close()
            return outcome
        } catch {
            try? await channel.close()
            throw error
        }
    }

    private func prepare(_ channel: any Channel, _ script: Script) -> EventLoopFuture<Void> {
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
            upgradePipelineHandler: { channel, _ in
                self.connections.withLock { $0 += 1 }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(FrameHandler(script))
                }
            })
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                withServerUpgrade: (
                    upgraders: [upgrader],
                    completionHandler: { context in
                        let operations = context.pipeline.syncOperations
                        guard let plain = try? operations.handler(type: PlainHandler.self) else { return }
                        operations.removeHandler(plain, promise: nil)
                    }
                ))
            try channel.pipeline.syncOperations.addHandler(PlainHandler(script))
        }
    }
}

private final class PlainHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let script: StreamingExchange.Script
    private var path = ""

    init(_ script: StreamingExchange.Script) { self.script = script }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): path = head.uri
        case .body: break
        case .end:
            let body = script.answer(path)
            let head = HTTPResponseHead(
                version: .http1_1, status: body == nil ? .notFound : .ok,
                headers: ["content-length": "\((body ?? "").utf8.count)", "content-type": "application/json"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body ?? "")))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}

private final class FrameHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let script: StreamingExchange.Script
    private var sending: RepeatedTask?

    init(_ script: StreamingExchange.Script) { self.script = script }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text:
            for reply in script.replies(String(buffer: frame.unmaskedData)) { Self.send(reply, context.channel) }
            if sending == nil { begin(context) }
        case .ping:
            let pong = WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)
            context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
        case .connectionClose: context.close(promise: nil)
        default: break
        }
    }

    private func begin(_ context: ChannelHandlerContext) {
        let (channel, script) = (context.channel, script)
        sending = context.eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(10), delay: .milliseconds(10)) {
            _ in
            guard let frames = script.next() else { return channel.close(promise: nil) }
            for frame in frames { Self.send(frame, channel) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        sending?.cancel()
        context.fireChannelInactive()
    }

    private static func send(_ text: String, _ channel: any Channel) {
        channel.writeAndFlush(WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: text)), promise: nil)
    }
}
