public import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
public import Scheduling
import Synchronization
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

    /// Listens until the task is cancelled, then hangs up on everybody.
    /// - Parameter onReady: told the port once clients may come.
    public func run(onReady: @Sendable (Int) -> Void = { _ in }) async throws {
        let clients = OpenChannels()
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 4 << 20, high: 16 << 20))
            .childChannelInitializer { channel in
                clients.add(channel)
                return channel.eventLoop.makeCompletedFuture { try prepare(channel) }
            }
            .bind(host: host, port: port).get()
        onReady(listener.localAddress?.port ?? port)
        do {
            try await withTaskCancellationHandler {
                try await listener.closeFuture.get()
            } onCancel: {
                listener.close(promise: nil)
            }
        } catch { logger.error("paper exchange: the listener is closed: \(error)") }
        await exchange.announceShutdown()
        clients.close()
    }

    private func prepare(_ channel: any Channel) throws {
        // Clients upgrade connections on which they have made plain requests before, which NIO's own upgrader refuses.
        let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
        let encoder = HTTPResponseEncoder()
        try channel.pipeline.syncOperations.addHandlers(
            encoder, decoder, SpotHTTPHandler(self, decoder: decoder, encoder: encoder))
    }

    static func address(of channel: any Channel) -> String { channel.remoteAddress?.ipAddress ?? "local" }

    /// A request's path, percent-decoded, and its query as received.
    static func split(_ uri: String) -> (path: String, query: String) {
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        // A plus stands for itself in a path.
        let path =
            parts.first.map { RequestText.decoded(Substring($0.replacing("+", with: "%2B"))) ?? String($0) } ?? ""
        return (path, parts.count > 1 ? String(parts[1]) : "")
    }
}

/// Connections that are open, to be closed when the server ends.
private final class OpenChannels: Sendable {
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    func add(_ channel: any Channel) {
        channels.withLock { $0[ObjectIdentifier(channel)] = channel }
        channel.closeFuture.whenComplete { _ in self.remove(channel) }
    }

    private func remove(_ channel: any Channel) {
        channels.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    func close() {
        let open = channels.withLock { Array($0.values) }
        for channel in open { channel.close(promise: nil) }
    }
}
