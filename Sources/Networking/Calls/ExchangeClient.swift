public import Exchanges
public import Scheduling
import Synchronization
import TradingCore

/// Performs a dialect's calls for one account: waits until the exchange allows one, signs it with the exchange's time and a
/// fresh nonce, sends it once, and tells everybody what the answer said.
public final class ExchangeClient: Sendable {
    /// Sends a request and gives its whole answer within so many milliseconds: ``HTTPCaller/send(_:within:)``.
    public typealias Send = @Sendable (SignedRequest, Int64) async throws(HTTPFailure) -> EndpointAnswer

    public struct Account: Sendable {
        /// Tells this key's limits from another's.
        public var label: String
        /// Nil for public calls alone.
        public var credentials: ExchangeCredentials?
        /// The highest nonce used before, as far as is known here.
        public var lastNonce: Int64
        /// Whether the exchange refuses a nonce below one that it has seen (Bitfinex). Then one signed call of the key is on its
        /// way at a time, whoever makes it, as two connections do not keep their order.
        public var hasOrderedNonces: Bool
        /// Milliseconds.
        public var receiveWindow: Int64

        public init(
            label: String, credentials: ExchangeCredentials?, lastNonce: Int64 = 0, hasOrderedNonces: Bool = false,
            receiveWindow: Int64 = 10_000
        ) {
            self.label = label
            self.credentials = credentials
            self.lastNonce = lastNonce
            self.hasOrderedNonces = hasOrderedNonces
            self.receiveWindow = receiveWindow
        }
    }

    public let dialect: any ExchangeDialect
    public let manners: SharedManners
    private let account: Account
    private struct State {
        var breaker: CircuitBreaker
        var refusal: ExchangeFailure?
    }

    private let state: Mutex<State>
    /// Shared by all who use the key; nil where its calls need no order.
    private let order: KeyOrder?
    /// The exchange has no call for its time: what every answer carries stands in for it.
    private let tellsTimeByDate: Bool
    private let send: Send
    private let time: any TimeSource

    public init(
        _ dialect: any ExchangeDialect, _ account: Account, manners: SharedManners, breaker: CircuitBreaker,
        time: any TimeSource, send: @escaping Send
    ) {
        self.dialect = dialect
        self.account = account
        self.manners = manners
        order = account.hasOrderedNonces ? account.credentials.map { manners.order(of: $0.apiKey) } : nil
        order?.raise(above: account.lastNonce)
        state = Mutex(State(breaker: breaker))
        self.time = time
        self.send = send
        do throws(ExchangeFailure) {
            _ = try dialect.serverTime()
            tellsTimeByDate = false
        } catch { tellsTimeByDate = error.kind == .notSupported }
    }

    /// Whether the account is asked for at all now.
    public var breaker: CircuitBreaker.State { state.withLock { $0.breaker.state } }

    /// Why the exchange would not have the key, until the same call is answered otherwise: another one that needs less of the
    /// key may go well meanwhile.
    public var keyRefusal: ExchangeFailure? { state.withLock { $0.refusal } }

    /// The highest nonce used with the key, by whomever from here; 0 where there are none.
    public var lastNonce: Int64 { order?.last ?? 0 }

    /// A check of its own has shown that the key is good, whatever was said of it before.
    public func keyIsGood() {
        state.withLock { state in
            state.breaker.keyIsGood()
            state.refusal = nil
        }
    }

    /// - Parameters:
    ///   - purpose: cancels may use the reserve, and go through an open breaker; withdrawals may use the reserve.
    ///   - milliseconds: for waiting and answer together.
    ///   - departure: whether it is still wanted is asked in the moment in which it is sent.
    public func perform<Answer: Sendable>(
        _ call: EndpointCall<Answer>, _ purpose: RateBudget.Purpose = .ordinary, within milliseconds: Int64 = 10_000,
        departure: Departure? = nil
    ) async throws(CallFailure) -> Answer {
        try await timed(call, purpose, milliseconds, departure).answer
    }

