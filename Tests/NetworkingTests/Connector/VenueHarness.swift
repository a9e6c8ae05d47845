import Exchanges
import Logging
import Scheduling
import Synchronization
import Testing
import TradingCore

@testable import Execution
@testable import Networking

/// The languages that the conformance suite is spoken in.
enum Tongue: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case binance, bitfinex, bybit, gate, kucoin, mexc, okx

    var testDescription: String { rawValue }

    func speaker(_ model: ModelExchange) -> any Speaker {
        switch self {
        case .binance: BinanceSpeaker(model)
        case .bitfinex: BitfinexSpeaker(model)
        case .bybit: BybitSpeaker(model)
        case .gate: GateSpeaker(model)
        case .kucoin: KuCoinSpeaker(model)
        case .mexc: MEXCSpeaker(model)
        case .okx: OKXSpeaker(model)
        }
    }
}

/// Memory as a file would keep it, over a connector's life.
final class KeptMemory: ConnectorMemory {
    private let values = Mutex<[String: String]>([:])

    func value(of key: String) -> String? { values.withLock { $0[key] } }
    func set(_ value: String, of key: String) { values.withLock { $0[key] = value } }
}

/// A model exchange on a port of this machine, and a connector that trades on it. Time runs twenty times as fast.
final class VenueHarness: Sendable {
    static let symbol = Symbol(base: AssetID("BTC"), quote: AssetID("USDT"))

    /// Of the database that trades.
    static let mark = OrderMark(installation: .first, tag: OrderTag(987_654_321))

    let time = ScaledTime(factor: 20)
    let model: ModelExchange
    let speaker: any Speaker
    let server: VenueServer
    private let wires: Wires
    let registry: ExchangeRegistry
    let schedules = ScheduleRegistry()
    let memory: KeptMemory
    let log = LogText()
    /// Changes what is sent to a connection.
    let spoiler: Mutex<(@Sendable (VenueFrame) -> [VenueFrame])?> = Mutex(nil)
    /// The last frame on its way to a connection that is told late.
    private let late: Mutex<[Int: Task<Void, Never>]> = Mutex([:])
    private let lateWords: Mutex<Task<Void, Never>?> = Mutex(nil)
    private let caller: HTTPCaller
    private let records = Mutex<[MarketRecord]>([])
    private let updates = Mutex<[AccountUpdate]>([])
    private let subscriptions = Mutex<[Subscription]>([])

    /// - Parameter body: with the connector's account, subscribed to market and account.
    static func with(
        _ tongue: Tongue, deadMansSwitch: Int? = nil, limits: ConnectorPace? = nil,
        prepare: (ModelExchange) -> Void = { _ in },
        _ body: (VenueHarness, any ExchangeAccount) async throws -> Void
    ) async throws {
        let harness = try VenueHarness(tongue, limits)
        prepare(harness.model)
        try await harness.server.start()
        do {
            let problems = harness.refresh(deadMansSwitch: deadMansSwitch)
            #expect(problems.isEmpty)
            let account = try await harness.account()
            try await harness.listen(account)
            try await body(harness, account)
            #expect(harness.model.read { $0.faults } == [])
        } catch {
            await harness.end()
            throw error
        }
        await harness.end()
    }

