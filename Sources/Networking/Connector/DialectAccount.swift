public import Exchanges
import Logging
import Scheduling
import Synchronization
public import TradingCore

/// One account on an exchange, live.
///
/// What comes, from the stream and from questions, goes through ``OrderTracker`` and from there to whoever listens, in order
/// and with no lock held. Requests leave at once and are answered as events; the outcome of each is either the exchange's
/// word or *unknown*, and unknown is left only by asking.
public final class DialectAccount: ExchangeAccount {
    typealias Sink = @Sendable (AccountUpdate) -> Void

    enum StreamState: Equatable {
        case down
        case opening(confirmed: Int, since: Int64)
        case ready
    }

    struct State {
        var settings: ExchangeAccountSettings?
        var client: ExchangeClient?
        /// As this account's settings want it, without markets.
        var dialect: (any ExchangeDialect)?
        var lane = RequestLane(width: 1)
        /// Placements that have not been answered: those among them that have not left can be withdrawn.
        var departures: [ClientOrderID: (departure: Departure, symbol: Symbol)] = [:]
        var tracker = OrderTracker()
        var stream = StreamState.down
        var fault: String?
        /// While the stream is doubted, questions stand in for it.
        var streamTrust = StreamTrust()
        /// What the account's stream was refused for, where that is the key's.
        var streamRefusal: ExchangeFailure?
        /// Events may be missing, and whoever listens was told.
        var isLost = false
        var auditedAt: Int64 = 0
        /// Orders that are being looked for, and those whose fills are.
        var looks: Set<ClientOrderID> = []
        var fillLooks: Set<ClientOrderID> = []
        var streamTask: Task<Void, Never>?
        var streamGeneration = 0
        var watch: Task<Void, Never>?
        var arming: Task<Void, Never>?
        /// The dead man's switch was armed, and not disarmed since.
        var isArmed = false
        var armingFault: String?
        /// The exchange has taken it that our orders go when the connection is gone.
        var isProtected = false
        var tasks: [Int: Task<Void, Never>] = [:]
        var lastNumber = 0
        var sinks: [Int: (symbol: Symbol, tell: Sink)] = [:]
        var waiting: [(Sink, AccountUpdate)] = []
        var isTelling = false
        /// Open orders of others, as last listed.
        var foreignOrders: [Symbol: Int] = [:]
        var foreignTold: Set<Symbol> = []
    }

    public let label: String
    let venue: Venue
    let state = Mutex(State())

    init(_ label: String, _ venue: Venue) {
        self.label = label
        self.venue = venue
        state.withLock { $0.streamTrust = StreamTrust(venue.pace) }
    }

    /// There is a key to work with.
    var isUsable: Bool { state.withLock { $0.client != nil } }

    /// Milliseconds after which a request of this account is surely dead.
    var acceptanceWindow: Int64 {
        let (dialect, window) = state.withLock { ($0.dialect, $0.settings?.receiveWindow ?? 0) }
        return max((dialect?.abilities ?? venue.abilities).acceptanceWindow, window)
    }

    /// The account's language with the markets as last loaded.
    var dialect: any ExchangeDialect {
        let shared = venue.dialect
        guard var own = state.withLock({ $0.dialect }) else { return shared }
        own.catalog = shared.catalog
        own.orderMark = shared.orderMark
        return own
    }

    var isStreaming: Bool { state.withLock { $0.stream == .ready } }

    // MARK: - Keys

