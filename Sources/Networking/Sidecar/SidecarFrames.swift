import Exchanges
import NIOCore
import TradingCore

/// Four bytes of length, most significant first, then so many bytes.
struct SidecarFrameDecoder: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return .needMoreData }
        guard length <= SidecarMessage.maximumFrame else {
            throw UnreadableAnswer("frame", expected: "at most 64 MiB", found: "\(length) bytes")
        }
        guard buffer.readableBytes >= 4 + Int(length) else { return .needMoreData }
        buffer.moveReaderIndex(forwardBy: 4)
        guard let frame = buffer.readSlice(length: Int(length)) else { return .needMoreData }
        context.fireChannelRead(Self.wrapInboundOut(frame))
        return .continue
    }

    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) throws -> DecodingState {
        while try decode(context: context, buffer: &buffer) == .continue {}
        return .needMoreData
    }
}

enum SidecarFrame {
    /// - Returns: nil for what is larger than a frame may be.
    static func encode(_ message: JSONValue) -> ByteBuffer? {
        let text = message.compactText
        guard text.utf8.count <= SidecarMessage.maximumFrame else { return nil }
        var buffer = ByteBufferAllocator().buffer(capacity: text.utf8.count + 4)
        buffer.writeInteger(UInt32(text.utf8.count))
        buffer.writeString(text)
        return buffer
    }
}
