public import Exchanges
import Logging
import Scheduling
import Synchronization
public import TradingCore

/// One exchange, live: any dialect on the wire, as the runtime trades on it.
///
/// One stream for each instrument's market, shared by all who listen; one for each account. Nothing here waits for another
/// exchange, and every request has a deadline.
public final class DialectConnector: ExchangeConnector {
    private struct State {
        /// Without a task while there is no account: who listens goes on listening when one comes back.
        var feeds: [Symbol: (feed: MarketFeed, task: Task<Void, Never>?)] = [:]
        var accounts: [String: DialectAccount] = [:]
        var background: Task<Void, Never>?
        var isClosed = false
    }

    let venue: Venue
    public let network: String
    private let state = Mutex(State())

    /// - Parameters:
    ///   - dialect: with the hosts to use; its markets are loaded when first asked for.
    ///   - environment: whose hosts those are.
    public init(
        _ dialect: any ExchangeDialect, _ wires: Wires, environment: ExchangeAccountSettings.Environment = .production
    ) {
        venue = Venue(dialect, wires)
        network = environment.name
    }

    public var id: ExchangeID { venue.id }
    public var displayName: String { venue.name }
    public var marksOwnOrders: Bool { venue.abilities.marksOwnOrders }

    /// The longest that any account's request can be under way, by the exchange's rules, and a second for its clock.
    public var acceptanceWindow: Int64 {
        let windows = state.withLock { state in state.accounts.values.map(\.acceptanceWindow) }
        let longest = max(venue.abilities.acceptanceWindow, windows.max() ?? 0)
        return (longest &+ 1_000) &* Nanoseconds.perMillisecond
    }

    public func instruments() async throws(ConnectorError) -> [Instrument] { try await venue.instruments() }

    public func freshInstruments() async throws(ConnectorError) -> [Instrument] {
        try await venue.load()
        return try await venue.instruments()
    }

    // MARK: - Markets

    public func subscribe(
        _ symbol: Symbol, _ sink: @escaping @Sendable ([MarketRecord]) -> Void
    ) async throws(ConnectorError) -> Subscription {
        let instrument = try await venue.instrument(symbol)
        venue.rememberUnit(instrument)
        let feed = try feed(instrument)
        let number = feed.add(sink)
        return Subscription { [self] in
            guard feed.remove(number) else { return }
            let task = state.withLock { state -> Task<Void, Never>? in
                guard let running = state.feeds[symbol], running.feed === feed else { return nil }
                state.feeds[symbol] = nil
                return running.task
            }
            task?.cancel()
        }
    }

    private func feed(_ instrument: Instrument) throws(ConnectorError) -> MarketFeed {
        let symbol = instrument.id.symbol
        let feed: MarketFeed? = state.withLock { state in
            if state.isClosed { return nil }
            if let running = state.feeds[symbol] { return running.feed }
            let feed = MarketFeed(
                instrument, time: venue.time, pace: venue.pace, clock: { [venue] in venue.manners.clock }
            ) { [self] trouble in mend(symbol, trouble) }
            state.feeds[symbol] = (feed, Task { await self.run(feed) })
            // How late its words are is told by the exchange's clock, with an account or without.
            keepClock(&state)
            return feed
        }
        guard let feed else { throw .unreachable("\(id): its accounts were taken away") }
        return feed
    }

