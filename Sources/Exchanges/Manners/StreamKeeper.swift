public import TradingCore

/// Keeps one stream alive: makes a session, connects, notices silence, waits, and begins anew. A state machine; whoever owns
/// sockets and time does what it says and tells it what happens.
///
/// *Waiting* for the next attempt leads to *preparing* a session, which may take a call for a token; then *connecting*; then
/// *open*; whatever fails leads back to waiting. Each attempt has a number, and what is told of another one is ignored.
public struct StreamKeeper: Sendable {
    public enum Phase: Hashable, Sendable {
        case idle
        case waiting(until: Int64)
        case preparing
        case connecting
        case open
        case stopped
    }

    /// What to do, in this order.
    public enum Action: Sendable {
        /// Make a session and give it to ``prepared(_:attempt:now:into:)``.
        case prepare(attempt: Int)
        /// Connect there, then tell ``opened(_:attempt:now:into:)`` or ``closed(_:attempt:now:into:)``.
        case connect(url: String, attempt: Int)
        case send(String, attempt: Int)
        /// Drop the connection, whatever state it is in; nothing more of it will be heard.
        case close(attempt: Int)
        /// Perform the call, then tell ``fetched(_:_:now:into:)``.
        case fetchBook(Fetch, EndpointCall<ExchangeBook>)
        case deliver(StreamEvent)
        case connected
        /// The stream is down. The books that were delivered have been told lost before this.
        case disconnected(ExchangeFailure)
    }

    /// One fetch of a book.
    public struct Fetch: Hashable, Sendable {
        public let symbol: Symbol
        let number: Int
    }

    /// Milliseconds within which a session has to be made and a connection opened.
    public static let longestOpening: Int64 = 20_000

    public private(set) var phase = Phase.idle
    public private(set) var attempt = 0
    /// Why the last attempt failed or ended; nil while none has.
    public private(set) var lastFailure: ExchangeFailure?
    public let exchange: String
    private let context: @Sendable (Int64) -> SigningContext
    private var backoff: Backoff
    private var session: (any StreamSession)?
    private var heardAt: Int64 = 0
    private var openingEndsAt: Int64 = 0
    /// The markets whose book the consumer has.
    private var booksOut: Set<Symbol> = []
    private var fetches = BookFetches()
    private var effects: [StreamEffect] = []

    /// - Parameters:
    ///   - context: what a session needs to log in, at a time of ours.
    public init(
        exchange: String, backoff: Backoff, context: @escaping @Sendable (Int64) -> SigningContext
    ) {
        self.exchange = exchange
        self.backoff = backoff
        self.context = context
    }

    /// When ``wake(_:into:)`` wants to be called, milliseconds since 1970; nil: not.
    public var nextWake: Int64? {
        switch phase {
        case .idle, .stopped: return nil
        case .waiting(let until): return until
        case .preparing, .connecting: return openingEndsAt
        case .open:
            guard let session else { return nil }
            let silence = heardAt &+ session.silenceLimit
            return min(silence, min(session.nextWake ?? silence, fetches.nextDue ?? silence))
        }
    }

    public mutating func start(_ now: Int64, into actions: inout [Action]) {
        guard phase == .idle || phase == .stopped else { return }
        prepare(now, into: &actions)
    }

    /// For good, until ``start(_:into:)``.
    public mutating func stop(_ now: Int64, into actions: inout [Action]) {
        if phase == .connecting || phase == .open { actions.append(.close(attempt: attempt)) }
        if phase == .open { tellDown(failure(.networkError, "stopped"), into: &actions) }
        session = nil
        phase = .stopped
    }

    public mutating func prepared(
        _ made: Result<any StreamSession, ExchangeFailure>, attempt: Int, now: Int64, into actions: inout [Action]
    ) {
        guard attempt == self.attempt, phase == .preparing else { return }
        switch made {
        case .success(let session):
            self.session = session
            phase = .connecting
            actions.append(.connect(url: session.url, attempt: attempt))
        case .failure(let failure): breakOff(failure, now, into: &actions)
        }
    }

    public mutating func opened(attempt: Int, now: Int64, into actions: inout [Action]) {
        guard attempt == self.attempt, phase == .connecting else { return }
        phase = .open
        heardAt = now
        backoff.opened(now)
        actions.append(.connected)
        let context = context(now)
        session?.opened(context, into: &effects)
        perform(now, into: &actions)
    }

