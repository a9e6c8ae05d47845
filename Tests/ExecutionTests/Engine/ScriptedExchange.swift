import Scheduling
import TradingCore

@testable import Execution

/// An exchange that does everything an engine may have to live with, and counts exactly what really happened.
///
/// Requests and answers travel for random times, each on its own, so that a cancel may overtake its order and a fill its
/// acceptance. Requests get lost before they arrive, answers on the way back; answers come twice. What an exchange does
/// not do: it does not say "not found" of an order that may still arrive, and its own stream tells an order's fills
/// before its end, unless `tellsFillsLate`.
struct ScriptedExchange {
    struct Order {
        var request: OrderRequest
        var remaining: Int64
        /// Nil while it rests; else how it ended, nil inside for by its fills.
        var isOpen: Bool
        var ending: AccountEvent?
        var fills: [Fill] = []
    }

    enum Message {
        case place(OrderRequest)
        case cancel(ClientOrderID)
        case query(ClientOrderID)
        case list(SessionID)
        case event(AccountEvent)
        case listed(SessionID, [ListedOrder])
    }

    var random: SplitMix64
    /// In thousandths: how much goes wrong.
    var trouble: UInt64 = 100
    var tellsFillsLate = false
    var orders: [ClientOrderID: Order] = [:]
    /// By age, for reproducible choices.
    var ids: [ClientOrderID] = []
    var arriving: Set<ClientOrderID> = []
    /// What each session really has, raw.
    var base: [SessionID: Int128] = [:]
    var quote: [SessionID: Int128] = [:]
    var foreign: [ListedOrder] = []
    /// Orders that the account's funds did not cover.
    var uncovered = 0
    private(set) var messages: [(due: Int64, message: Message)] = []
    private var nextTrade: UInt64 = 1
    /// When the newest event of the account's stream arrives.
    private var streamDue: Int64 = 0
    let unit: BookUnit

    init(seed: UInt64, unit: BookUnit) {
        random = SplitMix64(seed: seed)
        self.unit = unit
    }

    var openIDs: [ClientOrderID] { ids.filter { orders[$0]?.isOpen == true } }
    var nextDue: Int64 { messages.map(\.due).min() ?? .max }

    mutating func happens(_ thousandths: UInt64) -> Bool { random.below(1_000) < thousandths }

    private mutating func delay() -> Int64 {
        Nanoseconds.milliseconds(Int64(happens(50) ? random.below(8_000) : random.below(200)))
    }

    /// Something leaves the engine.
    mutating func receive(_ message: Message, at now: Timestamp) {
        if case .place(let request) = message { arriving.insert(request.id) }
        if happens(trouble / 2) {
            // Lost on the way out: it will never arrive.
            switch message {
            case .place(let request):
                arriving.remove(request.id)
                if happens(500) { answer(.outcomeUnknown(request.id), now) }
            case .cancel(let id): if happens(500) { answer(.outcomeUnknown(id), now) }
            case .query, .list, .event, .listed: break
            }
            return
        }
        messages.append((now.nanoseconds + delay(), message))
    }

    /// Takes the first message due, carrying it out if it is for the exchange.
    /// - Returns: it, if it is for the engine.
    mutating func next(at now: Timestamp) -> Message? {
        guard let index = messages.indices.min(by: { messages[$0].due < messages[$1].due }),
            messages[index].due <= now.nanoseconds
        else { return nil }
        let message = messages.remove(at: index).message
        switch message {
        case .place(let request): place(request, now)
        case .cancel(let id): cancel(id, now)
        case .query(let id): query(id, now)
        case .list(let session):
            let open = openIDs.compactMap { orders[$0] }.map {
                ListedOrder(
                    id: $0.request.id, side: $0.request.side, price: $0.request.price,
                    remaining: Quantity(lots: $0.remaining))
            }
            messages.append((now.nanoseconds + delay(), .listed(session, open + foreign)))
        case .event, .listed: return message
        }
        return nil
    }

    /// An answer to a request: may be lost, may come twice, any time.
    private mutating func answer(_ event: AccountEvent, _ now: Timestamp) {
        if happens(trouble) { return }
        messages.append((now.nanoseconds + delay(), .event(event)))
        if happens(trouble) { messages.append((now.nanoseconds + delay(), .event(event))) }
    }

