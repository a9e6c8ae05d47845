public import Exchanges
import NIOCore
public import Scheduling
import TradingCore

/// Drives a ``StreamKeeper`` over WebSocket connections and tells a sink what comes. One frame after another: while the sink
/// works, the connection waits, and nothing piles up here.
public actor StreamRunner {
    public enum Update: Sendable {
        case connected
        case event(StreamEvent)
        /// A book was asked for in vain, and will be again.
        case bookNotFetched(ExchangeFailure)
        /// The books told before are lost already.
        case disconnected(ExchangeFailure)
    }

    private var keeper: StreamKeeper
    private let source: Source
    private let client: WebSocketClient
    private let time: any TimeSource
    private let schedule: Schedule
    private let sink: @Sendable (Update) -> Void
    private var sender: WebSocketSender?
    private var connection: Task<Void, Never>?
    private var renewal: Renewal?
    private var renewing: Task<Void, Never>?
    private var fetches: [Int: Task<Void, Never>] = [:]
    private var lastFetch = 0
    private var alarm: (task: Task<Void, Never>, dueAt: Int64)?
    private var actions: [StreamKeeper.Action] = []

    /// - Parameters:
    ///   - schedule: tells of what the keeper does at times: heartbeats, deadlines, reconnects, renewals. The caller ends it.
    ///   - sink: called with one update after another; must return soon.
    public init(
        _ keeper: StreamKeeper, _ source: Source, client: WebSocketClient, time: any TimeSource,
        schedule: Schedule = ScheduleRegistry().schedule("stream"),
        sink: @escaping @Sendable (Update) -> Void
    ) {
        self.keeper = keeper
        self.source = source
        self.client = client
        self.time = time
        self.schedule = schedule
        self.sink = sink
    }

    public var phase: StreamKeeper.Phase { keeper.phase }

    /// Keeps the stream alive until the task is cancelled.
    public func run() async {
        turn { keeper, now, actions in keeper.start(now, into: &actions) }
        await Signal().wait()
        turn { keeper, now, actions in keeper.stop(now, into: &actions) }
        drop()
        alarm?.task.cancel()
        alarm = nil
    }

    /// One step of the keeper, and what it wants done.
    private func turn(_ step: (inout StreamKeeper, Int64, inout [StreamKeeper.Action]) -> Void) {
        step(&keeper, now(), &actions)
        for action in actions { perform(action) }
        actions.removeAll(keepingCapacity: true)
        setAlarm()
    }

    private func perform(_ action: StreamKeeper.Action) {
        switch action {
        case .deliver(let event): sink(.event(event))
        case .connected: sink(.connected)
        case .disconnected(let failure): sink(.disconnected(failure))
        case .send(let text, _): send(text)
        case .prepare(let attempt): prepare(attempt)
        case .connect(let url, let attempt): connect(url, attempt)
        case .close: drop()
        case .fetchBook(let fetch, let call): begin(fetch, call)
        }
    }

    private func prepare(_ attempt: Int) {
        drop()
        connection = Task { [source] in
            let made = await source.prepare()
            guard attempt == self.keeper.attempt else { return }
            if case .success(let prepared) = made { self.renewal = prepared.renewal }
            self.turn { keeper, now, actions in
                keeper.prepared(made.map(\.session), attempt: attempt, now: now, into: &actions)
            }
        }
    }

    private func connect(_ url: String, _ attempt: Int) {
        connection = Task { [client, source] in
            do {
                try await client.connect(to: url, headers: source.headers) { messages, sender in
                    self.opened(sender, attempt)
                    for try await message in messages { self.received(message, attempt) }
                }
                self.over(.lost("no more messages"), attempt)
            } catch {
                self.over(error as? WebSocketFailure ?? .lost("\(error)"), attempt)
            }
        }
    }

    private func opened(_ sender: WebSocketSender, _ attempt: Int) {
        guard attempt == keeper.attempt else { return }
        self.sender = sender
        if let renewal { renewing = Task { await self.keepRenewing(renewal, attempt) } }
        turn { keeper, now, actions in keeper.opened(attempt: attempt, now: now, into: &actions) }
    }

    /// A token that is refused takes the stream with it; one that could not be renewed in passing is tried again soon.
    private func keepRenewing(_ renewal: Renewal, _ attempt: Int) async {
        var wait = renewal.every
        while true {
            let moment = now() &+ wait
            do { try await time.sleep(until: Timestamp(nanoseconds: moment &* Nanoseconds.perMillisecond)) } catch {
                return
            }
            let began = time.now()
            let outcome = await renewal.perform()
            if Task.isCancelled { return }
            let failure: String? = if case .failure(let failure) = outcome { "renewal: \(failure)" } else { nil }
            schedule.worked(from: began, to: time.now(), failure: failure)
            switch outcome {
            case .success: wait = renewal.every
            case .failure(let failure) where failure.isOutcomeUnknown: wait = max(10, renewal.every / 10)
            case .failure(let failure):
                turn { keeper, now, actions in keeper.closed(failure, attempt: attempt, now: now, into: &actions) }
                return
            }
        }
    }

    private func received(_ message: WebSocketMessage, _ attempt: Int) {
        switch message {
        case .message(let buffer, let isBinary):
            turn { keeper, now, actions in
                buffer.withUnsafeReadableBytes {
                    keeper.received($0, isBinary: isBinary, attempt: attempt, now: now, into: &actions)
                }
            }
        case .alive:
            guard attempt == keeper.attempt else { return }
            turn { keeper, now, _ in keeper.heard(attempt: attempt, now: now) }
            sink(.event(.alive))
        case .over(let failure): over(failure, attempt)
        }
    }

    private func over(_ failure: WebSocketFailure, _ attempt: Int) {
        let failure = failure.exchangeFailure(keeper.exchange)
        turn { keeper, now, actions in keeper.closed(failure, attempt: attempt, now: now, into: &actions) }
    }

    private func send(_ text: String) {
        guard let sender, !sender.send(text) else { return }
        // It takes nothing any more: the silence that follows, or the end of the connection, is noticed by the keeper.
        sender.close()
    }

    private func begin(_ fetch: StreamKeeper.Fetch, _ call: EndpointCall<ExchangeBook>) {
        lastFetch += 1
        let number = lastFetch
        fetches[number] = Task { [source] in
            let book = await source.book(call)
            self.fetches[number] = nil
            if case .failure(let failure) = book, !Task.isCancelled { self.sink(.bookNotFetched(failure)) }
            self.turn { keeper, now, actions in keeper.fetched(book, fetch, now: now, into: &actions) }
        }
    }

    /// Forgets the connection and what was asked for it.
    private func drop() {
        sender?.close()
        sender = nil
        connection?.cancel()
        connection = nil
        renewing?.cancel()
        renewing = nil
        // lint: ordered because the order in which tasks are cancelled changes nothing
        for task in fetches.values { task.cancel() }
        fetches.removeAll()
    }

    /// An alarm that rings too early only looks at the time; so a later moment needs none of its own.
    private func setAlarm() {
        guard let dueAt = keeper.nextWake else { return }
        if let alarm, alarm.dueAt <= dueAt { return }
        alarm?.task.cancel()
        let task = Task { [time, schedule] in
            // Never twice in a millisecond, whatever a session wants.
            let moment = max(dueAt, now() + 1)
            let next = Timestamp(nanoseconds: moment &* Nanoseconds.perMillisecond)
            do { try await schedule.wait(until: next, on: time) } catch { return }
            self.ring(dueAt)
            schedule.ended(at: time.now(), failure: nil)
        }
        alarm = (task, dueAt)
    }

    private func ring(_ dueAt: Int64) {
        guard alarm?.dueAt == dueAt else { return }
        alarm = nil
        turn { keeper, now, actions in keeper.wake(now, into: &actions) }
    }

    private func now() -> Int64 { time.now().nanoseconds / Nanoseconds.perMillisecond }
}

extension WebSocketFailure {
    /// In the words of the exchanges. A status tells what kind it is.
    func exchangeFailure(_ exchange: String) -> ExchangeFailure {
        switch self {
        case .badAddress: ExchangeFailure(.badRequest, exchange: exchange, message: description)
        case .notUpgraded(let status):
            ExchangeFailure(
                status.flatMap { ExchangeFailure.Kind(httpStatus: $0) } ?? .badResponse, exchange: exchange,
                message: description, status: status)
        case .tooSlow: ExchangeFailure(.requestTimeout, exchange: exchange, message: description)
        case .tooLong, .protocolBroken: ExchangeFailure(.badResponse, exchange: exchange, message: description)
        case .notConnected, .closed, .lost: ExchangeFailure(.networkError, exchange: exchange, message: description)
        }
    }
}