    /// Takes the settings up. What listens goes on listening; with another key the stream begins anew.
    func use(_ settings: ExchangeAccountSettings, _ dialect: any ExchangeDialect) {
        guard state.withLock({ $0.settings != settings }) else { return }
        let nonceKey = "nonce \(venue.id) \(label)"
        let lastNonce = venue.wires.memory.value(of: nonceKey).flatMap { Int64($0) } ?? 0
        let client = ExchangeClient(
            dialect,
            .init(
                label: label, credentials: settings.credentials, lastNonce: lastNonce,
                hasOrderedNonces: venue.abilities.hasOrderedNonces, receiveWindow: settings.receiveWindow),
            manners: venue.manners, breaker: venue.wires.breaker(seed: seed), time: venue.time, send: venue.wires.send)
        let hasListeners = state.withLock { state in
            state.settings = settings
            state.dialect = dialect
            state.client = client
            state.lane.close()
            state.lane = RequestLane(width: venue.abilities.hasOrderedNonces ? 1 : 32)
            state.fault = nil
            state.streamRefusal = nil
            return !state.sinks.isEmpty
        }
        rememberNonce()
        withdrawAll()
        if hasListeners {
            stopStream()
            start()
        }
    }

    /// The key was taken away: nothing is sent with it any more (H47).
    func revoke() {
        guard isUsable else { return }
        stopStream()
        let (lane, tasks) = state.withLock { state in
            let tasks = Array(state.tasks.values) + [state.watch, state.arming].compactMap { $0 }
            state.settings = nil
            state.client = nil
            state.watch = nil
            state.arming = nil
            return (state.lane, tasks)
        }
        lane.close()
        withdrawAll()
        for task in tasks { task.cancel() }
        lose("the account's key was taken away")
    }

    /// A restart must not go below a nonce that was used: one that lies ahead of all that may be is stored before.
    func rememberNonce() {
        guard venue.abilities.hasOrderedNonces, let client = state.withLock({ $0.client }) else { return }
        let key = "nonce \(venue.id) \(label)"
        let stored = venue.wires.memory.value(of: key).flatMap { Int64($0) } ?? 0
        let used = max(client.lastNonce, venue.exchangeNow)
        let ahead: Int64 = 120_000
        if stored < used &+ ahead / 2 { venue.wires.memory.set(String(used &+ ahead), of: key) }
    }

