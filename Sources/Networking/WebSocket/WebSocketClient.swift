public import Exchanges
public import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Synchronization

/// Opens WebSocket connections (RFC 6455): `ws` plain, `wss` with TLS. No extensions.
public struct WebSocketClient: Sendable {
    public struct Settings: Sendable {
        /// Milliseconds from the call to the end of the handshake.
        public var opening: Int64
        /// Bytes of one frame, and of a message in several.
        public var longestFrame: Int
        public var longestMessage: Int
        public var mostFragments: Int
        public var trust: TrustedRoots

        public init(
            opening: Int64 = 10_000, longestFrame: Int = 4 << 20, longestMessage: Int = 8 << 20,
            mostFragments: Int = 1_024, trust: TrustedRoots = .system
        ) {
            self.opening = opening
            self.longestFrame = min(max(1, longestFrame), 1 << 30)
            self.longestMessage = longestMessage
            self.mostFragments = mostFragments
            self.trust = trust
        }
    }

    typealias Opened = NIOAsyncChannel<WebSocketMessage, Never>

    private let settings: Settings
    private let tls: NIOSSLContext

    /// - Throws: when the trusted roots cannot be read.
    public init(_ settings: Settings = Settings()) throws {
        self.settings = settings
        tls = try NIOSSLContext(configuration: settings.trust.clientConfiguration())
    }

    /// Opens a connection for as long as `body` runs. What comes waits for `body` to take it; while it does not, the other side
    /// is not read from.
    /// - Parameter body: gets the messages, of which ``WebSocketMessage/over(_:)`` is the last, and the way to send.
    public func connect<Outcome: Sendable>(
        to address: String, headers: [SignedRequest.Header] = [],
        _ body: (NIOAsyncChannelInboundStream<WebSocketMessage>, WebSocketSender) async throws -> Outcome
    ) async throws -> Outcome {
        let opened = try await open(address, headers)
        return try await opened.executeThenClose { messages in
            try await body(messages, WebSocketSender(channel: opened.channel))
        }
    }

    private func open(
        _ text: String, _ headers: [SignedRequest.Header]
    ) async throws(WebSocketFailure) -> Opened {
        guard let address = WebSocketAddress(text) else { throw .badAddress(String(text.prefix(80))) }
        let handshake = Handshake()
        let upgraded: EventLoopFuture<Opened>
        do {
            upgraded = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.milliseconds(settings.opening))
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .connect(host: address.host, port: address.port) { channel in
                    channel.eventLoop.makeCompletedFuture { try prepare(channel, address, headers, handshake) }
                }
        } catch {
            throw .notConnected("\(error)")
        }
        do { return try await upgraded.get() } catch {
            throw handshake.failure(error)
        }
    }

    /// TLS, the note of the status, and the handshake, which must be over in time.
    private func prepare(
        _ channel: any Channel, _ address: WebSocketAddress, _ headers: [SignedRequest.Header], _ handshake: Handshake
    ) throws -> EventLoopFuture<Opened> {
        let pipeline = channel.pipeline.syncOperations
        if address.isSecure {
            let name = address.isNumber ? nil : address.host
            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
        }
        try pipeline.addHandler(HandshakeStatus { handshake.answered($0) })
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: address.target)
        head.headers.add(name: "Host", value: address.hostHeader)
        head.headers.add(name: "User-Agent", value: "mrmarket")
        for header in headers { head.headers.replaceOrAdd(name: header.name, value: header.value) }
        let upgrade = NIOTypedHTTPClientUpgradeConfiguration<Opened>(
            upgradeRequestHead: head, upgraders: [upgrader()],
            notUpgradingCompletionHandler: { channel in
                channel.close().flatMapThrowing { throw WebSocketFailure.notUpgraded(status: handshake.status) }
            })
        var configuration = NIOUpgradableHTTPClientPipelineConfiguration(upgradeConfiguration: upgrade)
        // A server's first message may come in one packet with its handshake.
        configuration.leftOverBytesStrategy = .forwardBytes
        let upgraded = try pipeline.configureUpgradableHTTPClientPipeline(configuration: configuration)
        let limit = channel.eventLoop.scheduleTask(in: .milliseconds(settings.opening)) {
            handshake.tookTooLong()
            channel.close(promise: nil)
        }
        upgraded.whenComplete { _ in limit.cancel() }
        return upgraded
    }

    private func upgrader() -> NIOTypedWebSocketClientUpgrader<Opened> {
        NIOTypedWebSocketClientUpgrader<Opened>(
            maxFrameSize: settings.longestFrame, enableAutomaticErrorHandling: false
        ) { [settings] channel, _ in
            channel.eventLoop.makeCompletedFuture {
                // Whoever hangs up together with the answer to the handshake is gone before anybody could be told.
                guard channel.isActive else { throw WebSocketFailure.lost("the other side hung up") }
                try channel.pipeline.syncOperations.addHandlers(
                    NIOWebSocketFrameAggregator(
                        minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: settings.mostFragments,
                        maxAccumulatedFrameSize: settings.longestMessage),
                    WebSocketMessageHandler())
                return try Opened(wrappingChannelSynchronously: channel)
            }
        }
    }
}

/// Sends over one connection; never waits.
public struct WebSocketSender: Sendable {
    let channel: any Channel

    /// - Returns: false when the other side takes nothing any more, and nothing was sent.
    @discardableResult
    public func send(_ text: String) -> Bool {
        guard channel.isActive, channel.isWritable else { return false }
        let frame = WebSocketFrame(
            fin: true, opcode: .text, maskKey: .random(), data: channel.allocator.buffer(string: text))
        channel.writeAndFlush(frame, promise: nil)
        return true
    }

    /// Says goodbye and hangs up.
    public func close() {
        var data = channel.allocator.buffer(capacity: 2)
        data.write(webSocketErrorCode: .normalClosure)
        let frame = WebSocketFrame(fin: true, opcode: .connectionClose, maskKey: .random(), data: data)
        channel.writeAndFlush(frame, promise: nil)
        channel.close(promise: nil)
    }
}

/// What is known of a handshake when it fails.
private final class Handshake: Sendable {
    private let state = Mutex<(status: Int?, isLate: Bool)>((nil, false))

    var status: Int? { state.withLock { $0.status } }

    func answered(_ status: Int) { state.withLock { $0.status = status } }
    func tookTooLong() { state.withLock { $0.isLate = true } }

    func failure(_ error: any Error) -> WebSocketFailure {
        if let failure = error as? WebSocketFailure { return failure }
        let (status, isLate) = state.withLock { $0 }
        if isLate { return .tooSlow }
        if let status { return .notUpgraded(status: status) }
        return .notConnected("\(error)")
    }
}
