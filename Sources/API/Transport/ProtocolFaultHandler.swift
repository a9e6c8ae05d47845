import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Gives the answer to what is not HTTP the envelope of every other: the server below us refuses it with an empty 400.
final class ProtocolFaultHandler: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private static let body = APIError.typed(400, "The request is not well-formed HTTP").body.json

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), isFault(head) else {
            context.write(data, promise: promise)
            return
        }
        head.headerFields[.contentType] = "application/json; charset=utf-8"
        head.headerFields[.contentLength] = "\(Self.body.utf8.count)"
        context.write(wrapOutboundOut(.head(head)), promise: promise)
        context.write(wrapOutboundOut(.body(ByteBuffer(string: Self.body))), promise: nil)
    }

    /// No route of ours answers 400 without a body.
    private func isFault(_ head: HTTPResponse) -> Bool {
        head.status == .badRequest && head.headerFields[.contentLength] == "0"
            && head.headerFields[.connection] == "close"
    }
}
