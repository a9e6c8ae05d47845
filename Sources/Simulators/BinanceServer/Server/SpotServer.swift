public import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
public import Scheduling
import TradingCore

/// Serves an exchange on one port: REST, market streams, user data and the WebSocket API, all plain.
public struct SpotServer: Sendable {
    let exchange: SpotExchange
    let host: String
    let port: Int
    let time: any TimeSource
    let logger: Logger

    /// - Parameter port: 0 lets the system choose.
    public init(
        _ exchange: SpotExchange, host: String = "127.0.0.1", port: Int, time: any TimeSource, logger: Logger
    ) {
        self.exchange = exchange
        self.host = host
        self.port = port
        self.time = time
        self.logger = logger
    }

    /// What a connection turned out to be.
    enum Connection: Sendable {
        case http(NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>)
        case socket(NIOAsyncChannel<WebSocketFrame, WebSocketFrame>, SocketRequest)
    }

    /// How a WebSocket was asked for.
    struct SocketRequest: Sendable {
        var kind: SpotExchange.SocketKind
        var address: String
        var unit: SpotRenderer.TimeUnit
        var returnsLimits: Bool
    }

    /// Listens until the task is cancelled.
    /// - Parameter onReady: told the port once clients may come.
    public func run(onReady: @Sendable (Int) -> Void = { _ in }) async throws {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 4 << 20, high: 16 << 20))
            .bind(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture { try SpotServer.prepare(channel) }
            }
        onReady(listener.channel.localAddress?.port ?? port)
        try await listener.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    group.addTask { await serve(connection) }
                }
            }
        }
    }

    private func serve(_ connection: EventLoopFuture<Connection>) async {
        do {
            switch try await connection.get() {
            case .http(let channel): try await serve(channel)
            case .socket(let channel, let request): try await serve(channel, request)
            }
        } catch { logger.debug("paper exchange: connection over: \(error)") }
    }

    // MARK: - The pipeline

    private static func prepare(_ channel: any Channel) throws -> EventLoopFuture<Connection> {
        let upgrader = NIOTypedWebSocketServerUpgrader<Connection>(
            maxFrameSize: 1 << 20,
            shouldUpgrade: { channel, head in
                channel.eventLoop.makeSucceededFuture(socketRequest(head, channel) == nil ? nil : [:])
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    guard let request = socketRequest(head, channel) else { throw ChannelError.inappropriateOperationForState }
                    try channel.pipeline.syncOperations.addHandler(
                        NIOWebSocketFrameAggregator(
                            minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 256, maxAccumulatedFrameSize: 1 << 20))
                    return .socket(try NIOAsyncChannel(wrappingChannelSynchronously: channel), request)
                }
            })
        let upgrade = NIOTypedHTTPServerUpgradeConfiguration<Connection>(
            upgraders: [upgrader],
            notUpgradingCompletionHandler: { channel in
                channel.eventLoop.makeCompletedFuture {
                    .http(try NIOAsyncChannel(wrappingChannelSynchronously: channel))
                }
            })
        return try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
            configuration: .init(upgradeConfiguration: upgrade))
    }

    private static func socketRequest(_ head: HTTPRequestHead, _ channel: any Channel) -> SocketRequest? {
        let (path, query) = split(head.uri)
        let parameters = (try? RequestText(query: query, body: ""))?.parameters ?? []
        guard let kind = SpotExchange.socketKind(path, query: parameters) else { return nil }
        func value(_ name: String) -> String? { parameters.first { $0.name == name }?.value }
        let isMicro = value("timeUnit")?.uppercased() == "MICROSECOND"
        return SocketRequest(
            kind: kind, address: address(of: channel), unit: isMicro ? .microseconds : .milliseconds,
            returnsLimits: value("returnRateLimits") != "false")
    }

    static func address(of channel: any Channel) -> String { channel.remoteAddress?.ipAddress ?? "local" }

    /// A request's path, percent-decoded, and its query as received.
    static func split(_ uri: String) -> (path: String, query: String) {
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        // A plus stands for itself in a path.
        let path = parts.first.map { RequestText.decoded(Substring($0.replacing("+", with: "%2B"))) ?? String($0) } ?? ""
        return (path, parts.count > 1 ? String(parts[1]) : "")
    }
}