    /// The connection is gone, or never came to be.
    public mutating func closed(
        _ failure: ExchangeFailure, attempt: Int, now: Int64, into actions: inout [Action]
    ) {
        guard attempt == self.attempt, phase == .connecting || phase == .open else { return }
        breakOff(failure, now, into: &actions)
    }

    /// A whole message.
    public mutating func received(
        _ frame: UnsafeRawBufferPointer, isBinary: Bool, attempt: Int, now: Int64, into actions: inout [Action]
    ) {
        guard attempt == self.attempt, phase == .open else { return }
        heardAt = now
        session?.received(frame, isBinary: isBinary, now: now, into: &effects)
        perform(now, into: &actions)
    }

    /// Something came that is no message: a ping or pong of the connection itself.
    public mutating func heard(attempt: Int, now: Int64) {
        if attempt == self.attempt, phase == .open { heardAt = now }
    }

    public mutating func fetched(
        _ book: Result<ExchangeBook, ExchangeFailure>, _ fetch: Fetch, now: Int64, into actions: inout [Action]
    ) {
        guard phase == .open, fetches.ended(fetch, book, now: now) else { return }
        session?.fetched(book, fetch.symbol, now: now, into: &effects)
        perform(now, into: &actions)
    }

    /// Time has come for something, or may have.
    public mutating func wake(_ now: Int64, into actions: inout [Action]) {
        switch phase {
        case .idle, .stopped: break
        case .waiting(let until): if now >= until { prepare(now, into: &actions) }
        case .preparing, .connecting:
            if now >= openingEndsAt { breakOff(failure(.requestTimeout, "not open in time"), now, into: &actions) }
        case .open: wakeOpen(now, into: &actions)
        }
    }

    private mutating func wakeOpen(_ now: Int64, into actions: inout [Action]) {
        guard let session else { return }
        if now &- heardAt >= session.silenceLimit {
            return breakOff(failure(.requestTimeout, "silent for \(now &- heardAt) ms"), now, into: &actions)
        }
        for (fetch, call) in fetches.due(now) { actions.append(.fetchBook(fetch, call)) }
        guard let due = session.nextWake, due <= now else { return }
        self.session?.wake(now, into: &effects)
        perform(now, into: &actions)
    }

    private mutating func prepare(_ now: Int64, into actions: inout [Action]) {
        attempt += 1
        phase = .preparing
        openingEndsAt = now &+ Self.longestOpening
        fetches = BookFetches(after: fetches)
        actions.append(.prepare(attempt: attempt))
    }

    /// Does what the session wants; what it wanted after a reconnect is void.
    private mutating func perform(_ now: Int64, into actions: inout [Action]) {
        for effect in effects {
            switch effect {
            case .send(let text): actions.append(.send(text, attempt: attempt))
            case .event(let event):
                note(event)
                actions.append(.deliver(event))
            case .fetchBook(let symbol, let call):
                if let fetch = fetches.wanted(symbol, call, now: now) { actions.append(.fetchBook(fetch, call)) }
            case .reconnect(let failure):
                effects.removeAll(keepingCapacity: true)
                return breakOff(failure, now, into: &actions)
            }
        }
        effects.removeAll(keepingCapacity: true)
    }

    private mutating func note(_ event: StreamEvent) {
        switch event {
        case .book(let book): booksOut.insert(book.symbol)
        case .bookLost(let symbol, _): booksOut.remove(symbol)
        default: break
        }
    }

    private mutating func breakOff(_ failure: ExchangeFailure, _ now: Int64, into actions: inout [Action]) {
        if phase == .connecting || phase == .open { actions.append(.close(attempt: attempt)) }
        if phase == .open { tellDown(failure, into: &actions) }
        session = nil
        lastFailure = failure
        // A refusal will be one again at once: a wrong key, a market that is not there.
        let refused = !failure.isOutcomeUnknown
        let least = max(failure.retryAfter ?? 0, refused ? backoff.longest : 0)
        phase = .waiting(until: now &+ backoff.failed(now, atLeast: min(max(0, least), RateRefusal.longest)))
    }

    private mutating func tellDown(_ failure: ExchangeFailure, into actions: inout [Action]) {
        for symbol in booksOut.sorted(by: { $0.description < $1.description }) {
            actions.append(.deliver(.bookLost(symbol, failure)))
        }
        booksOut.removeAll()
        actions.append(.disconnected(failure))
    }

    private func failure(_ kind: ExchangeFailure.Kind, _ message: String) -> ExchangeFailure {
        ExchangeFailure(kind, exchange: exchange, endpoint: session?.url ?? "", message: message)
    }
}
