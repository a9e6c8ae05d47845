import Exchanges
import Foundation
public import Logging
import NIOCore
import NIOExtras
import NIOPosix
public import Scheduling
import Synchronization
import TradingCore

/// Lets servers in other processes trade on a paper exchange: a kill takes one of the two, as it does with a real one.
public struct PaperSocketServer: Sendable {
    private let exchange: PaperExchange
    private let path: String
    private let time: any TimeSource
    private let logger: Logger

    public init(_ exchange: PaperExchange, path: String, time: any TimeSource, logger: Logger) {
        self.exchange = exchange
        self.path = path
        self.time = time
        self.logger = logger
    }

    /// Listens until the task is cancelled.
    /// - Parameter onReady: called when clients may come.
    /// - Throws: when nobody can listen on the path.
    public func run(onReady: @Sendable () -> Void = {}) async throws {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 4 << 20, high: 16 << 20))
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true) { channel in
                channel.eventLoop.makeCompletedFuture { try Self.lines(channel) }
            }
        onReady()
        try await listener.executeThenClose { clients in
            try await withThrowingDiscardingTaskGroup { group in
                for try await client in clients { group.addTask { await serve(client) } }
            }
        }
    }

    static func lines(_ channel: any Channel) throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        try channel.pipeline.syncOperations.addHandler(
            ByteToMessageHandler(LineBasedFrameDecoder(), maximumBufferSize: PaperSocket.maximumLine))
        return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
    }

    /// One server's connection, until it ends.
    private func serve(_ client: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async {
        let connection = PaperSocketConnection(channel: client.channel, exchange: exchange, time: time)
        do {
            try await client.executeThenClose { lines, _ in
                await withTaskGroup { group in
                    group.addTask { await connection.beat() }
                    do {
                        for try await line in lines {
                            guard let call = PaperSocket.decode(PaperCall.self, line) else {
                                logger.error("paper exchange: a client sent what is no call")
                                break
                            }
                            await connection.take(call)
                        }
                    } catch { logger.debug("paper exchange: connection lost: \(error)") }
                    group.cancelAll()
                }
            }
        } catch { logger.debug("paper exchange: connection closed: \(error)") }
        connection.end()
    }
}

/// What one client has asked for.
private final class PaperSocketConnection: Sendable {
    private let channel: any Channel
    private let exchange: PaperExchange
    private let time: any TimeSource
    private let subscriptions = Mutex<[Int: Subscription]>([:])

    init(channel: any Channel, exchange: PaperExchange, time: any TimeSource) {
        self.channel = channel
        self.exchange = exchange
        self.time = time
    }

    func beat() async {
        while !Task.isCancelled {
            say(.alive)
            try? await time.sleep(until: time.now().advanced(byNanoseconds: PaperSocket.heartbeatInterval))
        }
    }

    func take(_ call: PaperCall) async {
        switch call {
        case .market(let number, let symbol):
            let channel = self.channel
            let made = try? await exchange.subscribe(symbol) { Self.say(.market(subscription: number, $0), channel) }
            keep(made, number)
        case .account(let number, let label, let symbol):
            let channel = self.channel
            let made = try? await exchange.subscribe(label, symbol) { update in
                if case .event(let event) = update { Self.say(.account(subscription: number, event), channel) }
            }
            keep(made, number)
        case .end(let number): subscriptions.withLock { $0.removeValue(forKey: number) }?.cancel()
        case .command(let command, let expires):
            // Too late, it is as if it had never come: its sender finds that out by asking.
            if time.now() <= expires { exchange.send(.command(command)) }
        case .query(let id, let account, let symbol): exchange.send(.query(id, account: account, symbol: symbol))
        case .ask(let number, let question): await answer(number, question)
        }
    }

    private func answer(_ number: Int, _ question: PaperQuestion) async {
        do throws(ConnectorError) {
            let answer: PaperAnswer =
                switch question {
                case .openOrders(let label, let symbol): .openOrders(try await exchange.openOrders(label, symbol))
                case .symbolsWithOrders(let label, let number):
                    .symbolsWithOrders(try await symbolsWithOrders(label, number))
                case .order(let id, let label): .order(await exchange.order(id, label))
                case .fills(let label, let symbol, let from, let limit):
                    .fills(await exchange.fills(label, symbol, from: from, limit: limit))
                case .balances(let label): .balances(await exchange.balances(label))
                }
            say(.answer(number: number, answer))
        } catch { say(.refusal(number: number, error)) }
    }

    private func symbolsWithOrders(_ label: String, _ number: UInt8) async throws(ConnectorError) -> Set<Symbol> {
        guard let maker = InstallationID(number) else { throw .refused("installation \(number)") }
        return await exchange.symbolsWithOrders(label, of: maker)
    }

    private func keep(_ subscription: Subscription?, _ number: Int) {
        guard let subscription else { return }
        subscriptions.withLock { $0.updateValue(subscription, forKey: number) }?.cancel()
    }

    func end() {
        let all = subscriptions.withLock { subscriptions in
            defer { subscriptions = [:] }
            return subscriptions.values.map { $0 }
        }
        for subscription in all { subscription.cancel() }
    }

    private func say(_ word: PaperWord) { Self.say(word, channel) }

    /// A client that does not listen is cut off: it comes back and asks for what it missed.
    private static func say(_ word: PaperWord, _ channel: any Channel) {
        guard let buffer = PaperSocket.encode(word) else { return }
        guard channel.isWritable else {
            channel.close(promise: nil)
            return
        }
        channel.writeAndFlush(buffer, promise: nil)
    }
}