    private func run(_ feed: MarketFeed) async {
        let symbol = feed.instrument.id.symbol
        let keeper = StreamKeeper(
            exchange: id.rawValue,
            backoff: venue.wires.reconnects(seed: symbol.description.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
        ) { [venue] now in SigningContext(credentials: nil, now: venue.manners.clock.exchangeTime(at: now)) }
        let source = venue.client.streamSource(isPrivate: false, headers: venue.dialect.hosts.headers) {
            [venue] token throws(ExchangeFailure) in
            try venue.dialect.publicStream([.book(symbol), .trades(symbol)], token: token)
        }
        let losses = LossReport("\(venue.id) market of \(symbol)", venue.logger, time: venue.time)
        let schedule = venue.schedule(" \(symbol): stream")
        defer { schedule.end() }
        let runner = StreamRunner(
            keeper, source, client: venue.wires.webSockets, time: venue.time, schedule: schedule
        ) { update in
            switch update {
            case .disconnected(let failure): losses.tell(failure, wasWhole: true)
            case .event(.bookLost(_, let failure)): losses.tell(failure, wasWhole: feed.lastWord != nil)
            case .bookNotFetched(let failure): losses.tell(failure, wasWhole: false)
            case .event, .connected: break
            }
            feed.take(update)
        }
        await withDiscardingTaskGroup { group in
            group.addTask { await runner.run() }
            group.addTask { await self.watch(feed) }
        }
    }

    private func watch(_ feed: MarketFeed) async {
        let symbol = feed.instrument.id.symbol
        let schedule = venue.schedule(" \(symbol): silence")
        defer { schedule.end() }
        let watch = SilenceWatch(
            feed: feed, time: venue.time, schedule: schedule, silence: venue.pace.silence
        ) { [venue] in
            try? await venue.ask { (dialect: any ExchangeDialect) throws(ExchangeFailure) in
                try dialect.book(symbol, limit: nil, [])
            }
        }
        if let why = await watch.run() {
            // A stream that stays silent would be traded on for as long again each time.
            if feed.lastWord != nil { feed.doubt() }
            restart(symbol, why, reading: .nothing)
        }
    }

    private func mend(_ symbol: Symbol, _ trouble: MarketFeed.Trouble) {
        switch trouble {
        case .offUnit(let why): restart(symbol, why, reading: .rules)
        // It may be our idea of its clock that is wrong.
        case .late(let why): restart(symbol, why, reading: .clock)
        case .ahead: Task { [venue] in await venue.measureClock() }
        }
    }

    /// What may have changed at the exchange, and be why a stream has to begin anew.
    private enum Reading: String { case nothing, rules, clock }

    private func restart(_ symbol: Symbol, _ why: String, reading: Reading) {
        let first = reading == .nothing ? "" : "reading the \(reading.rawValue) anew and "
        venue.logger.error("\(why): \(first)beginning the stream anew")
        let (feed, old) = state.withLock { state -> (MarketFeed?, Task<Void, Never>?) in
            guard let running = state.feeds[symbol] else { return (nil, nil) }
            state.feeds[symbol]?.task = Task { [venue] in
                switch reading {
                case .nothing: break
                case .rules: try? await venue.load()
                case .clock: await venue.measureClock()
                }
                let pause = reading == .rules ? venue.pace.restart : venue.pace.shortestReconnect
                do { try await venue.sleep(pause) } catch { return }
                await self.run(running.feed)
            }
            return (running.feed, running.task)
        }
        old?.cancel()
        feed?.take(.disconnected(ExchangeFailure(.networkError, exchange: id.rawValue, message: "begun anew")))
    }

    // MARK: - Accounts

    public func account(_ label: String) async throws(ConnectorError) -> any ExchangeAccount {
        guard let account = state.withLock({ $0.accounts[label] }), account.isUsable else {
            throw .unknownAccount(label)
        }
        return account
    }

    /// Makes exactly these the accounts there are.
    /// - Parameter settings: each with the language as it wants it.
    func setAccounts(_ settings: [(ExchangeAccountSettings, any ExchangeDialect)]) {
        typealias Kept = (account: DialectAccount, settings: ExchangeAccountSettings, dialect: any ExchangeDialect)
        let labels = Set(settings.map(\.0.label))
        let (accounts, gone) = state.withLock { state -> ([Kept], [DialectAccount]) in
            var kept: [Kept] = []
            for (settings, dialect) in settings {
                let account = state.accounts[settings.label] ?? DialectAccount(settings.label, venue)
                state.accounts[settings.label] = account
                kept.append((account, settings, dialect))
            }
            state.isClosed = settings.isEmpty
            if !settings.isEmpty {
                keepClock(&state)
            } else {
                state.background?.cancel()
                state.background = nil
            }
            return (kept, state.accounts.filter { !labels.contains($0.key) }.map(\.value))
        }
        for kept in accounts { kept.account.use(kept.settings, kept.dialect) }
        if !settings.isEmpty { beginFeeds() }
        for account in gone { account.revoke() }
        if settings.isEmpty { endFeeds() }
    }

    private func keepClock(_ state: inout State) {
        if state.background == nil { state.background = Task { [venue] in await venue.keepClock() } }
    }

    private func beginFeeds() {
        state.withLock { state in
            for (symbol, running) in state.feeds where running.task == nil {
                state.feeds[symbol]?.task = Task { await self.run(running.feed) }
            }
        }
    }

    private func endFeeds() {
        let feeds = state.withLock { state in
            defer { for symbol in state.feeds.keys { state.feeds[symbol]?.task = nil } }
            return Array(state.feeds.values)
        }
        for (feed, task) in feeds {
            task?.cancel()
            feed.take(.disconnected(ExchangeFailure(.networkError, exchange: id.rawValue, message: "taken away")))
        }
    }

    var states: [ExchangeAccountState] {
        state.withLock { $0.accounts.values.filter(\.isUsable) }.sorted { $0.label < $1.label }.map(\.report)
    }

    /// While the exchange wants to hear nothing from us neither orders nor cancels leave; without its clock a market that is told late
    /// looks like one of now.
    public func fault() async -> String? { venue.silenceKept ?? venue.clockFault }

    func keyIsGood(_ label: String) { state.withLock { $0.accounts[label] }?.keyIsGood() }

    /// What would fire after a clean end is switched off, on all accounts at once.
    func standDown() async {
        let accounts = state.withLock { Array($0.accounts.values) }
        await withDiscardingTaskGroup { group in
            for account in accounts { group.addTask { await account.standDown() } }
        }
    }

    /// Ends everything that runs.
    public func close() { setAccounts([]) }
}
