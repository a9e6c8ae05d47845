public import Exchanges
public import Logging
import NIOCore
import NIOPosix
public import Scheduling
import Synchronization
public import TradingCore

/// The sidecar as the server uses it: started, watched, started again, and asked.
///
/// A request whose answer is lost, by a crash or a hang, ends as ``SidecarFailure/Kind/unknown``; one that never left, as
/// ``SidecarFailure/Kind/unavailable``. Sessions and subscriptions outlive the process: they are made again in its next life.
public final class SidecarClient: Sendable {
    let setup: SidecarSetup
    let manners: SidecarManners
    let time: any TimeSource
    let logger: Logger
    let registry: ScheduleRegistry
    private let seed: UInt64
    let state = Mutex(SidecarState())

    /// - Parameter seed: of the chance in the waits between starts.
    public init(
        _ setup: SidecarSetup, manners: SidecarManners = SidecarManners(), time: any TimeSource, seed: UInt64,
        registry: ScheduleRegistry = ScheduleRegistry(), logger: Logger
    ) {
        self.registry = registry
        self.setup = setup
        self.manners = manners
        self.time = time
        self.seed = seed
        self.logger = logger
    }

    // MARK: - How it does

    public struct Condition: Hashable, Sendable {
        public var isConnected: Bool
        /// Of the package ccxt.
        public var version: String?
        public var pid: Int32?
        public var starts: Int
        /// Why the last life ended.
        public var fault: String?
    }

    public var condition: Condition {
        state.withLock {
            Condition(
                isConnected: $0.channel != nil, version: $0.version, pid: $0.pid, starts: $0.starts, fault: $0.fault)
        }
    }

    // MARK: - Asking

    /// - Parameter within: milliseconds, 1 to 120 000.
    public func ask(
        _ method: String, session: String? = nil, _ arguments: JSONValue = .object([]), within: Int64 = 10_000
    ) async throws(SidecarFailure) -> JSONValue {
        try await ask(method, session: session, arguments, within: within, turn: SidecarTurn())
    }

    /// - Parameter turn: by which ``withdraw(_:)`` finds it.
    func ask(
        _ method: String, session: String?, _ arguments: JSONValue, within: Int64, turn: SidecarTurn
    ) async throws(SidecarFailure) -> JSONValue {
        let until = time.now().advanced(byNanoseconds: Nanoseconds.milliseconds(within))
        let deadline = until.advanced(byNanoseconds: manners.grace)
        let result = await withCheckedContinuation { continuation in
            let (number, channel) = state.withLock { state in
                let number = state.number()
                if state.channel != nil {
                    state.pending[number] = .init(method: method, deadline: deadline, answer: continuation)
                }
                return (number, state.channel)
            }
            guard let channel else {
                continuation.resume(returning: .failure(.down("the sidecar is not there: \(absence)")))
                return
            }
            let message = SidecarMessage.request(
                number, method, session: session, arguments, within: within, until: until)
            guard let frame = SidecarFrame.encode(message) else {
                finish(number, .failure(SidecarFailure(.refused, name: "TooLarge", message: "\(method): too large")))
                return
            }
            if !turn.ask(number, { channel.writeAndFlush(frame, promise: nil) }) {
                finish(number, .failure(.withdrawn))
            }
        }
        return try result.get()
    }

    /// Takes a request back, as long as it has not left for the exchange: then it fails with ``SidecarFailure/withdrawn``. One that
    /// has left is answered as ever.
    func withdraw(_ turn: SidecarTurn) {
        guard let number = turn.withdraw(), let channel = state.withLock({ $0.channel }) else { return }
        say(SidecarMessage.withdraw(number), channel)
    }

    private var absence: String { condition.fault ?? "it is starting" }

    // MARK: - Sessions and streams

    /// Opens a session, now and in every life of the sidecar to come. One of this name that was there is replaced.
    public func open(
        _ name: String, exchange: String, credentials: ExchangeCredentials? = nil, settings: JSONValue = .object([])
    ) {
        let session = SidecarState.Session(exchange: exchange, credentials: credentials, settings: settings)
        let (number, channel) = state.withLock { state in
            state.sessions[name] = session
            return (state.number(), state.channel)
        }
        if let channel { say(Self.opening(number, name, session, time.now()), channel) }
    }

    public func close(_ name: String) {
        let (number, channel) = state.withLock { state in
            state.sessions[name] = nil
            return (state.number(), state.channel)
        }
        let message = Self.bookkeeping(number, "close", name, .object([]), time.now())
        if let channel { say(message, channel) }
    }

    static func opening(
        _ number: Int, _ name: String, _ session: SidecarState.Session, _ now: Timestamp
    ) -> JSONValue {
        bookkeeping(number, "open", name, session.arguments, now)
    }

