import Exchanges
import Logging
import NIOCore
import Scheduling
import Synchronization
import TradingCore

/// What is made of the sidecar's words, and of its silence.
extension SidecarClient {
    func take(_ word: SidecarWord, _ channel: any Channel) throws {
        switch word {
        case .hello(let version, let ccxt): try greeted(version, ccxt, channel)
        case .fault(let code, let message):
            throw SidecarFailure(.unavailable, name: "Fault", message: "\(code): \(message)")
        case .pong: break
        case .answer(let number, let result): finish(number, .success(result))
        case .error(let number, let failure): failed(number, failure)
        case .subscribed: break
        case .event(let number, let data): tell(number, .event(data))
        case .alive(let number): tell(number, .alive)
        case .recovered(let number): tell(number, nil)
        case .lost(let number, let why): lose(number, why)
        }
    }

    /// The sidecar is there and speaks our version: it learns of everything that is to be, before anybody can ask.
    private func greeted(_ version: Int64, _ ccxt: String, _ channel: any Channel) throws {
        guard version == SidecarMessage.version else {
            throw SidecarFailure(
                .unavailable, name: "Version",
                message: "it speaks protocol \(version), this server \(SidecarMessage.version)")
        }
        state.withLock { state in
            for (name, session) in state.sessions.sorted(by: { $0.key < $1.key }) {
                say(Self.opening(state.number(), name, session, time.now()), channel)
            }
            for number in state.subscriptions.keys.sorted() {
                guard let subscribed = state.subscriptions[number] else { continue }
                state.subscriptions[number]?.retryAt = nil
                say(
                    SidecarMessage.subscribe(number, session: subscribed.session, subscribed.arguments), channel)
            }
            state.channel = channel
            state.version = ccxt
            state.fault = nil
        }
        logger.info("the sidecar is there", metadata: ["ccxt": "\(ccxt)"])
    }

    func finish(_ number: Int, _ result: Result<JSONValue, SidecarFailure>) {
        // Nobody waits for what comes after its deadline.
        state.withLock { $0.pending.removeValue(forKey: number) }?.answer.resume(returning: result)
    }

    private func failed(_ number: Int, _ failure: SidecarFailure) {
        let isStream = state.withLock { $0.subscriptions[number] != nil }
        guard isStream else {
            finish(number, .failure(failure))
            return
        }
        if failure.kind == .unsupported {
            let ended = state.withLock { $0.subscriptions.removeValue(forKey: number) }
            ended?.sink(.unsupported(failure.description))
            return
        }
        let retry = time.now().advanced(byNanoseconds: manners.resubscribeAfter)
        state.withLock { $0.subscriptions[number]?.retryAt = retry }
        lose(number, failure.description)
    }

    /// - Parameter update: nil where it is back and has nothing to say.
    private func tell(_ number: Int, _ update: SidecarStreamUpdate?) {
        let (sink, isBack) = state.withLock { state in
            let wasLost = state.subscriptions[number]?.isLost ?? false
            state.subscriptions[number]?.isLost = false
            return (state.subscriptions[number]?.sink, wasLost)
        }
        guard let sink else { return }
        if isBack { sink(.recovered) }
        if let update { sink(update) }
    }

    private func lose(_ number: Int, _ why: String) {
        let sink = state.withLock { state -> (@Sendable (SidecarStreamUpdate) -> Void)? in
            guard let subscribed = state.subscriptions[number], !subscribed.isLost else { return nil }
            state.subscriptions[number]?.isLost = true
            return subscribed.sink
        }
        sink?(.lost(why))
    }

    /// The connection is gone, and with it every answer that was on its way.
    func lost(_ reason: String) {
        let (pending, numbers) = state.withLock { state in
            defer {
                state.channel = nil
                state.pid = nil
                state.pending = [:]
                state.fault = reason
            }
            return (state.pending.sorted { $0.key < $1.key }.map(\.value), state.subscriptions.keys.sorted())
        }
        for ask in pending {
            ask.answer.resume(returning: .failure(.lost("\(ask.method): the sidecar ended before it answered")))
        }
        for number in numbers { lose(number, reason) }
    }

    // MARK: - Silence

    /// Pings, and notices silence, answers that never come and subscriptions that are to be tried again.
    func watch(_ channel: any Channel) async throws {
        let step = min(manners.heartbeat, Nanoseconds.milliseconds(250))
        var nextPing = time.now()
        let schedule = registry.schedule("sidecar: watch")
        defer { schedule.end() }
        while !Task.isCancelled {
            let now = time.now()
            if now >= nextPing {
                say(SidecarMessage.ping(state.withLock { $0.number() }), channel)
                nextPing = now.advanced(byNanoseconds: manners.heartbeat)
            }
            if expire(now, channel) {
                throw SidecarFailure.lost("it was silent for \(manners.silenceLimit / Nanoseconds.perMillisecond) ms")
            }
            try await schedule.wait(until: now.advanced(byNanoseconds: step), on: time)
        }
    }

    /// - Returns: whether the sidecar counts as hung.
    private func expire(_ now: Timestamp, _ channel: any Channel) -> Bool {
        let (isSilent, overdue, again) = state.withLock { state in
            let late = state.pending.filter { $0.value.deadline <= now }
            for number in late.keys { state.pending[number] = nil }
            let again = state.subscriptions.filter { $0.value.retryAt.map { $0 <= now } ?? false }
            for number in again.keys { state.subscriptions[number]?.retryAt = nil }
            let silence = now.nanoseconds(since: state.heardAt)
            return (
                silence > manners.silenceLimit, late.sorted { $0.key < $1.key }.map(\.value),
                again.sorted { $0.key < $1.key }
            )
        }
        for ask in overdue {
            ask.answer.resume(returning: .failure(.lost("\(ask.method): no answer within its deadline")))
        }
        for (number, subscribed) in again {
            say(SidecarMessage.subscribe(number, session: subscribed.session, subscribed.arguments), channel)
        }
        return isSilent
    }
}