    /// Asks for the exchange's time, for all who share ``manners``.
    public func measureClock(within milliseconds: Int64 = 5_000) async throws(CallFailure) {
        let call: EndpointCall<Int64>
        do { call = try dialect.serverTime() } catch {
            // Then any answer tells, by the time that it carries.
            guard error.kind == .notSupported, let status = try? dialect.status() else { throw .notCarriedOut(error) }
            _ = try await timed(status, .ordinary, milliseconds)
            return
        }
        let (exchangeTime, sentAt, answeredAt) = try await timed(call, .ordinary, milliseconds)
        manners.heard(.init(sentAt: sentAt, answeredAt: answeredAt, exchangeTime: exchangeTime))
    }

    /// What signatures are made with at a time of ours; takes a nonce.
    public func context(_ now: Int64) -> SigningContext {
        let exchangeTime = manners.clock.exchangeTime(at: now)
        return SigningContext(
            credentials: account.credentials, now: exchangeTime,
            nonce: order?.next(exchangeTime) ?? exchangeTime, receiveWindow: account.receiveWindow)
    }

    /// Milliseconds.
    private static let leastForAnAnswer: Int64 = 1_000

    private func timed<Answer: Sendable>(
        _ call: EndpointCall<Answer>, _ purpose: RateBudget.Purpose, _ milliseconds: Int64,
        _ departure: Departure? = nil
    ) async throws(CallFailure) -> (answer: Answer, sentAt: Int64, answeredAt: Int64) {
        let deadline = now() &+ max(1, milliseconds)
        // Sent with no time left for its answer, it would surely end as unknown.
        let latest = deadline &- min(Self.leastForAnAnswer, milliseconds / 4)
        // Leave first: what waits for the exchange's limit must not keep a cancel from passing.
        let grant = try await leave(call.request, purpose, latest)
        guard let turnstile = order?.turnstile else { return try await sent(call, purpose, grant, deadline, departure) }
        await turnstile.enter(isCancel: purpose == .cancel)
        defer { turnstile.leave() }
        guard now() < latest || milliseconds <= 4 else {
            manners.unused(grant)
            throw .notCarriedOut(heldBack(.requestTimeout, call.request, "its turn did not come in time"))
        }
        return try await sentInOrder(call, purpose, grant, deadline, departure)
    }

    /// A nonce may look old though it rose: a login took a higher one meanwhile, or a call that was given up came late. What is
    /// refused for it was not carried out, and is sent again with a fresh one before any other call gets its turn.
    private func sentInOrder<Answer: Sendable>(
        _ call: EndpointCall<Answer>, _ purpose: RateBudget.Purpose, _ grant: RateBudget.Grant, _ deadline: Int64,
        _ departure: Departure?
    ) async throws(CallFailure) -> (answer: Answer, sentAt: Int64, answeredAt: Int64) {
        var (grant, attempts) = (grant, 1)
        while true {
            do throws(CallFailure) { return try await sent(call, purpose, grant, deadline, departure) } catch {
                guard error.failure.isForItsTime, attempts < Self.mostNonces else { throw error }
                attempts += 1
                let latest = deadline &- Self.leastForAnAnswer
                guard now() < latest else { throw error }
                grant = try await leave(call.request, purpose, latest)
            }
        }
    }

    private static let mostNonces = 4

    /// Once, by the deadline.
    private func sent<Answer: Sendable>(
        _ call: EndpointCall<Answer>, _ purpose: RateBudget.Purpose, _ grant: RateBudget.Grant, _ deadline: Int64,
        _ departure: Departure?
    ) async throws(CallFailure) -> (answer: Answer, sentAt: Int64, answeredAt: Int64) {
        let sentAt = now()
        let context = context(sentAt)
        let signed: SignedRequest
        do throws(ExchangeFailure) {
            signed = try dialect.sign(call.request, context)
            try passBreaker(call.request, purpose, sentAt)
        } catch {
            manners.unused(grant)
            throw .notCarriedOut(error)
        }
        guard departure?.leave() ?? true else {
            manners.unused(grant)
            throw .notCarriedOut(heldBack(.operationRejected, call.request, "no longer wanted"))
        }
        let response: EndpointAnswer
        do throws(HTTPFailure) { response = try await send(signed, max(1, deadline &- sentAt)) } catch {
            throw unanswered(error, call.request, grant, context)
        }
        let answeredAt = now()
        if tellsTimeByDate, let exchangeTime = response.header("Date").flatMap({ HTTPDate.milliseconds($0) }) {
            manners.heard(.init(sentAt: sentAt, answeredAt: answeredAt, exchangeTime: exchangeTime))
        }
        let outcome = Result { () throws(ExchangeFailure) in try call.answer(in: response, dialect) }
        let failure: ExchangeFailure? = if case .failure(let failure) = outcome { failure } else { nil }
        let usage = dialect.usage(in: response, to: call.request)
        manners.answered(grant, usage, RateRefusal(response, failure), now: answeredAt)
        state.withLock { state in
            state.breaker.ended(failure, now: answeredAt)
            guard account.credentials != nil else { return }
            if let failure, !failure.keyCauses.isEmpty {
                state.refusal = failure
            } else if state.refusal?.endpoint == call.request.endpoint {
                state.refusal = nil
            }
        }
        switch outcome {
        case .success(let answer): return (answer, sentAt, answeredAt)
        case .failure(let failure): throw Self.meaning(failure, context)
        }
    }

