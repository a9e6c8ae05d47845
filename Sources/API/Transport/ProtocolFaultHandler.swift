import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Gives the answer to what is not HTTP the envelope of every other: the server below us refuses it with an empty 400.
final class ProtocolFaultHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Address or headers were longer than is read.
    private var isOverlong = false

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .headerOverflow? = error as? HTTPParserError { isOverlong = true }
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), isFault(head) else {
            context.write(data, promise: promise)
            return
        }
        let error =
            isOverlong
            ? APIError.typed(431, "The request's address and headers must be shorter: 80 KiB and 1000 fields at most")
            : APIError.typed(400, "The request is not well-formed HTTP")
        let body = error.body.json
        head.status = .init(code: error.status)
        head.headerFields[.contentType] = "application/json; charset=utf-8"
        head.headerFields[.contentLength] = "\(body.utf8.count)"
        context.write(wrapOutboundOut(.head(head)), promise: promise)
        context.write(wrapOutboundOut(.body(ByteBuffer(string: body))), promise: nil)
    }

    /// No route of ours answers 400 without a body.
    private func isFault(_ head: HTTPResponse) -> Bool {
        head.status == .badRequest && head.headerFields[.contentLength] == "0"
            && head.headerFields[.connection] == "close"
    }
}
