import NIOCore
import NIOPosix
import Synchronization

/// A request as an exchange sees it.
struct VenueRequest: Sendable {
    var verb: String
    /// Without its query.
    var path: String
    var query: String
    var headers: [String: String]
    var body: String

    /// By name, from the query and a form body.
    var fields: [String: String] {
        var fields: [String: String] = [:]
        for part in (query + "&" + (body.hasPrefix("{") ? "" : body)).split(separator: "&") {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if halves.count == 2 { fields[String(halves[0])] = String(halves[1]) }
        }
        return fields
    }

    init?(_ text: String) {
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3, let gap = lines.firstIndex(of: "") else { return nil }
        verb = String(words[0])
        let halves = words[1].split(separator: "?", maxSplits: 1)
        path = String(halves[0])
        query = halves.count > 1 ? String(halves[1]) : ""
        headers = [:]
        for line in lines[1..<gap] {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].drop { $0 == " " }.description
        }
        body = lines[(gap + 1)...].joined(separator: "\r\n")
    }
}

/// What a model exchange answers, and when.
struct VenueAnswer: Sendable {
    var status = 200
    var body: String
    var headers: [(String, String)] = []
    /// The connection breaks instead.
    var isDropped = false
    /// Real milliseconds.
    var delay: Int64 = 0

    static let dropped = VenueAnswer(body: "", isDropped: true)
}

/// What a server sends over a WebSocket.
enum VenueFrame: Sendable {
    case text(String)
    case binary([UInt8])
    /// Bytes as they are, whatever they mean.
    case raw([UInt8])

    var bytes: [UInt8] {
        switch self {
        case .text(let text): WebSocketText.text(text)
        case .binary(let bytes): WebSocketText.frame(WebSocketText.Opcode.binary, bytes)
        case .raw(let bytes): bytes
        }
    }
}

/// HTTP and WebSockets on one port of this machine, as an exchange offers them.
final class VenueServer: Sendable {
    typealias Connection = Int

    private struct State: Sendable {
        var sockets: [Connection: any Channel] = [:]
        var last = 0
    }

    private let state = Mutex(State())
    private let channel: Mutex<(any Channel)?> = Mutex(nil)
    var port: Int { channel.withLock { $0?.localAddress?.port ?? 0 } }

    fileprivate let answer: @Sendable (VenueRequest) -> VenueAnswer
    fileprivate let opened: @Sendable (Connection, String) -> [String]
    fileprivate let received: @Sendable (Connection, String) -> [String]
    fileprivate let closed: @Sendable (Connection) -> Void

    init(
        answer: @escaping @Sendable (VenueRequest) -> VenueAnswer,
        opened: @escaping @Sendable (Connection, String) -> [String],
        received: @escaping @Sendable (Connection, String) -> [String],
        closed: @escaping @Sendable (Connection) -> Void
    ) {
        self.answer = answer
        self.opened = opened
        self.received = received
        self.closed = closed
    }

    func start() async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(VenueHandler(server: self))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.channel.withLock { $0 = channel }
    }

    func stop() async {
        let sockets = state.withLock { Array($0.sockets.values) }
        for socket in sockets { socket.close(promise: nil) }
        try? await channel.withLock { $0 }?.close()
    }

    func push(_ text: String, to connection: Connection) { push(.text(text), to: connection) }

    func push(_ frame: VenueFrame, to connection: Connection) {
        let socket = state.withLock { $0.sockets[connection] }
        socket?.writeAndFlush(ByteBuffer(bytes: frame.bytes), promise: nil)
    }

    func hangUp(_ connection: Connection) { state.withLock { $0.sockets[connection] }?.close(promise: nil) }

    fileprivate func add(_ channel: any Channel) -> Connection {
        state.withLock { state in
            state.last += 1
            state.sockets[state.last] = channel
            return state.last
        }
    }

    fileprivate func remove(_ connection: Connection) {
        state.withLock { $0.sockets[connection] = nil }
        closed(connection)
    }
}

private final class VenueHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let server: VenueServer
    private var bytes: [UInt8] = []
    private var connection: Int?

    init(server: VenueServer) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += unwrapInboundIn(data).readableBytesView
        while true {
            if let connection {
                guard let (opcode, text, length) = Self.frame(bytes) else { return }
                bytes.removeFirst(length)
                if opcode == WebSocketText.Opcode.close { return context.close(promise: nil) }
                guard opcode == WebSocketText.Opcode.text else { continue }
                for reply in server.received(connection, text) { server.push(reply, to: connection) }
            } else {
                guard let (text, length) = HTTPText.take(bytes, 0) else { return }
                bytes.removeFirst(length)
                guard let request = VenueRequest(text) else { return context.close(promise: nil) }
                if request.headers["upgrade"] != nil {
                    upgrade(request, text, context)
                } else {
                    reply(request, context)
                }
            }
        }
    }

    private func upgrade(_ request: VenueRequest, _ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: WebSocketText.upgrade(text))), promise: nil)
        let connection = server.add(context.channel)
        self.connection = connection
        for frame in server.opened(connection, request.path + "?" + request.query) {
            server.push(frame, to: connection)
        }
    }

    private func reply(_ request: VenueRequest, _ context: ChannelHandlerContext) {
        let answer = server.answer(request)
        let channel = context.channel
        if answer.isDropped { return channel.close(promise: nil) }
        let headers = answer.headers.map { "\($0.0): \($0.1)\r\n" }.joined()
        let text = HTTPText.answer(answer.body, status: "\(answer.status) Said", headers: headers)
        channel.eventLoop.scheduleTask(in: .milliseconds(answer.delay)) {
            channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
        }
    }

    private static func frame(_ bytes: [UInt8]) -> (opcode: UInt8, text: String, length: Int)? {
        guard bytes.count >= 2 else { return nil }
        var length = Int(bytes[1] & 0x7F)
        var start = 2
        if length == 126 {
            guard bytes.count >= 4 else { return nil }
            length = Int(bytes[2]) << 8 | Int(bytes[3])
            start = 4
        }
        guard bytes.count >= start + 4 + length else { return nil }
        let mask = bytes[start..<start + 4].map { $0 }
        let content = (0..<length).map { bytes[start + 4 + $0] ^ mask[$0 % 4] }
        return (bytes[0] & 0x0F, String(decoding: content, as: UTF8.self), start + 4 + length)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let connection { server.remove(connection) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
