import Exchanges
import Execution
import Scheduling
import Synchronization
import TradingCore

/// An exchange that costs nothing: markets moved by hand, every request answered at once, its bytes made and timed.
final class InstantExchange: ExchangeConnector, ExchangeAccount {
    struct Times: Sendable {
        /// From a book's change to an order's finished request bytes, and to a cancel's.
        var placed: [Int64] = []
        var cancelled: [Int64] = []
    }

    /// In a struct, so that the lock does not wrap it anew each time it hands it out.
    private struct MarketSink: Sendable {
        let tell: @Sendable ([MarketRecord]) -> Void
    }

    private struct State: Sendable {
        var market: [Symbol: MarketSink] = [:]
        var account: [Symbol: @Sendable (AccountUpdate) -> Void] = [:]
        /// When the last book was told, of whichever instrument.
        var changedAt = Timestamp.distantPast
        var open: [Symbol: [ClientOrderID: OrderRequest]] = [:]
        var times = Times()
        var byteCount = 0
        var requestCount = 0
        var tradeCount: UInt64 = 0
    }

    let id = ExchangeID(rawValue: "paper")
    let displayName = "Instant"
    let acceptanceWindow: Int64 = 0
    let label = "default"
    private let list: [Instrument]
    private let time: any TimeSource
    private let state = Mutex(State())

    init(_ instruments: [Instrument], time: any TimeSource) {
        list = instruments
        self.time = time
    }

    func instruments() async throws(ConnectorError) -> [Instrument] { list }

    func account(_ label: String) async throws(ConnectorError) -> any ExchangeAccount { self }

    func subscribe(
        _ symbol: Symbol, _ sink: @escaping @Sendable ([MarketRecord]) -> Void
    ) async throws(ConnectorError) -> Subscription {
        state.withLock { $0.market[symbol] = MarketSink(tell: sink) }
        return Subscription {}
    }

    func subscribe(
        _ symbol: Symbol, _ sink: @escaping @Sendable (AccountUpdate) -> Void
    ) async throws(ConnectorError) -> Subscription {
        state.withLock { $0.account[symbol] = sink }
        return Subscription {}
    }

    /// Trades everything that rests at a mid or beyond, whole, as a market that has moved there would.
    func fillThrough(_ symbol: Symbol, mid: Int64) {
        let now = time.now()
        let filled = state.withLock { state in
            let crossed = (state.open[symbol] ?? [:]).values.filter { order in
                order.side == .buy ? order.price.ticks >= mid : order.price.ticks <= mid
            }.sorted { $0.id.rawValue < $1.id.rawValue }
            return crossed.map { order in
                state.open[symbol]?[order.id] = nil
                state.tradeCount += 1
                return Fill(
                    tradeID: state.tradeCount, orderID: order.id, side: order.side, price: order.price,
                    quantity: order.quantity, liquidity: .maker, fee: .zero, feeAsset: .quote, time: now)
            }
        }
        for fill in filled { answer(.filled(fill), symbol) }
    }

    /// A whole new book of 20 levels a side around a mid.
    func market(_ symbol: Symbol, mid: Int64) {
        let now = time.now()
        var records = [
            MarketRecord(
                time: now, kind: .reset, side: .buy, price: Price(ticks: 0), quantity: .zero, isLast: false)
        ]
        for level in 1...20 {
            for side in [Side.buy, .sell] {
                records.append(
                    MarketRecord(
                        time: now, kind: .snapshot, side: side, price: Price(ticks: mid - side.sign * Int64(level)),
                        quantity: Quantity(lots: 100_000_000), isLast: false))
            }
        }
        records[records.count - 1].isLast = true
        // From here on it is the server's time: making the message was the exchange's.
        let sink = state.withLock { state in
            state.changedAt = time.now()
            return state.market[symbol]
        }
        sink?.tell(records)
    }

    func send(_ request: AccountRequest, _ symbol: Symbol) {
        switch request {
        case .place(let approved):
            let order = approved.value
            let bytes = bytes(of: order, symbol)
            let took = finished(bytes)
            state.withLock { state in
                state.requestCount += 1
                state.times.placed.append(took)
                state.open[symbol, default: [:]][order.id] = order
            }
            answer(.accepted(order.id), symbol)
        case .cancel(let id): cancel([id], symbol)
        case .query(let id):
            state.withLock { $0.requestCount += 1 }
            answer(.notFound(id), symbol)
        }
    }

    func cancel(_ ids: [ClientOrderID], _ symbol: Symbol) {
        for id in ids {
            let took = finished(bytes(ofCancel: id))
            state.withLock { state in
                state.requestCount += 1
                state.times.cancelled.append(took)
            }
        }
        // An exchange's word on one does not come while the next is being handed over.
        for id in ids {
            state.withLock { $0.open[symbol]?[id] = nil }
            answer(.cancelled(id), symbol)
        }
    }

    private func bytes(ofCancel id: ClientOrderID) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(96)
        bytes.append(contentsOf: "{\"method\":\"order.cancel\",\"params\":{\"origClientOrderId\":\"".utf8)
        bytes.append(contentsOf: id.description.utf8)
        bytes.append(contentsOf: "\"}}".utf8)
        return bytes
    }

    private func bytes(of order: OrderRequest, _ symbol: Symbol) -> [UInt8] {
        Array(
            """
            {"method":"order.place","params":{"symbol":"\(symbol.base)\(symbol.quote)","side":"\(order.side)",\
            "type":"LIMIT_MAKER","price":"\(order.price.ticks)","quantity":"\(order.quantity.lots)",\
            "newClientOrderId":"\(order.id)"}}
            """.utf8)
    }

    private func finished(_ bytes: [UInt8]) -> Int64 {
        let now = time.now()
        return state.withLock { state in
            state.byteCount += bytes.count
            return now.nanoseconds(since: state.changedAt)
        }
    }

    private func answer(_ event: AccountEvent, _ symbol: Symbol) {
        state.withLock { $0.account[symbol] }?(.event(event))
    }

    func takeTimes() -> Times {
        state.withLock { state in
            defer { state.times = Times() }
            return state.times
        }
    }

    /// Orders since ``takeTimes()``.
    var placedCount: Int { state.withLock { $0.times.placed.count } }

    /// Of every kind, ever.
    var requestCount: Int { state.withLock { $0.requestCount } }

    var tradeCount: UInt64 { state.withLock { $0.tradeCount } }

    var openCount: Int { state.withLock { $0.open.values.reduce(0) { $0 + $1.count } } }

    func openOrders(_ symbol: Symbol) async throws(ConnectorError) -> [ListedOrder] {
        state.withLock { $0.open[symbol] ?? [:] }.values.map {
            ListedOrder(id: $0.id, side: $0.side, price: $0.price, remaining: $0.quantity)
        }
    }

    func order(_ id: ClientOrderID, _ symbol: Symbol) async throws(ConnectorError) -> OrderReport? { nil }

    func fills(_ symbol: Symbol, from tradeID: UInt64, limit: Int) async throws(ConnectorError) -> [Fill] { [] }

    func balances() async throws(ConnectorError) -> [AssetBalance] {
        Set(list.flatMap { [$0.base, $0.quote] }).map {
            AssetBalance(asset: $0, free: "1000000000", locked: "0")
        }
    }
}
