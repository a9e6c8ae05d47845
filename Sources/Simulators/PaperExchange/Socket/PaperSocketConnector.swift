public import Exchanges
import Execution
public import Logging
import NIOCore
import NIOPosix
public import Scheduling
import Synchronization
public import TradingCore

/// A paper exchange in another process, as the server trades on it: reconnects by itself, and says honestly what it does
/// not know meanwhile.
public final class PaperSocketConnector: ExchangeConnector {
    private enum Sink: Sendable {
        case market(Symbol, @Sendable ([MarketRecord]) -> Void)
        case account(String, Symbol, @Sendable (AccountUpdate) -> Void)
    }

    private struct Pending: Sendable {
        var askedAt: Timestamp
        var answer: CheckedContinuation<Result<PaperAnswer, ConnectorError>, Never>
    }

    private struct State: Sendable {
        var channel: (any Channel)?
        var next = 0
        var sinks: [Int: Sink] = [:]
        var pending: [Int: Pending] = [:]
        var heardAt = Timestamp.distantFuture
    }

    private let configuration: PaperExchangeConfiguration
    private let path: String
    private let time: any TimeSource
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameter configuration: what the exchange was started with.
    public init(
        _ configuration: PaperExchangeConfiguration, path: String, time: any TimeSource, logger: Logger
    ) {
        self.configuration = configuration
        self.path = path
        self.time = time
        self.logger = logger
    }

    public var id: ExchangeID { PaperExchange.id }
    public var displayName: String { "Paper" }
    public var acceptanceWindow: Int64 { PaperSocket.acceptanceWindow }

    public func fault() async -> String? {
        state.withLock { $0.channel == nil } ? "\(path): not connected" : nil
    }

    public func instruments() async throws(ConnectorError) -> [Instrument] {
        configuration.listings.map(\.instrument)
    }

    public func account(_ label: String) async throws(ConnectorError) -> any ExchangeAccount {
        guard configuration.accounts.contains(where: { $0.label == label }) else { throw .unknownAccount(label) }
        return PaperSocketAccount(connector: self, label: label)
    }

    public func subscribe(
        _ symbol: Symbol, _ sink: @escaping @Sendable ([MarketRecord]) -> Void
    ) async throws(ConnectorError) -> Subscription {
        guard configuration.listings.contains(where: { $0.instrument.id.symbol == symbol }) else {
            throw .unknownSymbol(symbol)
        }
        return subscribe(.market(symbol, sink))
    }

    func subscribe(
        _ label: String, _ symbol: Symbol, _ sink: @escaping @Sendable (AccountUpdate) -> Void
    ) -> Subscription {
        subscribe(.account(label, symbol, sink))
    }

    private func subscribe(_ sink: Sink) -> Subscription {
        let (number, channel) = state.withLock { state in
            state.next += 1
            state.sinks[state.next] = sink
            return (state.next, state.channel)
        }
        if let channel { Self.say(Self.call(number, sink), channel) }
        return Subscription { [self] in
            let channel = state.withLock { state in
                state.sinks[number] = nil
                return state.channel
            }
            if let channel { Self.say(.end(subscription: number), channel) }
        }
    }

    private static func call(_ number: Int, _ sink: Sink) -> PaperCall {
        switch sink {
        case .market(let symbol, _): .market(subscription: number, symbol)
        case .account(let label, let symbol, _): .account(subscription: number, label, symbol)
        }
    }

    // MARK: - Asking

    /// - Returns: false when there is no connection, so that nothing was sent.
    func send(_ call: PaperCall) -> Bool {
        guard let channel = state.withLock({ $0.channel }) else { return false }
        Self.say(call, channel)
        return true
    }

    func command(_ command: PaperCommand) -> Bool {
        send(.command(command, expires: time.now().advanced(byNanoseconds: acceptanceWindow)))
    }

    func ask(_ question: PaperQuestion) async throws(ConnectorError) -> PaperAnswer {
        let now = time.now()
        let result = await withCheckedContinuation { continuation in
            let (number, channel) = state.withLock { state in
                state.next += 1
                if state.channel != nil {
                    state.pending[state.next] = Pending(askedAt: now, answer: continuation)
                }
                return (state.next, state.channel)
            }
            guard let channel else {
                continuation.resume(returning: .failure(.unreachable("no connection to \(path)")))
                return
            }
            Self.say(.ask(number: number, question), channel)
        }
        return try result.get()
    }

    // MARK: - The connection

    /// Keeps a connection until the task is cancelled.
    public func run(_ schedule: Schedule = ScheduleRegistry().schedule("paper exchange")) async {
        var wait = Nanoseconds.milliseconds(50)
        while !Task.isCancelled {
            let began = time.now()
            do { try await connectAndListen(schedule) } catch { logger.debug("paper exchange: \(error)") }
            lost()
            if time.now().nanoseconds(since: began) > PaperSocket.patience { wait = Nanoseconds.milliseconds(50) }
            try? await schedule.wait(until: time.now().advanced(byNanoseconds: wait), on: time)
            wait = min(2 * wait, Nanoseconds.seconds(2))
        }
    }

