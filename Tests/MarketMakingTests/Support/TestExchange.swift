import Exchanges
import Execution
import Scheduling
import Synchronization
import TradingCore

/// An exchange of one instrument whose market a test moves by hand, and that can be told to misbehave. It checks what it
/// is sent: a client order id used twice is refused and counted, and every request is kept.
final class TestExchange: ExchangeConnector {
    /// What becomes of the next placements.
    enum Fault: Sendable {
        /// Carried out, and the answer is lost.
        case answerLost
        /// Never carried out, and no answer comes.
        case requestLost
        case refused(RejectReason)
    }

    struct Order: Sendable {
        var request: OrderRequest
        var filled: Int64 = 0
        var status = OrderStatus.open
    }

    struct State: Sendable {
        /// An exchange changes its rules as it likes.
        var instrument: Instrument
        /// Its account was removed.
        var isRemoved = false
        /// Where its account is now, if not where it was at first.
        var otherNetwork: String?
        var answersQueries = true
        /// As one that rests on.
        var refusesCancels = false
        /// Orders that it will not cancel.
        var keepsOpen: Set<ClientOrderID> = []
        /// Whether it tells of all instruments at once.
        var listsWholeAccount = false
        var orders: [ClientOrderID: Order] = [:]
        var fills: [Fill] = []
        var placed: [OrderRequest] = []
        var cancelled: [ClientOrderID] = []
        var duplicates: [ClientOrderID] = []
        var faults: [Fault] = []
        var isReachable = true
        /// What it says of itself.
        var ownFault: String?
        var tellsCancels = true
        var nextTrade: UInt64 = 100
        var nextSink = 0
        var marketSinks: [Int: @Sendable ([MarketRecord]) -> Void] = [:]
        var accountSinks: [Int: @Sendable (AccountUpdate) -> Void] = [:]
        var snapshot: [MarketRecord] = []
        /// Called with every placement as it arrives.
        var onPlace: (@Sendable (OrderRequest) -> Void)?
        /// Called whenever somebody asks for an order, before he is answered.
        var onLookUp: (@Sendable (ClientOrderID) async -> Void)?
        /// Called whenever somebody asks for the open orders, before he is answered.
        var onOpenOrders: (@Sendable () async -> Void)?
        /// What came by no trade, or went.
        var deposited: (base: FixedDecimal, quote: FixedDecimal) = (.zero, .zero)
        /// Called once, just before the next balances are told.
        var onBalances: (@Sendable () async -> Void)?
    }

    let id = ExchangeID(rawValue: "paper")
    let displayName = "Test"
    let acceptanceWindow: Int64
    let label = "default"
    let time: any TimeSource
    /// Rung when its account comes or goes.
    let bell = ChangeBell()
    let state: Mutex<State>
    var instrument: Instrument { state.withLock { $0.instrument } }

    init(_ instrument: Instrument, time: any TimeSource, acceptanceWindow: Int64 = 0) {
        state = Mutex(State(instrument: instrument))
        self.time = time
        self.acceptanceWindow = acceptanceWindow
    }

    func fault() async -> String? { state.withLock { $0.ownFault } }

    func instruments() async throws(ConnectorError) -> [Instrument] { [instrument] }

    func account(_ label: String) async throws(ConnectorError) -> any ExchangeAccount {
        guard label == self.label, !state.withLock({ $0.isRemoved }) else { throw .unknownAccount(label) }
        return self
    }

    func subscribe(
        _ symbol: Symbol, _ sink: @escaping @Sendable ([MarketRecord]) -> Void
    ) async throws(ConnectorError) -> Subscription {
        let (number, snapshot) = state.withLock { state in
            state.nextSink += 1
            state.marketSinks[state.nextSink] = sink
            return (state.nextSink, state.snapshot)
        }
        if !snapshot.isEmpty { sink(snapshot) }
        return Subscription { self.state.withLock { $0.marketSinks[number] = nil } }
    }

    // MARK: - What a test does

    /// Takes its account away, or gives it back, and says so as the holder of accounts does.
    func setRemoved(_ isRemoved: Bool) {
        state.withLock { $0.isRemoved = isRemoved }
        bell.ring()
    }