    /// Of sessions; it asks no exchange for anything, so that it may be late.
    private static func bookkeeping(
        _ number: Int, _ method: String, _ name: String, _ arguments: JSONValue, _ now: Timestamp
    ) -> JSONValue {
        SidecarMessage.request(
            number, method, session: name, arguments, within: 5_000,
            until: now.advanced(byNanoseconds: Nanoseconds.perDay))
    }

    /// A stream; it ends with the subscription. `sink` is told from one task, in order.
    public func subscribe(
        _ session: String, _ arguments: JSONValue, _ sink: @escaping @Sendable (SidecarStreamUpdate) -> Void
    ) -> Subscription {
        let (number, channel) = state.withLock { state in
            let number = state.number()
            // Without a connection it is lost until there is one, so that its first word is "recovered".
            state.subscriptions[number] = .init(
                session: session, arguments: arguments, sink: sink, isLost: state.channel == nil)
            return (number, state.channel)
        }
        if let channel { say(SidecarMessage.subscribe(number, session: session, arguments), channel) }
        return Subscription { [self] in
            let channel = state.withLock { state in
                state.subscriptions[number] = nil
                return state.channel
            }
            if let channel { say(SidecarMessage.unsubscribe(number), channel) }
        }
    }

    func say(_ message: JSONValue, _ channel: any Channel) {
        guard let frame = SidecarFrame.encode(message) else { return }
        channel.writeAndFlush(frame, promise: nil)
    }

    // MARK: - Lives

    /// Keeps a sidecar running until the task is cancelled.
    public func run() async {
        var backoff = Backoff(
            shortest: manners.shortestRestart, longest: manners.longestRestart, seed: seed)
        let schedule = registry.schedule("sidecar: start")
        defer { schedule.end() }
        while !Task.isCancelled {
            let reason = await life { backoff.opened(self.time.now().nanoseconds / Nanoseconds.perMillisecond) }
            lost(reason)
            if Task.isCancelled { return }
            let wait = backoff.failed(time.now().nanoseconds / Nanoseconds.perMillisecond)
            logger.warning("the sidecar ended and is started again in \(wait) ms: \(reason)")
            let next = time.now().advanced(byNanoseconds: Nanoseconds.milliseconds(wait))
            do { try await schedule.wait(until: next, on: time, failure: reason) } catch { return }
        }
    }

    /// - Returns: why it ended.
    private func life(_ opened: () -> Void) async -> String {
        let process: SidecarProcess
        do {
            try setup.makeFolder()
            process = try SidecarProcess(setup)
        } catch { return "it cannot be started: \(error)" }
        state.withLock { state in
            state.starts += 1
            state.pid = process.pid
        }
        var reason = "it ended by itself"
        do {
            let connection = try await connect(process)
            try await connection.executeThenClose { frames, _ in
                try await converse(frames, connection.channel, opened)
            }
        } catch { reason = "\(error)" }
        await process.kill()
        let words = process.lastWords.split(whereSeparator: \.isNewline).suffix(3).joined(separator: " / ")
        return words.isEmpty ? reason : reason + "; it said: " + words.suffix(500)
    }

    private func connect(_ process: SidecarProcess) async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        let limit = time.now().advanced(byNanoseconds: manners.startLimit)
        while true {
            try Task.checkCancellation()
            do {
                return try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                    .connect(unixDomainSocketPath: setup.socket) { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(
                                ByteToMessageHandler(SidecarFrameDecoder()))
                            return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                        }
                    }
            } catch {
                guard !process.hasEnded else { throw SidecarFailure.down("it ended at its start") }
                guard time.now() < limit else { throw SidecarFailure.down("it does not listen: \(error)") }
                try await time.sleep(until: time.now().advanced(byNanoseconds: Nanoseconds.milliseconds(20)))
            }
        }
    }

    private func converse(
        _ frames: NIOAsyncChannelInboundStream<ByteBuffer>, _ channel: any Channel, _ opened: () -> Void
    ) async throws {
        state.withLock { $0.heardAt = time.now() }
        say(SidecarMessage.hello, channel)
        try await withThrowingTaskGroup { group in
            group.addTask { try await self.watch(channel) }
            group.addTask { try await self.listen(frames, channel) }
            opened()
            // Whichever ends first ends the connection.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func listen(_ frames: NIOAsyncChannelInboundStream<ByteBuffer>, _ channel: any Channel) async throws {
        for try await frame in frames {
            let word = try frame.withUnsafeReadableBytes { try SidecarWord($0) }
            state.withLock { $0.heardAt = time.now() }
            try take(word, channel)
        }
    }
}