    init(
        _ tongue: Tongue, _ pace: ConnectorPace? = nil, memory: KeptMemory = KeptMemory(),
        mark: OrderMark = VenueHarness.mark
    ) throws {
        let model = ModelExchange(time)
        let speaker = tongue.speaker(model)
        if type(of: speaker).feeOfBuys == .base { model.change { $0.feeAsset = "BTC" } }
        self.model = model
        self.speaker = speaker
        self.memory = memory
        let factor = time.factor
        server = VenueServer { request in
            Self.answer(request, speaker, factor)
        } opened: { connection, address in
            speaker.opened(connection, address)
        } received: { connection, text in
            model.read { $0.isSilent } ? [] : speaker.received(connection, text)
        } closed: { connection in
            let isGuarded = model.change { contents in
                contents.listened[connection] = nil
                return contents.guarded.remove(connection) != nil
            }
            if isGuarded { speaker.guardedEnded() }
        }
        caller = try HTTPCaller()
        var chosen = pace ?? ConnectorPace()
        if pace == nil {
            chosen.shortestReconnect = 300
            chosen.longestReconnect = 2_000
            // A busy machine is late, too, and its lateness counts twentyfold.
            chosen.freshness = chosen.silence
        }
        let (caller, schedules) = (caller, schedules)
        wires = Wires(
            time: time, webSockets: try WebSocketClient(), memory: memory,
            logger: log.logger, pace: chosen, seed: 1,
            orderMark: mark, registry: schedules
        ) { request, milliseconds throws(HTTPFailure) in
            // The deadline is in the exchange's time; what a busy machine needs beside it is real.
            try await caller.send(request, within: max(3_000, milliseconds / factor))
        }
        registry = ExchangeRegistry(wires)
        model.publish.withLock {
            $0 = { [weak self] events in
                let lag = model.read { $0.accountLag }
                for event in events {
                    if lag > 0, case .order = event {
                        self?.tellLate(event, lag)
                        continue
                    }
                    for (connection, topics) in model.read({ $0.listened }) {
                        let delay = topics.contains("market") ? model.read { $0.marketLateness } : 0
                        for frame in speaker.packets(event, topics) { self?.push(frame, to: connection, after: delay) }
                    }
                }
            }
        }
    }

    func pushToMarket(_ text: String) {
        for (connection, topics) in model.read({ $0.listened }) where topics.contains("market") {
            server.push(text, to: connection)
        }
    }

    /// - Parameter delay: milliseconds of exchange time. What follows comes after it, however late that is.
    private func push(_ frame: VenueFrame, to connection: Int, after delay: Int64) {
        let previous = late.withLock { $0[connection] }
        guard delay > 0 || previous != nil else { return push(frame, to: connection) }
        let due = time.now().advanced(byNanoseconds: delay * 1_000_000)
        let task = Task { [self] in
            await previous?.value
            try? await time.sleep(until: due)
            push(frame, to: connection)
        }
        late.withLock { $0[connection] = task }
    }

    /// In the words of now, one after another, to whoever listens then.
    private func tellLate(_ event: ModelExchange.Event, _ lag: Int64) {
        let frames = Dictionary(
            model.read { $0.listened.values.map { ($0, speaker.packets(event, $0)) } }, uniquingKeysWith: { $1 })
        let dueAt = time.now().advanced(byNanoseconds: lag * 1_000_000)
        lateWords.withLock { last in
            last = Task { [last, weak self, time, model] in
                await last?.value
                try? await time.sleep(until: dueAt)
                for (connection, topics) in model.read({ $0.listened }) {
                    for frame in frames[topics] ?? [] { self?.push(frame, to: connection) }
                }
            }
        }
    }

    private func push(_ frame: VenueFrame, to connection: Int) {
        let frames = spoiler.withLock { $0 }.map { $0(frame) } ?? [frame]
        for frame in frames {
            server.push(frame, to: connection)
            // Nothing can follow half a frame.
            if case .raw = frame { return server.hangUp(connection) }
        }
    }

    private static func answer(_ request: VenueRequest, _ speaker: any Speaker, _ factor: Int64) -> VenueAnswer {
        let model = speaker.model
        model.change { contents in
            contents.requests += 1
            contents.log.append(request.verb + " " + request.path)
        }
        let mishap: ModelExchange.Mishap? =
            speaker.isPlacement(request)
            ? model.change { $0.placements.isEmpty ? nil : $0.placements.removeFirst() } : nil
        if case .comeLate(let milliseconds)? = mishap {
            Task {
                try? await Task.sleep(for: .milliseconds(milliseconds / factor))
                if speaker.fault(request) == nil { _ = speaker.place(request) }
            }
            return .dropped
        }
        if let broken = model.read({ $0.broken }), (request.path + "?" + request.query).contains(broken) {
            return spoiled(.page, nil)
        }
        if speaker.isSigned(request), let fault = speaker.fault(request) { return fault }
        if let answer = speaker.several(request) { return answer }
        if speaker.isPlacement(request) { return perform(mishap, speaker, factor) { speaker.place(request) } }
        if speaker.isCancel(request) {
            let mishap = model.change { $0.cancels.isEmpty ? nil : $0.cancels.removeFirst() }
            return perform(mishap, speaker, factor) { speaker.cancel(request) }
        }
        let answer = speaker.answer(request)
        let spoil: ModelExchange.Spoil? = model.change { $0.spoils.isEmpty ? nil : $0.spoils.removeFirst() }
        return spoil.map { spoiled($0, answer) } ?? answer
    }