    private var seed: UInt64 { label.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) } }

    // MARK: - Listening

    public func subscribe(
        _ symbol: Symbol, _ sink: @escaping @Sendable (AccountUpdate) -> Void
    ) async throws(ConnectorError) -> Subscription {
        guard isUsable else { throw .unknownAccount(label) }
        _ = try await venue.instrument(symbol)
        let number = state.withLock { state in
            state.lastNumber += 1
            state.sinks[state.lastNumber] = (symbol, sink)
            return state.lastNumber
        }
        start()
        await untilReady()
        let (isReady, isLost) = state.withLock { ($0.stream == .ready, $0.isLost) }
        // Polling makes good what the stream does not tell; until it has, nothing is known.
        if !isReady {
            if isLost { post { $0.append((sink, .lost)) } } else { lose("the account's stream does not come up") }
        }
        return Subscription { [self] in
            let isLast = state.withLock { state in
                state.sinks[number] = nil
                return state.sinks.isEmpty
            }
            if isLast { stop() }
        }
    }

    private func untilReady() async {
        let deadline = venue.now &+ venue.pace.readiness
        while venue.now < deadline, !Task.isCancelled {
            let (isReady, fault) = state.withLock { ($0.stream == .ready, $0.fault) }
            if isReady || fault != nil { return }
            do { try await venue.sleep(20) } catch { return }
        }
    }

    private func start() {
        startStream()
        state.withLock { state in
            guard state.client != nil else { return }
            if state.watch == nil { state.watch = Task { await self.watch() } }
        }
        startArming()
    }

    private func stop() {
        stopStream()
        let watch = state.withLock { state in
            defer { state.watch = nil }
            return state.watch
        }
        watch?.cancel()
    }

    /// What may be under way is given up when the account is.
    /// - Returns: false, and nothing begins, while there is no key to work with.
    @discardableResult
    func spawn(_ work: @escaping @Sendable () async -> Void) -> Bool {
        state.withLock { state in
            guard state.client != nil else { return false }
            state.lastNumber += 1
            let number = state.lastNumber
            state.tasks[number] = Task {
                await work()
                self.state.withLock { $0.tasks[number] = nil }
            }
            return true
        }
    }

    // MARK: - Telling

    /// Changes what is known, and tells what follows.
    @discardableResult
    func tell(_ symbol: Symbol, _ change: (inout OrderTracker) -> [AccountEvent]) -> [AccountEvent] {
        let events = state.withLock { state in
            let events = change(&state.tracker)
            for event in events { Self.add(.event(event), symbol, &state) }
            return events
        }
        drain()
        return events
    }

    func tellAll(_ update: AccountUpdate) {
        state.withLock { Self.add(update, nil, &$0) }
        drain()
    }

    private func post(_ change: (inout [(Sink, AccountUpdate)]) -> Void) {
        state.withLock { change(&$0.waiting) }
        drain()
    }

    private static func add(_ update: AccountUpdate, _ symbol: Symbol?, _ state: inout State) {
        for number in state.sinks.keys.sorted() {
            guard let sink = state.sinks[number], symbol == nil || sink.symbol == symbol else { continue }
            state.waiting.append((sink.tell, update))
        }
    }

    func lose(_ why: String) {
        let isNew = state.withLock { state in
            state.fault = why
            defer { state.isLost = true }
            return !state.isLost
        }
        if isNew {
            venue.logger.warning("\(venue.id)/\(label): \(why)")
            tellAll(.lost)
        }
    }

    /// The exchange has answered what is open. What was lost until now, whoever listens asks for.
    func recover() {
        let wasLost = state.withLock { state in
            // In one go with its end: one that comes in between would stay, and nobody look after it.
            if state.stream == .ready { state.fault = nil }
            defer { state.isLost = false }
            return state.isLost
        }
        if wasLost { tellAll(.recovered) }
    }

    private func drain() {
        let begins = state.withLock { state in
            if state.isTelling || state.waiting.isEmpty { return false }
            state.isTelling = true
            return true
        }
        guard begins else { return }
        while true {
            let batch = state.withLock { state -> [(Sink, AccountUpdate)] in
                defer { state.waiting.removeAll(keepingCapacity: true) }
                state.isTelling = !state.waiting.isEmpty
                return state.waiting
            }
            if batch.isEmpty { return }
            for (sink, update) in batch { sink(update) }
        }
    }

    // MARK: - How it does

    func keyIsGood() { state.withLock { $0.client }?.keyIsGood() }

    var report: ExchangeAccountState {
        let (state, exposure, foreign) = self.state.withLock { state in
            (
                (
                    settings: state.settings, stream: state.streamTrust.isDoubted ? .down : state.stream,
                    fault: state.fault ?? state.armingFault ?? state.silentStream,
                    client: state.client, isProtected: state.isProtected, refusal: state.streamRefusal
                ),
                state.tracker.exposure, state.foreignOrders.values.reduce(0, +)
            )
        }
        var (fault, outage) = (state.fault, ExchangeAccountState.Outage?.none)
        switch state.client?.breaker {
        case .latched(let failure, _): (fault, outage) = ("\(failure)", .keyRefused)
        case .open, .halfOpen: (fault, outage) = (fault ?? "the exchange does not answer", .noAnswer)
        case .closed, nil: break
        }
        fault = fault ?? venue.silenceKept
        var report = ExchangeAccountState(
            exchange: venue.id, label: label, isStreaming: state.stream == .ready, fault: fault,
            safety: safety(state.settings, state.isProtected), unattended: exposure)
        report.outage = outage
        report.foreignOrders = foreign
        report.keyRefusal = state.client?.keyRefusal ?? state.refusal
        return report
    }

    private func safety(
        _ settings: ExchangeAccountSettings?, _ isProtected: Bool
    ) -> ExchangeAccountState.Safety {
        guard let seconds = settings?.deadMansSwitchSeconds else { return .none }
        if venue.abilities.deadMansSwitch != nil { return .deadMansSwitch(seconds: seconds) }
        return venue.abilities.cancelsOnDisconnect || isProtected ? .cancelsOnDisconnect : .none
    }
}
