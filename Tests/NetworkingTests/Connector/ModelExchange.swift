import Synchronization
import TradingCore

/// One market and one account of an exchange that does what a test wants, well or badly. Speaks no language: a ``Speaker``
/// does.
final class ModelExchange: Sendable {
    struct Order: Sendable {
        var id: Int
        var clientID: String
        var side: Side
        var price: FixedDecimal
        var amount: FixedDecimal
        var filled = FixedDecimal.zero
        var state = State.open
        var createdAt: Int64
        var isOurs = true

        enum State: Sendable { case open, filled, cancelled }

        var remaining: FixedDecimal { FixedDecimal(raw: amount.raw - filled.raw) }
    }

    struct Trade: Sendable {
        var id: Int
        var order: Order
        var price: FixedDecimal
        var amount: FixedDecimal
        var fee: FixedDecimal
        var feeAsset: String
        var time: Int64
    }

    enum Event: Sendable {
        /// The order as it is after a step, with the trade that it was.
        case order(Order, Trade?)
        case book(first: Int, last: Int, bids: [Level], asks: [Level])
    }

    struct Level: Sendable {
        var price: FixedDecimal
        var amount: FixedDecimal
    }

    enum Refusal: Error { case wouldTake, noFunds, unknownOrder, duplicate }

    /// How the next placements go.
    enum Mishap: Sendable {
        /// Carried out, and the answer lost.
        case loseAnswer
        /// Lost on its way; nothing happens.
        case loseRequest
        /// Carried out so many milliseconds of exchange time after the answer was lost.
        case actLate(Int64)
        case slowDown
        case fail
    }

    struct Contents: Sendable {
        var orders: [Order] = []
        var trades: [Trade] = []
        var bids: [Level] = []
        var asks: [Level] = []
        var sequence = 100
        var placements: [Mishap] = []
        var cancels: [Mishap] = []
        var requests = 0
        var listened: [Int: Set<String>] = [:]
        var isSilent = false
        var repeatsEvents = false
        var feeAsset: String?
        var faults: [String] = []
        /// The last nonce, and how many requests are under way.
        var nonce: Int64 = 0
        var placedIDs: [String] = []
        var log: [String] = []
        var tokens = 0
        var armed: [Int64] = []
    }

    let time: ScaledTime
    private let contents = Mutex(Contents())
    let publish: Mutex<(@Sendable ([Event]) -> Void)?> = Mutex(nil)

    init(_ time: ScaledTime) {
        self.time = time
        change { contents in
            contents.bids = [Level(price: "99.99", amount: "2"), Level(price: "99.98", amount: "3")]
            contents.asks = [Level(price: "100.01", amount: "2"), Level(price: "100.02", amount: "4")]
        }
    }

    /// Milliseconds that its clock is ahead of ours.
    let clockSkew = Mutex<Int64>(0)

    var now: Int64 { time.milliseconds + clockSkew.withLock { $0 } }

    func read<Value>(_ body: (Contents) -> Value) -> Value { contents.withLock { body($0) } }

    @discardableResult
    func change<Value>(_ body: (inout Contents) -> Value) -> Value { contents.withLock { body(&$0) } }

    func complain(_ fault: String) { change { $0.faults.append(fault) } }

    // MARK: - The account

    func place(
        _ clientID: String, _ side: Side, _ price: FixedDecimal, _ amount: FixedDecimal, isPostOnly: Bool
    )
        throws -> Order
    {
        let now = now
        let (order, event) = try contents.withLock { contents in
            if contents.orders.contains(where: { $0.clientID == clientID && $0.state == .open }) {
                throw Refusal.duplicate
            }
            if amount > "1000" { throw Refusal.noFunds }
            let crosses = side == .buy ? price >= contents.asks[0].price : price <= contents.bids[0].price
            if isPostOnly, crosses { throw Refusal.wouldTake }
            contents.placedIDs.append(clientID)
            let order = Order(
                id: 5_000 + contents.orders.count, clientID: clientID, side: side, price: price, amount: amount,
                createdAt: now)
            contents.orders.append(order)
            return (order, Event.order(order, nil))
        }
        tell([event])
        return order
    }

    func cancel(_ isWanted: (Order) -> Bool) throws -> Order {
        let order = try contents.withLock { contents in
            guard let index = contents.orders.lastIndex(where: { isWanted($0) && $0.state == .open }) else {
                throw Refusal.unknownOrder
            }
            contents.orders[index].state = .cancelled
            return contents.orders[index]
        }
        tell([.order(order, nil)])
        return order
    }

    /// Somebody trades with our newest open order.
    func fill(_ amount: FixedDecimal, isTold: Bool = true) {
        let now = now
        let event = contents.withLock { contents -> Event? in
            guard let index = contents.orders.lastIndex(where: { $0.state == .open }) else { return nil }
            contents.orders[index].filled = FixedDecimal(raw: contents.orders[index].filled.raw + amount.raw)
            if contents.orders[index].remaining.isZero { contents.orders[index].state = .filled }
            let order = contents.orders[index]
            let trade = Trade(
                id: 9_000 + contents.trades.count, order: order, price: order.price, amount: amount, fee: "0.001",
                feeAsset: contents.feeAsset ?? "USDT", time: now)
            contents.trades.append(trade)
            return .order(order, trade)
        }
        if let event, isTold { tell([event]) }
    }

    // MARK: - The market

    func changeBook(_ side: Side, _ price: FixedDecimal, _ amount: FixedDecimal, skipping gap: Int = 0) {
        let event = contents.withLock { contents in
            let level = Level(price: price, amount: amount)
            if side == .buy {
                contents.bids.removeAll { $0.price == price }
                if !amount.isZero { contents.bids.append(level) }
                contents.bids.sort { $0.price > $1.price }
            } else {
                contents.asks.removeAll { $0.price == price }
                if !amount.isZero { contents.asks.append(level) }
                contents.asks.sort { $0.price < $1.price }
            }
            contents.sequence += 1 + gap
            return Event.book(
                first: contents.sequence, last: contents.sequence, bids: side == .buy ? [level] : [],
                asks: side == .sell ? [level] : [])
        }
        tell([event])
    }

    private func tell(_ events: [Event]) {
        let (isSilent, repeats) = read { ($0.isSilent, $0.repeatsEvents) }
        if isSilent { return }
        publish.withLock { $0 }?(repeats ? events + events : events)
    }
}