    /// An event of the account's own stream: arrives for sure and in order, perhaps twice.
    private mutating func stream(_ event: AccountEvent, _ now: Timestamp) {
        streamDue = max(streamDue, now.nanoseconds + delay())
        messages.append((streamDue, .event(event)))
        if happens(trouble) { messages.append((streamDue + delay(), .event(event))) }
    }

    private mutating func place(_ request: OrderRequest, _ now: Timestamp) {
        arriving.remove(request.id)
        let refused = happens(trouble)
        if !isCovered(request) { uncovered += 1 }
        ids.append(request.id)
        if refused {
            let reasons: [RejectReason] = [.wouldTake, .other, .insufficientBalance]
            let event = AccountEvent.rejected(request.id, reasons[Int(random.below(3))])
            orders[request.id] = Order(request: request, remaining: 0, isOpen: false, ending: event)
            answer(event, now)
            return
        }
        orders[request.id] = Order(request: request, remaining: request.quantity.lots, isOpen: true, ending: nil)
        if happens(trouble) { answer(.outcomeUnknown(request.id), now) } else { answer(.accepted(request.id), now) }
    }

    /// Whether the session's real funds cover the order beside its other open ones.
    private func isCovered(_ request: OrderRequest) -> Bool {
        let session = request.id.session
        var (base, quote) = (self.base[session] ?? 0, self.quote[session] ?? 0)
        for order in orders.values where order.isOpen && order.request.id.session == session {
            if order.request.side == .buy {
                quote -= unit.notional(order.request.price, Quantity(lots: order.remaining)).raw
            } else {
                base -= unit.decimal(Quantity(lots: order.remaining)).raw
            }
        }
        return request.side == .buy
            ? unit.notional(request.price, request.quantity).raw <= quote
            : unit.decimal(request.quantity).raw <= base
    }

    private mutating func cancel(_ id: ClientOrderID, _ now: Timestamp) {
        guard orders[id]?.isOpen == true else { return answer(.cancelRejected(id, .unknownOrder), now) }
        if happens(trouble) { return answer(.cancelRejected(id, .refused), now) }
        end(id, .cancelled(id), now)
    }

    private mutating func query(_ id: ClientOrderID, _ now: Timestamp) {
        guard let order = orders[id] else {
            if !arriving.contains(id) { answer(.notFound(id), now) }
            return
        }
        // A connector asks for the order and its trades.
        for fill in order.fills { stream(.filled(fill), now) }
        if order.isOpen { answer(.accepted(id), now) } else if let ending = order.ending { stream(ending, now) }
    }

    private mutating func end(_ id: ClientOrderID, _ event: AccountEvent, _ now: Timestamp) {
        orders[id]?.isOpen = false
        orders[id]?.ending = event
        stream(event, now)
    }

    /// Of its own accord: an open order trades, or expires.
    mutating func move(at now: Timestamp) {
        let open = openIDs
        guard !open.isEmpty else { return }
        let id = open[Int(random.below(UInt64(open.count)))]
        if happens(trouble / 2) { return end(id, .expired(id, .selfTradePrevention), now) }
        guard var order = orders[id] else { return }
        let lots = happens(400) ? order.remaining : 1 + Int64(random.below(UInt64(order.remaining)))
        let (side, amount) = (Int128(order.request.side.sign), unit.decimal(Quantity(lots: lots)).raw)
        let cost = unit.notional(order.request.price, Quantity(lots: lots)).raw
        let fee = (order.request.side == .buy ? amount : cost) / 1_000
        let fill = Fill(
            tradeID: nextTrade, orderID: id, side: order.request.side, price: order.request.price,
            quantity: Quantity(lots: lots), liquidity: .maker, fee: FixedDecimal(raw: fee),
            feeAsset: order.request.side == .buy ? .base : .quote, time: now)
        nextTrade += 1
        base[id.session, default: 0] += side * amount - (side > 0 ? fee : 0)
        quote[id.session, default: 0] -= side * cost + (side > 0 ? 0 : fee)
        order.remaining -= lots
        order.fills.append(fill)
        order.isOpen = order.remaining > 0
        orders[id] = order
        if tellsFillsLate, happens(300) {
            messages.append((now.nanoseconds + delay() + Nanoseconds.seconds(1), .event(.filled(fill))))
        } else {
            stream(.filled(fill), now)
        }
    }
}