    /// A book of one level each side, 10 of base at both.
    func market(bid: Int64, ask: Int64) {
        let now = time.now()
        func record(_ kind: MarketRecord.Kind, _ side: Side, _ ticks: Int64, _ lots: Int64) -> MarketRecord {
            MarketRecord(
                time: now, kind: kind, side: side, price: Price(ticks: ticks), quantity: Quantity(lots: lots),
                isLast: false)
        }
        var records = [
            record(.reset, .buy, 0, 0), record(.snapshot, .buy, bid, 1_000_000_000),
            record(.snapshot, .sell, ask, 1_000_000_000),
        ]
        records[2].isLast = true
        let message = records
        let sinks = state.withLock { state in
            state.snapshot = message
            return state.marketSinks.sorted { $0.key < $1.key }.map(\.value)
        }
        for sink in sinks { sink(message) }
    }

    /// Trades lots of an open order, and tells it unless nobody shall know.
    func fill(_ id: ClientOrderID, lots: Int64? = nil, isTold: Bool = true) {
        let (fill, sinks) = state.withLock { state -> (Fill?, [@Sendable (AccountUpdate) -> Void]) in
            guard var order = state.orders[id], order.status == .open else { return (nil, []) }
            let size = min(lots ?? .max, order.request.quantity.lots - order.filled)
            order.filled += size
            if order.filled == order.request.quantity.lots { order.status = .filled }
            state.orders[id] = order
            let fill = Fill(
                tradeID: state.nextTrade, orderID: id, side: order.request.side, price: order.request.price,
                quantity: Quantity(lots: size), liquidity: .maker, fee: .zero, feeAsset: .quote, time: time.now())
            state.nextTrade += 1
            state.fills.append(fill)
            return (fill, isTold ? Array(state.accountSinks.values) : [])
        }
        guard let fill else { return }
        for sink in sinks { sink(.event(.filled(fill))) }
    }

    /// Somebody changes an order by hand. Nobody tells it: an exchange's stream says of it no more than that the order is open.
    func amend(_ id: ClientOrderID, ticks: Int64? = nil, lots: Int64? = nil) {
        state.withLock { state in
            if let ticks { state.orders[id]?.request.price = Price(ticks: ticks) }
            if let lots { state.orders[id]?.request.quantity = Quantity(lots: lots) }
        }
    }

    func tell(_ update: AccountUpdate) {
        for sink in state.withLock({ Array($0.accountSinks.values) }) { sink(update) }
    }

    var open: [Order] {
        state.withLock { $0.orders.values.filter { $0.status == .open } }
            .sorted { $0.request.id.rawValue < $1.request.id.rawValue }
    }
}

// MARK: - The account

extension TestExchange: ExchangeAccount {
    func subscribe(
        _ symbol: Symbol, _ sink: @escaping @Sendable (AccountUpdate) -> Void
    ) async throws(ConnectorError) -> Subscription {
        try checkReachable()
        let number = state.withLock { state in
            state.nextSink += 1
            state.accountSinks[state.nextSink] = sink
            return state.nextSink
        }
        return Subscription { self.state.withLock { $0.accountSinks[number] = nil } }
    }

    func send(_ request: AccountRequest, _ symbol: Symbol) {
        switch request {
        case .place(let approved): place(approved.value)
        case .cancel(let id): cancel(id)
        case .query(let id): query(id)
        }
    }

    private func place(_ request: OrderRequest) {
        let onPlace = state.withLock { state in
            state.placed.append(request)
            return state.onPlace
        }
        onPlace?(request)
        let answer = state.withLock { state -> AccountEvent? in
            if state.orders[request.id] != nil {
                state.duplicates.append(request.id)
                return .rejected(request.id, .duplicateID)
            }
            switch state.faults.isEmpty ? nil : state.faults.removeFirst() {
            case .requestLost: return nil
            case .refused(let reason):
                state.orders[request.id] = Order(request: request, status: .rejected)
                return .rejected(request.id, reason)
            case .answerLost:
                state.orders[request.id] = Order(request: request)
                return nil
            case nil:
                state.orders[request.id] = Order(request: request)
                return .accepted(request.id)
            }
        }
        if let answer { tell(.event(answer)) }
    }

