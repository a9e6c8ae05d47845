import Exchanges
public import Logging
public import Scheduling
import Synchronization
public import TradingCore

/// What everything that speaks with one exchange shares: its language with the markets loaded, its limits and clock, and the
/// way to it.
final class Venue: Sendable {
    private struct State {
        var dialect: any ExchangeDialect
        var instruments: [Symbol: Instrument] = [:]
        var list: [Instrument] = []
        var loadedAt: Timestamp?
        var loading: Task<Result<Void, ConnectorError>, Never>?
        /// Kept from the first load on: a fee's worth is an estimate, and no reason to begin anew.
        var feeTokenPrices: [AssetID: FixedDecimal] = [:]
        var lastClockFailure: String?
    }

    let id: ExchangeID
    let name: String
    let abilities: ExchangeAbilities
    let wires: Wires
    let manners: SharedManners
    /// Public calls.
    let client: ExchangeClient
    private let state: Mutex<State>

    var time: any TimeSource { wires.time }
    var pace: ConnectorPace { wires.pace }
    var logger: Logger { wires.logger }

    init(_ dialect: any ExchangeDialect, _ wires: Wires) {
        var dialect = dialect
        dialect.orderMark = wires.orderMark
        id = dialect.id
        name = dialect.name
        abilities = dialect.abilities
        self.wires = wires
        manners = wires.manners.manners(of: dialect)
        client = ExchangeClient(
            dialect, .init(label: "", credentials: nil), manners: manners, breaker: wires.breaker(seed: 1),
            time: wires.time, send: wires.send)
        state = Mutex(State(dialect: dialect))
    }

    /// With the markets as last loaded.
    var dialect: any ExchangeDialect { state.withLock { $0.dialect } }

    var now: Int64 { time.now().nanoseconds / Nanoseconds.perMillisecond }

    /// Why nothing leaves for the exchange now, where it has said that we ask too much; nil when it listens.
    var silenceKept: String? {
        manners.awayFor(now).map { wait in
            "it has told us to stay away: nothing is sent, not even a cancel, for \((wait + 999) / 1_000) s more"
        }
    }

    /// Why it cannot be told how late the exchange's words are; nil where it can, and before it was asked.
    var clockFault: String? {
        guard !manners.clock.isKnown, let failure = state.withLock({ $0.lastClockFailure }) else { return nil }
        return "its clock is not known, and so not how late its words are: \(failure)"
    }

    /// The exchange's time as well as it is known, milliseconds.
    var exchangeNow: Int64 { manners.clock.exchangeTime(at: now) }

    func sleep(_ milliseconds: Int64) async throws {
        try await time.sleep(until: time.now().advanced(byNanoseconds: milliseconds &* Nanoseconds.perMillisecond))
    }

    /// In a loop that stands in the registry: the work before is done, the next begins when this returns.
    func wait(_ milliseconds: Int64, _ schedule: Schedule, failure: String? = nil) async throws {
        let next = time.now().advanced(byNanoseconds: milliseconds &* Nanoseconds.perMillisecond)
        try await schedule.wait(until: next, on: time, failure: failure)
    }

    func schedule(_ name: String) -> Schedule { wires.registry.schedule("\(id)\(name)") }

    // MARK: - Markets

    func instruments() async throws(ConnectorError) -> [Instrument] {
        let (isLoaded, isOld) = state.withLock { state in
            (
                state.loadedAt != nil,
                state.loadedAt.map {
                    time.now().nanoseconds(since: $0) > pace.rules &* Nanoseconds.perMillisecond
                } ?? true
            )
        }
        if isOld {
            // Rules that were good ten minutes ago are better than none.
            do throws(ConnectorError) { try await load() } catch { if !isLoaded { throw error } }
        }
        return state.withLock { $0.list }
    }

    func instrument(_ symbol: Symbol) async throws(ConnectorError) -> Instrument {
        if let known = state.withLock({ $0.instruments[symbol] }) { return known }
        _ = try await instruments()
        guard let known = state.withLock({ $0.instruments[symbol] }) else { throw .unknownSymbol(symbol) }
        return known
    }

    func known(_ symbol: Symbol) -> Instrument? { state.withLock { $0.instruments[symbol] } }

    /// One load at a time, whoever asks.
    func load() async throws(ConnectorError) {
        let task = state.withLock { state -> Task<Result<Void, ConnectorError>, Never> in
            if let loading = state.loading { return loading }
            let task = Task { () async -> Result<Void, ConnectorError> in
                do throws(ConnectorError) {
                    try await self.loadMarkets()
                    return .success(())
                } catch { return .failure(error) }
            }
            state.loading = task
            return task
        }
        let outcome = await task.value
        state.withLock { if $0.loading == task { $0.loading = nil } }
        try outcome.get()
    }

    private func loadMarkets() async throws(ConnectorError) {
        let markets = try await ask { dialect throws(ExchangeFailure) in try dialect.markets() }
        let catalog = MarketCatalog(markets: markets, currencies: [])
        state.withLock { $0.dialect.catalog = catalog }
        var prices: [Symbol: FixedDecimal] = [:]
        if markets.contains(where: \.followsPrice) {
            let tickers = try await ask { dialect throws(ExchangeFailure) in try dialect.tickers(nil, []) }
            for ticker in tickers { if let symbol = ticker.symbol, let last = ticker.last { prices[symbol] = last } }
        }
        await priceFeeToken(markets)
        let (feePrices, before) = state.withLock { ($0.feeTokenPrices, $0.instruments) }
        var list: [Instrument] = []
        for market in markets where market.isActive != false {
            let known = MarketUnits.Known(
                unit: before[market.symbol]?.unit ?? rememberedUnit(market.symbol), lastPrice: prices[market.symbol],
                feeTokenPrice: feePrices[market.symbol.quote])
            do throws(InstrumentError) {
                list.append(try MarketUnits.instrument(market, on: id, feeToken: abilities.feeToken, known))
            } catch {
                guard before[market.symbol] != nil || known.unit != nil else { continue }
                logger.error("\(id) \(market.symbol) cannot be traded by its new rules: \(error)")
            }
        }
        let loaded = list
        state.withLock { state in
            state.list = loaded
            state.instruments = Dictionary(loaded.map { ($0.id.symbol, $0) }, uniquingKeysWith: { first, _ in first })
            state.loadedAt = time.now()
        }
    }

