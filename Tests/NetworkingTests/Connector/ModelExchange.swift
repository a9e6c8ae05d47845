import Synchronization
import TradingCore

/// One market and one account of an exchange that does what a test wants, well or badly. Speaks no language: a ``Speaker``
/// does.
final class ModelExchange: Sendable {
    struct Order: Sendable {
        var id: Int
        var clientID: String
        /// Beside the id, where an exchange has such (Bitfinex).
        var group: String?
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

    enum Refusal: Error { case wouldTake, noFunds, unknownOrder, duplicate, rules }

    /// What an order has to keep; an exchange changes them as it likes.
    struct Rules: Hashable, Sendable {
        var tick: FixedDecimal = "0.01"
        var lot: FixedDecimal = "0.0001"
        var leastCost: FixedDecimal = "5"
    }

    /// How the next placements go.
    enum Mishap: Sendable {
        /// Carried out, and the answer lost.
        case loseAnswer
        /// Carried out, and answered so many milliseconds of exchange time later.
        case answerLate(Int64)
        /// Carried out, and answered with somebody else's order (Binance).
        case answerOfAnother
        /// Lost on its way; nothing happens.
        case loseRequest
        /// Carried out so many milliseconds of exchange time after the answer was lost.
        case actLate(Int64)
        case slowDown
        case fail
        /// Given up by its sender, it comes so many milliseconds of exchange time late, and is judged then.
        case comeLate(Int64)
        /// Refused for its nonce, where there are such.
        case staleNonce
        /// A cancel that is answered as if it were carried out, and is not; the stream may say the same.
        case cancelInWordsAlone(isStreamed: Bool)
        /// A placement whose order rests, and is answered as if it had traded whole; the stream may say the same.
        case fillInWordsAlone(isStreamed: Bool)
    }

    struct Pretence: Sendable {
        var isStreamed: Bool
    }

    /// What becomes of answers on their way.
    enum Spoil: Sendable {
        /// A page for people.
        case page
        /// Half of it.
        case half
        /// Something else altogether.
        case words(String)
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
        var rules = Rules()
        /// What the dead man's switch was set to, in seconds, one after another; 0 disarms.
        var armed: [Int64] = []
        /// For the next answers to questions, and for all whose path or query holds the text.
        var spoils: [Spoil] = []
        var broken: String?
        /// Calls that are signed are refused for their key.
        var refusesKey = false
        /// The market's streams live and tell nothing.
        var isMarketMute = false
        /// What the market's streams tell comes so many milliseconds of exchange time after it was said.
        var marketLateness: Int64 = 0
        /// The account's stream lives and tells of no order.
        var isAccountMute = false
        /// What the account's streams tell comes so many milliseconds of exchange time late, and says when it happened.
        var accountLag: Int64 = 0
        /// Subscriptions are not even confirmed, as on a stream that is dead from its first moment (Binance).
        var isDeadFromTheStart = false
        /// So many orders go, each after a first page of open orders was told.
        var goneBetweenPages = 0
        /// Requests that were refused for their nonce.
        var staleNonces = 0
        /// Whether accounts may have their orders cancelled when a connection is gone (Bybit).
        var offersProtection = true
        /// Connections whose end cancels everything.
        var guarded: Set<Int> = []
        /// What is told of the next orders, and not so.
        var pretence: Pretence?
        /// Client ids whose place in a batch is answered as if it had gone wrong within the exchange.
        var doubted: Set<String> = []
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
        _ clientID: String, _ side: Side, _ price: FixedDecimal, _ amount: FixedDecimal, isPostOnly: Bool,
        group: String? = nil
    )
        throws -> Order
    {
        let now = now
        let (order, event) = try contents.withLock { contents in
            if contents.orders.contains(where: { $0.clientID == clientID && $0.state == .open }) {
                throw Refusal.duplicate
            }
            if amount > "1000" { throw Refusal.noFunds }
            let rules = contents.rules
            guard price.isMultiple(of: rules.tick), amount.isMultiple(of: rules.lot),
                let cost = try? price.multiplied(by: amount, rounding: .down), cost >= rules.leastCost
            else { throw Refusal.rules }
            let crosses = side == .buy ? price >= contents.asks[0].price : price <= contents.bids[0].price
            if isPostOnly, crosses { throw Refusal.wouldTake }
            contents.placedIDs.append(clientID)
            let order = Order(
                id: 5_000 + contents.orders.count, clientID: clientID, group: group, side: side, price: price,
                amount: amount, createdAt: now)
            contents.orders.append(order)
            guard let pretence = contents.pretence else { return (order, Event.order(order, nil)) }
            var said = order
            (said.state, said.filled) = (.filled, amount)
            return (said, Event.order(pretence.isStreamed ? said : order, nil))
        }
        tell([event])
        return order
    }

    func cancel(_ isWanted: (Order) -> Bool) throws -> Order {
        let order = try contents.withLock { contents in
            guard let index = contents.orders.lastIndex(where: { isWanted($0) && $0.state == .open }) else {
                throw Refusal.unknownOrder
            }
            var said = contents.orders[index]
            said.state = .cancelled
            if contents.pretence == nil { contents.orders[index] = said }
            return said
        }
        if read({ $0.pretence?.isStreamed ?? true }) { tell([.order(order, nil)]) }
        return order
    }

    /// Everybody's orders, as when a dead man's switch fires.
    func cancelAll() {
        let events = contents.withLock { contents in
            var events: [Event] = []
            for index in contents.orders.indices where contents.orders[index].state == .open {
                contents.orders[index].state = .cancelled
                events.append(.order(contents.orders[index], nil))
            }
            return events
        }
        tell(events)
    }

    /// The dead man's switch: fires after so many seconds of exchange time unless it was set again; 0 disarms.
    func arm(_ seconds: Int64) {
        let number = change { contents in
            contents.armed.append(seconds)
            return contents.armed.count
        }
        guard seconds > 0 else { return }
        let dueAt = time.now().advanced(byNanoseconds: seconds * 1_000_000_000)
        Task {
            try? await time.sleep(until: dueAt)
            if read({ $0.armed.count }) == number { cancelAll() }
        }
    }

    // MARK: - Looking up

    func order(where isMeant: (Order) -> Bool) -> Order? { read { $0.orders.last(where: isMeant) } }

    /// The oldest first.
    var openOrders: [Order] { read { $0.orders.filter { $0.state == .open } } }

    /// Between two times of exchange time, both included, the oldest first.
    func trades(_ since: Int64?, _ until: Int64?, of isMeant: (Order) -> Bool = { _ in true }) -> [Trade] {
        let (since, until) = (since ?? .min, until ?? .max)
        return read { $0.trades.filter { $0.time >= since && $0.time <= until && isMeant($0.order) } }
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
        let (isSilent, isMute, isAccountMute, repeats) = read {
            ($0.isSilent, $0.isMarketMute, $0.isAccountMute, $0.repeatsEvents)
        }
        if isSilent { return }
        let events = events.filter { event in
            if case .book = event { return !isMute }
            return !isAccountMute
        }
        publish.withLock { $0 }?(repeats ? events + events : events)
    }
}