    /// Waits until the exchange allows the request.
    private func leave(
        _ request: EndpointRequest, _ purpose: RateBudget.Purpose, _ deadline: Int64
    ) async throws(CallFailure) -> RateBudget.Grant {
        while true {
            let now = now()
            guard now < deadline else {
                throw .notCarriedOut(heldBack(.requestTimeout, request, "its turn did not come in time"))
            }
            switch manners.ask(request.costs, purpose, key: account.label, now: now) {
            case .go(let grant): return grant
            case .never(let limit):
                throw .notCarriedOut(failure(.badRequest, request, "weighs more than \(limit) ever allows"))
            case .wait(let until):
                guard until < deadline else {
                    throw .notCarriedOut(heldBack(.rateLimitExceeded, request, "not allowed in time", until &- now))
                }
                do { try await time.sleep(until: Timestamp(nanoseconds: Self.nanoseconds(until))) } catch {
                    throw .notCarriedOut(failure(.networkError, request, "given up before it was sent"))
                }
            }
        }
    }

    private func passBreaker(
        _ request: EndpointRequest, _ purpose: RateBudget.Purpose, _ now: Int64
    ) throws(ExchangeFailure) {
        switch state.withLock({ $0.breaker.ask(purpose, now: now) }) {
        case .go: break
        case .wait(let until):
            throw failure(.exchangeNotAvailable, request, "it has not answered of late", until &- now)
        case .refused(let failure): throw failure
        }
    }

    private func unanswered(
        _ cause: HTTPFailure, _ request: EndpointRequest, _ grant: RateBudget.Grant, _ context: SigningContext
    ) -> CallFailure {
        let now = now()
        var failure = failure(.networkError, request, cause.description)
        if case .unknown = cause { failure.kind = .requestTimeout }
        if case .answerTooLong = cause { failure.kind = .badResponse }
        // Who gives up himself says nothing of the exchange.
        if !Task.isCancelled { state.withLock { $0.breaker.ended(failure, now: now) } }
        if case .notSent = cause {
            manners.unused(grant)
            return .notCarriedOut(failure)
        }
        manners.answered(grant, [], nil, now: now)
        return .unknown(failure, timestamp: context.now, window: context.receiveWindow)
    }

    private static func meaning(_ failure: ExchangeFailure, _ context: SigningContext) -> CallFailure {
        failure.isOutcomeUnknown && !failure.isForItsTime
            ? .unknown(failure, timestamp: context.now, window: context.receiveWindow) : .notCarriedOut(failure)
    }

    private func failure(
        _ kind: ExchangeFailure.Kind, _ request: EndpointRequest, _ message: String, _ retryAfter: Int64? = nil
    ) -> ExchangeFailure {
        ExchangeFailure(
            kind, exchange: dialect.id.rawValue, endpoint: request.endpoint, message: message, retryAfter: retryAfter)
    }

    private func heldBack(
        _ kind: ExchangeFailure.Kind, _ request: EndpointRequest, _ message: String, _ retryAfter: Int64? = nil
    ) -> ExchangeFailure {
        var failure = failure(kind, request, message, retryAfter)
        failure.isHeldBack = true
        return failure
    }

    private func now() -> Int64 { time.now().nanoseconds / Nanoseconds.perMillisecond }

    private static func nanoseconds(_ milliseconds: Int64) -> Int64 {
        let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: Nanoseconds.perMillisecond)
        return overflow ? .max : nanoseconds
    }
}