    /// Only where fees can be paid in it: what it is worth in the quotes that it is traded against.
    private func priceFeeToken(_ markets: [ExchangeMarket]) async {
        guard let token = abilities.feeToken, state.withLock({ $0.feeTokenPrices.isEmpty }) else { return }
        for market in markets.filter({ $0.symbol.base == token && $0.isActive != false }).prefix(6) {
            let ticker = try? await ask { dialect throws(ExchangeFailure) in try dialect.ticker(market.symbol, []) }
            if let price = ticker?.last { state.withLock { $0.feeTokenPrices[market.symbol.quote] = price } }
        }
    }

    // MARK: - Units that stay

    private func unitKey(_ symbol: Symbol) -> String { "unit \(id) \(symbol)" }

    private func rememberedUnit(_ symbol: Symbol) -> BookUnit? {
        guard let text = wires.memory.value(of: unitKey(symbol)) else { return nil }
        let parts = text.split(separator: " ")
        guard parts.count == 2, let price = try? FixedDecimal(parts[0]), let quantity = try? FixedDecimal(parts[1])
        else { return nil }
        return try? BookUnit(price: price, quantity: quantity)
    }

    /// What is stored is counted in these.
    func rememberUnit(_ instrument: Instrument) {
        let text = "\(instrument.unit.price) \(instrument.unit.quantity)"
        let key = unitKey(instrument.id.symbol)
        if wires.memory.value(of: key) != text { wires.memory.set(text, of: key) }
    }

    // MARK: - Asking

    func ask<Answer: Sendable>(
        _ make: (any ExchangeDialect) throws(ExchangeFailure) -> EndpointCall<Answer>
    ) async throws(ConnectorError) -> Answer {
        let call: EndpointCall<Answer>
        do { call = try make(dialect) } catch { throw ConnectorError(error) }
        do { return try await client.perform(call, within: pace.question) } catch {
            throw ConnectorError(error.failure)
        }
    }

    // MARK: - The clock

    /// Measures the exchange's clock until the task is cancelled: at once, again soon when that failed, then at its pace.
    func keepClock() async {
        let schedule = schedule(": clock")
        defer { schedule.end() }
        schedule.began(at: time.now(), dueAt: time.now())
        while !Task.isCancelled {
            let isMeasured = await measureClock()
            let failure = isMeasured ? nil : state.withLock { $0.lastClockFailure }
            do {
                try await wait(isMeasured ? pace.clock : min(pace.clock, 5_000), schedule, failure: failure)
            } catch { return }
        }
    }

    @discardableResult
    func measureClock() async -> Bool {
        // The best of three: the first pays for the connection.
        var isMeasured = false
        for _ in 0..<(manners.clock.isKnown ? 1 : 3) {
            do {
                try await client.measureClock()
                isMeasured = true
            } catch {
                state.withLock { $0.lastClockFailure = "\(error)" }
                return isMeasured
            }
        }
        return isMeasured
    }
}

/// How a venue is reached, and what it may use.
public struct Wires: Sendable {
    public var time: any TimeSource
    public var webSockets: WebSocketClient
    public var send: ExchangeClient.Send
    public var memory: any ConnectorMemory
    public var logger: Logger
    public var pace: ConnectorPace
    /// For waits with chance in them.
    public var seed: UInt64
    /// What marks our orders.
    public var orderMark: OrderMark?
    /// Whoever talks to an exchange beside the connectors is to have the same.
    public var manners: MannersBook
    /// Where everything that works at times is listed.
    public var registry: ScheduleRegistry

    public init(
        time: any TimeSource, webSockets: WebSocketClient, memory: any ConnectorMemory = NoMemory(), logger: Logger,
        pace: ConnectorPace = ConnectorPace(), seed: UInt64, orderMark: OrderMark? = nil,
        manners: MannersBook = MannersBook(), registry: ScheduleRegistry = ScheduleRegistry(),
        send: @escaping ExchangeClient.Send
    ) {
        self.time = time
        self.webSockets = webSockets
        self.memory = memory
        self.logger = logger
        self.pace = pace
        self.seed = seed
        self.orderMark = orderMark
        self.manners = manners
        self.registry = registry
        self.send = send
    }

    func reconnects(seed: UInt64) -> Backoff {
        Backoff(shortest: pace.shortestReconnect, longest: pace.longestReconnect, seed: self.seed &+ seed)
    }

    func breaker(seed: UInt64) -> CircuitBreaker {
        CircuitBreaker(pause: Backoff(shortest: 1_000, longest: 60_000, seed: self.seed &+ seed))
    }
}

extension ExchangeMarket {
    fileprivate var followsPrice: Bool { if case .significantDigits? = rounding.price { true } else { false } }
}

extension ConnectorError {
    init(_ failure: ExchangeFailure) {
        if failure.kind.is(.badResponse) {
            self = .unreadable("\(failure)")
        } else if failure.isOutcomeUnknown {
            self = .unreachable("\(failure)")
        } else {
            self = .refused("\(failure)")
        }
    }
}