    private func cancel(_ id: ClientOrderID) {
        let answer = state.withLock { state -> AccountEvent? in
            if state.refusesCancels || state.keepsOpen.contains(id) { return .cancelRejected(id, .refused) }
            state.cancelled.append(id)
            guard state.orders[id]?.status == .open else { return .cancelRejected(id, .unknownOrder) }
            state.orders[id]?.status = .cancelled
            return state.tellsCancels ? .cancelled(id) : nil
        }
        if let answer { tell(.event(answer)) }
    }

    private func query(_ id: ClientOrderID) {
        let (order, fills, isAnswered) = state.withLock { state in
            (state.orders[id], state.fills.filter { $0.orderID == id }, state.answersQueries)
        }
        guard isAnswered else { return }
        for fill in fills { tell(.event(.filled(fill))) }
        switch order?.status {
        case .open: tell(.event(.accepted(id)))
        case .cancelled: tell(.event(.cancelled(id)))
        case .rejected: tell(.event(.rejected(id, .other)))
        case nil: tell(.event(.notFound(id)))
        default: break
        }
    }

    func openOrders(_ symbol: Symbol) async throws(ConnectorError) -> [ListedOrder] {
        await state.withLock { $0.onOpenOrders }?()
        try checkReachable()
        guard symbol == instrument.id.symbol else { throw .unknownSymbol(symbol) }
        return open.map {
            ListedOrder(
                id: $0.request.id, side: $0.request.side, price: $0.request.price,
                remaining: Quantity(lots: $0.request.quantity.lots - $0.filled))
        }
    }

    func symbolsWithOrders(of maker: InstallationID) async throws(ConnectorError) -> Set<Symbol>? {
        try checkReachable()
        guard state.withLock({ $0.listsWholeAccount }) else { return nil }
        return open.contains { $0.request.id.installation == maker } ? [instrument.id.symbol] : []
    }

    /// Puts an order on the book that nobody here has sent.
    func rest(_ id: ClientOrderID) {
        let request = OrderRequest(
            id: id, side: .buy, isPostOnly: true, price: Price(ticks: 5_990_000), quantity: Quantity(lots: 1_000_000))
        state.withLock { $0.orders[id] = Order(request: request) }
    }

    func order(_ id: ClientOrderID, _ symbol: Symbol) async throws(ConnectorError) -> OrderReport? {
        await state.withLock { $0.onLookUp }?(id)
        try checkReachable()
        return state.withLock { $0.orders[id] }.map {
            OrderReport(
                id: id, side: $0.request.side, price: $0.request.price, quantity: $0.request.quantity,
                filled: Quantity(lots: $0.filled), status: $0.status)
        }
    }

    func fills(_ symbol: Symbol, from tradeID: UInt64, limit: Int) async throws(ConnectorError) -> [Fill] {
        try checkReachable()
        return Array(state.withLock { $0.fills.filter { $0.tradeID >= tradeID } }.prefix(limit))
    }

    func balances() async throws(ConnectorError) -> [AssetBalance] {
        try checkReachable()
        let hook = state.withLock { state in
            defer { state.onBalances = nil }
            return state.onBalances
        }
        await hook?()
        let unit = instrument.unit
        let deposited = state.withLock { $0.deposited }
        var (base, quote) = (FixedDecimal(10).raw, FixedDecimal(1_000_000).raw)
        base += deposited.base.raw
        quote += deposited.quote.raw
        for fill in state.withLock({ $0.fills }) {
            let sign = Int128(fill.side.sign)
            base += sign * unit.decimal(fill.quantity).raw
            quote -= sign * unit.notional(fill.price, fill.quantity).raw
        }
        return [
            AssetBalance(asset: instrument.base, free: FixedDecimal(raw: base), locked: "0"),
            AssetBalance(asset: instrument.quote, free: FixedDecimal(raw: quote), locked: "0"),
        ]
    }

    private func checkReachable() throws(ConnectorError) {
        if !state.withLock({ $0.isReachable }) { throw .unreachable("the test exchange is down") }
    }
}
