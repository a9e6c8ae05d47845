import Strategies
import Testing
import TradingCore

extension Instrument {
    /// One cent and a thousandth, unless told otherwise.
    static func test(
        tick: FixedDecimal = "0.01", lot: FixedDecimal = "0.001", rounding: PriceRounding? = nil,
        change: (inout TradingRules) -> Void = { _ in }
    ) throws -> Instrument {
        var rules = TradingRules(priceRounding: rounding ?? .tick(tick), lotSize: lot)
        change(&rules)
        let symbol = try #require(Symbol("BTC/USDT"))
        return Instrument(
            id: InstrumentID(exchange: ExchangeID(rawValue: "binance"), symbol: symbol),
            unit: try BookUnit(price: tick, quantity: lot), rules: rules)
    }
}

/// A strategy with everything around it: the market, the session's funds, the clock.
final class Desk {
    let instrument: Instrument
    var strategy: PureMarketMaking
    var book = OrderBook()
    var situation: Situation
    var wanted = WantedQuotes()
    private var nextID: UInt64 = 0
    /// Own orders beyond it are not put into the book: its index would take long to build, over and over.
    private static let highestShown: Int64 = 1_000_000

    init(_ changes: [String: Value?] = [:], on instrument: Instrument? = nil) throws {
        let instrument = try instrument ?? .test()
        self.instrument = instrument
        strategy = try PureMarketMaking(parameters(changes), instrument: instrument)
        situation = Situation(now: Timestamp(nanoseconds: 0), base: "1000000", quote: "100000000")
    }

    // MARK: - The market

    func price(_ text: FixedDecimal) throws -> Price {
        Price(ticks: try text.count(of: instrument.unit.price, rounding: .down))
    }

    func quantity(_ text: FixedDecimal) throws -> Quantity {
        Quantity(lots: try text.count(of: instrument.unit.quantity, rounding: .down))
    }

    /// Replaces the market's best prices, five base each.
    func show(bid: FixedDecimal?, ask: FixedDecimal?) throws {
        book.removeAll()
        if let bid { try add(.buy, bid, "5") }
        if let ask { try add(.sell, ask, "5") }
    }

    /// Adds to what stands at a price.
    func add(_ side: Side, _ price: FixedDecimal, _ amount: FixedDecimal) throws {
        let ticks = try self.price(price).ticks
        let (sum, overflow) = book.lots(side, at: ticks).addingReportingOverflow(try quantity(amount).lots)
        book.set(side, ticks: ticks, lots: overflow ? .max : sum)
    }

    // MARK: - The session

    /// Rests an order of the session: among its live orders and, where the book shows those, in the book.
    @discardableResult
    func rest(_ side: Side, level: UInt8 = 0, _ price: FixedDecimal, _ amount: FixedDecimal) throws -> OwnOrder {
        guard let id = ClientOrderID(rawValue: nextID) else { preconditionFailure("2^45 orders") }
        nextID += 1
        let order = OwnOrder(
            id: id, side: side, level: level, price: try self.price(price), remaining: try quantity(amount))
        situation.ownOrders.append(order)
        if situation.bookShowsOwnOrders { show(order) }
        return order
    }

    /// Rests every wanted quote in place of whatever rested before, but for the orders that hang.
    func restWanted() throws {
        if situation.bookShowsOwnOrders { for order in situation.ownOrders { take(order) } }
        let kept = wanted.hanging
        let hanging = situation.ownOrders.filter { kept.contains($0.id) }
        situation.ownOrders = []
        for order in hanging {
            situation.ownOrders.append(order)
            if situation.bookShowsOwnOrders { show(order) }
        }
        for quote in wanted.quotes {
            try rest(
                quote.side, level: quote.level, instrument.unit.decimal(quote.price),
                instrument.unit.decimal(quote.quantity))
        }
    }

    private func show(_ order: OwnOrder) {
        guard order.price.ticks <= Desk.highestShown else { return }
        let before = book.lots(order.side, at: order.price.ticks)
        let (sum, overflow) = before.addingReportingOverflow(order.remaining.lots)
        book.set(order.side, ticks: order.price.ticks, lots: overflow ? .max : sum)
    }

    private func take(_ order: OwnOrder) {
        guard order.price.ticks <= Desk.highestShown else { return }
        let lots = book.lots(order.side, at: order.price.ticks) - order.remaining.lots
        book.set(order.side, ticks: order.price.ticks, lots: max(0, lots))
    }

    /// Fills the order of a side and level, whole unless an amount is given.
    func fill(_ side: Side, level: UInt8 = 0, _ amount: FixedDecimal? = nil) throws {
        let index = try #require(situation.ownOrders.firstIndex { $0.side == side && $0.level == level })
        let id = situation.ownOrders[index].id
        try fill(id, amount)
    }

    func fill(_ id: ClientOrderID, _ amount: FixedDecimal? = nil) throws {
        let index = try #require(situation.ownOrders.firstIndex { $0.id == id })
        var order = situation.ownOrders[index]
        let quantity = try amount.map(self.quantity) ?? order.remaining
        order.remaining.lots -= quantity.lots
        if order.remaining == .zero {
            situation.ownOrders.remove(at: index)
        } else {
            situation.ownOrders[index] = order
        }
        let fill = Fill(
            tradeID: 1, orderID: id, side: order.side, price: order.price, quantity: quantity, liquidity: .maker,
            fee: .zero, feeAsset: .quote, time: situation.now)
        strategy.filled(fill, of: order, situation: situation)
    }

    func external(_ price: FixedDecimal, at milliseconds: Int64 = 0) {
        situation.externalPrice = ExternalPrice(price: price, receivedAt: .milliseconds(milliseconds))
    }

    // MARK: - Deciding

    @discardableResult
    func decide(at milliseconds: Int64 = 0) -> Decision {
        situation.now = .milliseconds(milliseconds)
        wanted.removeAll()
        return strategy.decide(book, situation, into: &wanted)
    }

    /// As an engine does it: looks at a changed book, and decides if the strategy wants to.
    func look(at milliseconds: Int64) -> Decision? {
        strategy.wantsDecision(book, now: .milliseconds(milliseconds)) ? decide(at: milliseconds) : nil
    }

    /// The wanted quotes of a side from the touch, as `price x quantity`.
    func quotes(_ side: Side) -> [String] {
        wanted.quotes.filter { $0.side == side }.map {
            "\(instrument.unit.decimal($0.price)) x \(instrument.unit.decimal($0.quantity))"
        }
    }

    func prices(_ side: Side) -> [String] {
        wanted.quotes.filter { $0.side == side }.map { "\(instrument.unit.decimal($0.price))" }
    }
}

extension Timestamp {
    static func milliseconds(_ count: Int64) -> Timestamp { Timestamp(nanoseconds: Nanoseconds.milliseconds(count)) }
}
