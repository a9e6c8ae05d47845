public import NIOCore
import NIOWebSocket

/// What comes over a connection.
public enum WebSocketMessage: Sendable {
    /// A whole message.
    case message(ByteBuffer, isBinary: Bool)
    /// A ping, which has been answered, or a pong.
    case alive
    /// The last: why the connection is over.
    case over(WebSocketFailure)
}

/// Turns whole frames into messages: answers pings and the closing handshake, and takes nothing that breaks the protocol.
final class WebSocketMessageHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = WebSocketMessage
    typealias OutboundOut = WebSocketFrame

    private var isOver = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        let frame = unwrapInboundIn(data)
        // RFC 6455, section 5.1 and 5.2: a server masks nothing, and no extension was agreed on.
        if frame.maskKey != nil { return end(.protocolBroken("masked frame"), .protocolError, context) }
        if frame.rsv1 || frame.rsv2 || frame.rsv3 {
            return end(.protocolBroken("reserved bits"), .protocolError, context)
        }
        switch frame.opcode {
        case .text: context.fireChannelRead(wrapInboundOut(.message(frame.data, isBinary: false)))
        case .binary: context.fireChannelRead(wrapInboundOut(.message(frame.data, isBinary: true)))
        case .ping:
            write(.pong, frame.data, context)
            context.fireChannelRead(wrapInboundOut(.alive))
        case .pong: context.fireChannelRead(wrapInboundOut(.alive))
        case .connectionClose:
            var data = frame.data
            let code = data.readInteger(as: UInt16.self).map(Int.init)
            let reason = String(String(buffer: data).prefix(200))
            end(.closed(code: code, reason: reason), code == nil ? nil : .normalClosure, context)
        default: end(.protocolBroken("opcode"), .protocolError, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isOver else { return }
        switch error {
        case NIOWebSocketError.invalidFrameLength: end(.tooLong, .messageTooLarge, context)
        case let error as NIOWebSocketError: end(.protocolBroken("\(error)"), .protocolError, context)
        case NIOWebSocketFrameAggregator.Error.tooManyFragments,
            NIOWebSocketFrameAggregator.Error.accumulatedFrameSizeIsTooLarge,
            NIOWebSocketFrameAggregator.Error.nonFinalFragmentSizeIsTooSmall:
            end(.tooLong, .messageTooLarge, context)
        case let error as NIOWebSocketFrameAggregator.Error:
            end(.protocolBroken("\(error)"), .protocolError, context)
        default: end(.lost("\(error)"), nil, context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isOver {
            isOver = true
            context.fireChannelRead(wrapInboundOut(.over(.lost("the other side hung up"))))
        }
        context.fireChannelInactive()
    }

    /// Tells why, says goodbye and hangs up.
    private func end(_ failure: WebSocketFailure, _ code: WebSocketErrorCode?, _ context: ChannelHandlerContext) {
        isOver = true
        context.fireChannelRead(wrapInboundOut(.over(failure)))
        context.fireChannelReadComplete()
        if let code {
            var data = context.channel.allocator.buffer(capacity: 2)
            data.write(webSocketErrorCode: code)
            write(.connectionClose, data, context)
        }
        context.close(promise: nil)
    }

    private func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }
}

/// Notes the status of the answer to the handshake as it goes by, then leaves.
final class HandshakeStatus: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let told: @Sendable (Int) -> Void

    init(_ told: @escaping @Sendable (Int) -> Void) {
        self.told = told
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // "HTTP/1.1 503 Service Unavailable"
        let start = String(decoding: unwrapInboundIn(data).readableBytesView.prefix(12), as: UTF8.self)
        if start.hasPrefix("HTTP/1."), let status = Int(start.suffix(3)) { told(status) }
        context.fireChannelRead(data)
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
}