    private static func spoiled(_ spoil: ModelExchange.Spoil, _ answer: VenueAnswer?) -> VenueAnswer {
        var spoiled = answer ?? VenueAnswer(body: "")
        switch spoil {
        case .page:
            spoiled.status = 500
            spoiled.body = "<html><body><h1>500 Internal Server Error</h1></body></html>"
        case .half: spoiled.body = String(spoiled.body.prefix(spoiled.body.count / 2))
        case .words(let words): spoiled.body = words
        }
        return spoiled
    }

    private static func perform(
        _ mishap: ModelExchange.Mishap?, _ speaker: any Speaker, _ factor: Int64,
        _ act: @escaping @Sendable () -> VenueAnswer
    ) -> VenueAnswer {
        switch mishap {
        case nil: return act()
        case .loseAnswer:
            _ = act()
            return .dropped
        case .answerLate(let milliseconds):
            var answer = act()
            answer.delay = milliseconds / factor
            return answer
        case .answerOfAnother:
            var answer = act()
            answer.body = answer.body.replacing(/"orderId":\d+/, with: "\"orderId\":777").replacing(
                /"clientOrderId":"[^"]*"/, with: "\"clientOrderId\":\"personal-order-1\"")
            return answer
        case .loseRequest: return .dropped
        case .actLate(let milliseconds):
            Task {
                try? await Task.sleep(for: .milliseconds(milliseconds / factor))
                _ = act()
            }
            return .dropped
        case .slowDown: return speaker.slowDown
        case .fail: return VenueAnswer(status: 502, body: "<html>bad gateway</html>")
        case .staleNonce: return speaker.staleNonce ?? act()
        case .comeLate: return .dropped
        case .cancelInWordsAlone(let isStreamed), .fillInWordsAlone(let isStreamed):
            return pretend(.init(isStreamed: isStreamed), speaker.model, act)
        }
    }

    private static func pretend(
        _ pretence: ModelExchange.Pretence, _ model: ModelExchange, _ act: () -> VenueAnswer
    ) -> VenueAnswer {
        model.change { $0.pretence = pretence }
        defer { model.change { $0.pretence = nil } }
        return act()
    }

    // MARK: - The connector

    func settings(
        _ label: String = "default", secret: String = "secret", deadMansSwitch: Int? = nil
    )
        -> ExchangeAccountSettings
    {
        ExchangeAccountSettings(
            exchange: type(of: speaker).exchange.id, label: label,
            credentials: ExchangeCredentials(apiKey: "key", secret: Secret(secret), passphrase: Secret("phrase")),
            environment: .custom(.init(rest: "http://127.0.0.1:\(server.port)")),
            deadMansSwitchSeconds: deadMansSwitch, receiveWindow: 10_000)
    }

    func refresh(deadMansSwitch: Int? = nil) -> [ExchangeAccountProblem] {
        registry.refresh([settings(deadMansSwitch: deadMansSwitch)])
    }

    var connector: any ExchangeConnector {
        get throws { try #require(registry.connector(type(of: speaker).exchange.id)) }
    }

    /// One that only listens, and knows nothing of what the other one does.
    func connectorWithoutAccount() throws -> DialectConnector {
        var wires = wires
        wires.manners = MannersBook()
        return DialectConnector(try NativeExchange.dialect(settings()), wires)
    }

    func account() async throws -> any ExchangeAccount { try await connector.account("default") }

    func listen(_ account: any ExchangeAccount) async throws {
        let market = try await connector.subscribe(Self.symbol) { [self] in
            let told = $0
            records.withLock { $0 += told }
        }
        let orders = try await account.subscribe(Self.symbol) { [self] update in
            if update != .alive { updates.withLock { $0.append(update) } }
        }
        subscriptions.withLock { $0 += [market, orders] }
    }

    func endSubscriptions() {
        let all = subscriptions.withLock { subscriptions in
            defer { subscriptions = [] }
            return subscriptions
        }
        for subscription in all { subscription.cancel() }
    }

    func end() async {
        endSubscriptions()
        registry.close()
        await server.stop()
        await caller.shutdown()
    }

    // MARK: - Looking

    var market: [MarketRecord] { records.withLock { $0 } }
    var told: [AccountUpdate] { updates.withLock { $0 } }
    var events: [AccountEvent] { told.compactMap { if case .event(let event) = $0 { event } else { nil } } }
    var fills: [Fill] { events.compactMap { if case .filled(let fill) = $0 { fill } else { nil } } }

    /// Whoever asks for an order is told its fills again.
    var tradeCount: Int { Set(fills.map(\.tradeID)).count }

    func forget() {
        updates.withLock { $0 = [] }
        records.withLock { $0 = [] }
    }

    /// Asks until something is so; fails after twenty real seconds.
    func wait(_ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ isSo: () throws -> Bool) async throws
    {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(20)
        while try !isSo() {
            guard clock.now < deadline else {
                Issue.record(
                    "waited in vain until \(what): \(told); \(model.read { $0.log.suffix(12) }), \(registry.states.map { $0.fault ?? "well" })",
                    sourceLocation: sourceLocation)
                throw WaitedInVain()
            }
            try await clock.sleep(for: .milliseconds(5))
        }
    }

    struct WaitedInVain: Error {}

    // MARK: - Orders

    var instrument: Instrument {
        get async throws { try #require(try await connector.instruments().first { $0.id.symbol == Self.symbol }) }
    }

    func request(
        _ number: UInt64, _ side: Side = .buy, _ price: FixedDecimal = "99.50", _ amount: FixedDecimal = "0.5",
        isPostOnly: Bool = true
    ) async throws -> OrderRequest {
        let unit = try await instrument.unit
        return OrderRequest(
            id: try #require(ClientOrderID(rawValue: number)), side: side, isPostOnly: isPostOnly,
            price: Price(ticks: try price.count(of: unit.price, rounding: .down)),
            quantity: Quantity(lots: try amount.count(of: unit.quantity, rounding: .down)))
    }

    /// Passes the risk gate, which alone lets an order be sent.
    func approved(_ request: OrderRequest) async throws -> AccountRequest {
        let gate = RiskGate(RiskLimits(), rules: try OrderRules(await instrument))
        var budget: OrderBudget?
        let context = RiskGate.Context(
            state: .active, blockage: nil, highestBuy: .max, lowestSell: 0, positionLots: 0, openBuyLots: 0,
            openSellLots: 0, openOrders: 0, accountOrders: 0, freeBase: .max, freeQuote: .max, ownBestBid: 0,
            ownBestAsk: .max, now: time.now())
        return .place(try gate.judge(request, context, budget: &budget).get())
    }

    @discardableResult
    func place(_ account: any ExchangeAccount, _ request: OrderRequest) async throws -> ClientOrderID {
        account.send(try await approved(request), Self.symbol)
        return request.id
    }

    func isOpen(_ id: ClientOrderID) -> Bool {
        let text = type(of: speaker).exchange.name(of: id)
        return model.read { $0.orders.contains { $0.clientID == text && $0.state == .open } }
    }

    func timesPlaced(_ id: ClientOrderID) -> Int {
        let text = type(of: speaker).exchange.name(of: id)
        return model.read { $0.placedIDs.filter { $0 == text }.count }
    }
}

extension NativeExchange {
    /// What stands beside an id of ours.
    var group: String? { self == .bitfinex ? VenueHarness.mark.tag?.description : nil }

    func name(of id: ClientOrderID, _ mark: OrderMark? = VenueHarness.mark) -> String {
        var dialect: any ExchangeDialect =
            switch self {
            case .binance: BinanceDialect()
            case .bitfinex: BitfinexDialect()
            case .bybit: BybitDialect()
            case .gate: GateDialect()
            case .kucoin: KuCoinDialect()
            case .mexc: MEXCDialect()
            case .okx: OKXDialect()
            }
        dialect.orderMark = mark
        return dialect.clientOrderID(id) ?? ""
    }
}