    private func connectAndListen(_ schedule: Schedule) async throws {
        let connection = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(unixDomainSocketPath: path) { channel in
                channel.eventLoop.makeCompletedFuture { try PaperSocketServer.lines(channel) }
            }
        try await connection.executeThenClose { lines, _ in
            connected(connection.channel)
            try await withThrowingTaskGroup { group in
                group.addTask { try await self.watch(schedule) }
                group.addTask {
                    for try await line in lines { self.take(line) }
                }
                // Whichever ends first ends the connection.
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    private func connected(_ channel: any Channel) {
        let sinks = state.withLock { state in
            // Before anybody can ask anything: what happens after an answer must come by a stream.
            let sinks = state.sinks.sorted { $0.key < $1.key }
            for (number, sink) in sinks { Self.say(Self.call(number, sink), channel) }
            state.channel = channel
            state.heardAt = time.now()
            return sinks.map(\.value)
        }
        for case .account(_, _, let tell) in sinks { tell(.recovered) }
    }

    private func lost() {
        let (sinks, pending) = state.withLock { state in
            defer {
                state.channel = nil
                state.pending = [:]
            }
            return (state.sinks.sorted { $0.key < $1.key }.map(\.value), state.pending.map(\.value))
        }
        for ask in pending { ask.answer.resume(returning: .failure(.unreachable("the connection to \(path) broke"))) }
        for sink in sinks {
            switch sink {
            case .market(_, let tell):
                tell([
                    MarketRecord(
                        time: time.now(), kind: .gap, side: .buy, price: Price(ticks: 0), quantity: .zero, isLast: true)
                ])
            case .account(_, _, let tell): tell(.lost)
            }
        }
    }

    /// Notices silence and questions that are never answered.
    private func watch(_ schedule: Schedule) async throws {
        while !Task.isCancelled {
            let now = time.now()
            let (isSilent, overdue) = state.withLock { state in
                let limit = now.advanced(byNanoseconds: -PaperSocket.patience)
                let late = state.pending.filter { $0.value.askedAt < limit }
                for number in late.keys { state.pending[number] = nil }
                return (state.heardAt < limit, late.map(\.value))
            }
            for ask in overdue { ask.answer.resume(returning: .failure(.unreachable("no answer in time"))) }
            if isSilent { throw ConnectorError.unreachable("silence") }
            try await schedule.wait(
                until: now.advanced(byNanoseconds: PaperSocket.heartbeatInterval), on: time)
        }
    }

    private func take(_ line: ByteBuffer) {
        guard let word = PaperSocket.decode(PaperWord.self, line) else {
            logger.error("paper exchange: an answer that is none")
            return
        }
        let now = time.now()
        switch word {
        case .market(let number, let records):
            let sink = state.withLock { $0.sinks[number] }
            if case .market(_, let tell)? = sink { tell(records) }
        case .account(let number, let event):
            let sink = state.withLock { $0.sinks[number] }
            if case .account(_, _, let tell)? = sink { tell(.event(event)) }
        case .answer(let number, let answer):
            state.withLock { $0.pending.removeValue(forKey: number) }?.answer.resume(returning: .success(answer))
        case .refusal(let number, let error):
            state.withLock { $0.pending.removeValue(forKey: number) }?.answer.resume(returning: .failure(error))
        case .alive: alive()
        }
        state.withLock { $0.heardAt = now }
    }

    private func alive() {
        for (_, sink) in state.withLock({ $0.sinks.sorted { $0.key < $1.key } }) {
            if case .account(_, _, let tell) = sink { tell(.alive) }
        }
    }

    private static func say(_ call: PaperCall, _ channel: any Channel) {
        guard let buffer = PaperSocket.encode(call) else { return }
        channel.writeAndFlush(buffer, promise: nil)
    }
}

/// One account over the socket.
struct PaperSocketAccount: ExchangeAccount {
    let connector: PaperSocketConnector
    let label: String

    func send(_ request: AccountRequest, _ symbol: Symbol) {
        switch request {
        case .place(let approved):
            _ = connector.command(PaperCommand(account: label, symbol: symbol, action: .place(approved.value)))
        case .cancel(let id):
            _ = connector.command(PaperCommand(account: label, symbol: symbol, action: .cancel(id)))
        case .query(let id): _ = connector.send(.query(id, account: label, symbol))
        }
    }

    func subscribe(
        _ symbol: Symbol, _ sink: @escaping @Sendable (AccountUpdate) -> Void
    ) async throws(ConnectorError) -> Subscription {
        connector.subscribe(label, symbol, sink)
    }

    func openOrders(_ symbol: Symbol) async throws(ConnectorError) -> [ListedOrder] {
        guard case .openOrders(let orders) = try await connector.ask(.openOrders(label, symbol)) else {
            throw .unreadable("openOrders")
        }
        return orders
    }

    func symbolsWithOrders(of maker: InstallationID) async throws(ConnectorError) -> Set<Symbol>? {
        let question = PaperQuestion.symbolsWithOrders(label, installation: maker.rawValue)
        guard case .symbolsWithOrders(let symbols) = try await connector.ask(question) else {
            throw .unreadable("symbolsWithOrders")
        }
        return symbols
    }

    func order(_ id: ClientOrderID, _ symbol: Symbol) async throws(ConnectorError) -> OrderReport? {
        guard case .order(let report) = try await connector.ask(.order(id, label)) else { throw .unreadable("order") }
        return report
    }

    func fills(_ symbol: Symbol, from tradeID: UInt64, limit: Int) async throws(ConnectorError) -> [Fill] {
        let question = PaperQuestion.fills(label, symbol, from: tradeID, limit: limit)
        guard case .fills(let fills) = try await connector.ask(question) else { throw .unreadable("fills") }
        return fills
    }

    func balances() async throws(ConnectorError) -> [AssetBalance] {
        guard case .balances(let balances) = try await connector.ask(.balances(label)) else {
            throw .unreadable("balances")
        }
        return balances
    }
}
