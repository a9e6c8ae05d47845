import Execution
import TestSupport
import TradingCore

/// The two-sided strategy that engines are compared on, against the matching engine through a wire of one millisecond
/// each way, with the clock of hftbacktest's `elapse`: a decision every 10 ms, everything due by then done before it.
final class MM2Run {
    private static let step = 10 * Nanoseconds.perMillisecond
    private static let latency = Nanoseconds.perMillisecond
    private static let halfSpread: Int64 = 5
    private static let limit: Int64 = 10
    private static let lots: Int64 = 1_000

    private enum Message {
        case place(Int64, Side, Int64)
        case cancel(Int64)
        case acknowledged(Int64)
        case filled(Int64, Side)
        case ended(Int64)
        case cancelRefused(Int64)
    }

    private struct Wire {
        private var messages: [(time: Int64, message: Message)] = []
        private var first = 0
        var nextTime: Int64 { first < messages.count ? messages[first].time : .max }

        mutating func send(_ message: Message, at time: Int64) {
            messages.append((time, message))
        }

        mutating func receive() -> (time: Int64, message: Message) {
            defer { first += 1 }
            return messages[first]
        }
    }

    /// One side of the strategy, as it knows it.
    private struct Quote {
        let side: Side
        var order: Int64 = 0
        var price: Int64 = 0
        /// Acknowledged and no request under way.
        var isCancellable = false
    }

    private(set) var fillCount = 0
    private(set) var fillHash = FNV()
    /// Fills that the strategy has been told of.
    private(set) var bookedFills = 0

    private var engine: MatchingEngine
    private var balances: PaperBalances
    private let account: AccountID
    private var events: PeerEvents
    private var pending: MarketRecord?
    private var requests = Wire()
    private var answers = Wire()
    private var bid = Quote(side: .buy)
    private var ask = Quote(side: .sell)
    private var units: Int64 = 0
    private var lastOrder: Int64 = 0

    init(_ events: PeerEvents) throws {
        let instrument = try PeerEvents.instrument()
        var balances = PaperBalances(assets: [instrument.base, instrument.quote])
        let account = balances.openAccount()
        for asset in [instrument.base, instrument.quote] {
            guard let index = balances.index(of: asset) else { continue }
            try balances.deposit("1000000000", index, to: account)
        }
        engine = try MatchingEngine(
            instrument: instrument, balances: balances, configuration: MatchingConfiguration(fillModel: .whole))
        self.balances = balances
        self.account = account
        self.events = events
        pending = self.events.next()
        engine.apply(PeerEvents.reset, balances: &balances)
    }

    func play() {
        var now = PeerEvents.start.nanoseconds
        while advance(to: now + MM2Run.step) {
            now += MM2Run.step
            decide(at: now)
        }
    }

    /// - Returns: false when nothing is left to happen.
    private func advance(to target: Int64) -> Bool {
        while true {
            let record = pending?.time.nanoseconds ?? .max
            let next = min(record, requests.nextTime, answers.nextTime)
            if next == .max { return false }
            if next > target { return true }
            if answers.nextTime == next {
                hear(answers.receive().message)
            } else if record == next {
                if let pending { engine.apply(pending, balances: &balances) }
                pending = events.next()
                answerFills()
            } else {
                let request = requests.receive()
                execute(request.message, at: request.time)
            }
        }
    }

    // MARK: - At the exchange

    private func execute(_ message: Message, at time: Int64) {
        switch message {
        case .place(let order, let side, let price):
            guard let id = ClientOrderID(rawValue: UInt64(order)) else { return }
            engine.submit(
                OrderRequest(
                    id: id, side: side, price: Price(ticks: price), quantity: Quantity(lots: MM2Run.lots),
                    selfTradePrevention: .none), from: account, at: Timestamp(nanoseconds: time), balances: &balances)
            let isFilled = engine.reports.count > 1
            answerFills()
            if !isFilled { answers.send(.acknowledged(order), at: time + MM2Run.latency) }
        case .cancel(let order):
            guard let id = ClientOrderID(rawValue: UInt64(order)) else { return }
            let isCancelled = engine.cancel(id, from: account, balances: &balances)
            engine.reports.removeAll(keepingCapacity: true)
            answers.send(isCancelled ? .ended(order) : .cancelRefused(order), at: time + MM2Run.latency)
        default: break
        }
    }

    private func answerFills() {
        for report in engine.reports {
            guard case .filled(let fill) = report.event else { continue }
            fillCount += 1
            fillHash.add(fill.orderID.rawValue)
            fillHash.add(UInt64(fill.side.rawValue))
            fillHash.add(UInt64(fill.time.nanoseconds))
            fillHash.add(UInt64(fill.price.ticks))
            let order = Int64(fill.orderID.rawValue)
            answers.send(.filled(order, fill.side), at: fill.time.nanoseconds + MM2Run.latency)
        }
        engine.reports.removeAll(keepingCapacity: true)
    }

    // MARK: - At the strategy

    private func hear(_ message: Message) {
        switch message {
        case .filled(let order, let side):
            units += side.sign
            bookedFills += 1
            forget(order)
        case .ended(let order): forget(order)
        case .acknowledged(let order), .cancelRefused(let order):
            if bid.order == order { bid.isCancellable = true }
            if ask.order == order { ask.isCancellable = true }
        case .place, .cancel: break
        }
    }

    private func forget(_ order: Int64) {
        if bid.order == order { bid.order = 0 }
        if ask.order == order { ask.order = 0 }
    }

    private func decide(at now: Int64) {
        guard let best = engine.book.bestBid, let worst = engine.book.bestAsk else { return }
        var (bid, ask) = (bid, ask)
        defer { (self.bid, self.ask) = (bid, ask) }
        let reservation = (best.ticks + worst.ticks) / 2 - units
        let wantedBid = min(reservation - MM2Run.halfSpread, best.ticks)
        let wantedAsk = max(reservation + MM2Run.halfSpread, worst.ticks)
        cancel(&bid, unless: wantedBid, isFull: units >= MM2Run.limit, at: now)
        cancel(&ask, unless: wantedAsk, isFull: units <= -MM2Run.limit, at: now)
        place(&bid, at: wantedBid, isFull: units >= MM2Run.limit, now: now)
        place(&ask, at: wantedAsk, isFull: units <= -MM2Run.limit, now: now)
    }

    private func cancel(_ quote: inout Quote, unless price: Int64, isFull: Bool, at now: Int64) {
        guard quote.order != 0, quote.isCancellable, price != quote.price || isFull else { return }
        requests.send(.cancel(quote.order), at: now + MM2Run.latency)
        quote.order = 0
    }

    private func place(_ quote: inout Quote, at price: Int64, isFull: Bool, now: Int64) {
        guard quote.order == 0, !isFull else { return }
        lastOrder += 1
        quote.order = lastOrder
        quote.price = price
        quote.isCancellable = false
        requests.send(.place(lastOrder, quote.side, price), at: now + MM2Run.latency)
    }
}
