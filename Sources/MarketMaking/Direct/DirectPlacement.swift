import Execution
import TradingCore

/// A person's wish in an instrument's units, judged as far as the wish alone allows. Pure.
struct DirectPlacement: Sendable {
    var side: Side
    /// Nil: at the market.
    var limit: Price?
    var quantity: Quantity
    var isPostOnly: Bool
    var timeInForce: TimeInForce
    var details: DirectOrderDetails

    /// How far from the best price of the other side a market order may trade, in thousandths.
    ///
    /// A market order is sent as a limit that lives for a moment: it cannot run through a thin book, and what it may cost is
    /// known, and reserved, before it leaves.
    static let marketBoundThousandths: Int64 = 10

    /// - Throws: ``DeskError/invalid(_:)`` with a line per fault: field, value and rule.
    init(_ request: DirectOrderRequest, _ instrument: Instrument) throws(DeskError) {
        var faults: [String] = []
        func units(_ value: FixedDecimal, _ field: String, of unit: FixedDecimal) -> Int64 {
            let rule: String
            if !value.isPositive {
                rule = "above 0"
            } else if !value.isMultiple(of: unit) {
                rule = "a multiple of \(unit)"
            } else if let count = try? value.count(of: unit, rounding: .down) {
                return count
            } else {
                rule = "at most \(FixedDecimal(raw: unit.raw * Int128(Int64.max)))"
            }
            faults.append("\(field) \(value): must be \(rule)")
            return 0
        }
        quantity = Quantity(lots: units(request.amount, "amount", of: instrument.unit.quantity))
        limit = request.price.map { Price(ticks: units($0, "price", of: instrument.unit.price)) }
        if request.price == nil, request.isPostOnly { faults.append("postOnly true: must be false for a market order") }
        if request.price == nil, request.timeInForce == .fillOrKill {
            faults.append("timeInForce FOK: must be IOC for a market order")
        }
        if request.isPostOnly, request.timeInForce != .goodTillCancelled {
            faults.append(
                "postOnly true: must be false with timeInForce \(request.timeInForce.code), which takes at once")
        }
        for (field, text) in [
            ("userId", request.userID), ("clientId", request.clientID), ("requestId", request.requestID ?? "-"),
        ]
        where !GivenName.isFit(text) {
            faults.append("\(field): must be \(GivenName.rule)")
        }
        if !faults.isEmpty { throw .invalid(faults) }
        side = request.side
        isPostOnly = request.isPostOnly
        timeInForce = request.price == nil ? .immediateOrCancel : request.timeInForce
        details = DirectOrderDetails(
            userID: request.userID, clientID: request.clientID, type: request.price == nil ? .market : .limit,
            timeInForce: timeInForce, requestID: request.requestID)
    }

    /// What is placed on a book.
    /// - Returns: nil where a market order finds nobody on the other side.
    func order(_ book: borrowing OrderBook, _ rules: OrderRules) -> DirectOrder? {
        if let limit {
            return DirectOrder(
                side: side, price: limit, quantity: quantity, timeInForce: timeInForce, isPostOnly: isPostOnly)
        }
        let best = book.bestTicks(side == .buy ? .sell : .buy)
        guard best > 0, best < .max else { return nil }
        let bound = best / 1_000 * Self.marketBoundThousandths + best % 1_000 * Self.marketBoundThousandths / 1_000
        let worst = side == .buy ? best + bound : best - bound
        return DirectOrder(
            side: side, price: rules.rounded(Price(ticks: max(1, worst)), for: side), quantity: quantity,
            timeInForce: timeInForce)
    }

    /// What a refusal by the gate means to whoever asked: bad input names field, value and rule.
    func meaning(_ refusal: RiskRefusal, _ order: DirectOrder, _ instrument: Instrument) -> DeskError {
        let (unit, rules) = (instrument.unit, instrument.rules)
        let (price, amount) = (unit.decimal(order.price), unit.decimal(order.quantity))
        let notional = unit.notional(order.price, order.quantity)
        switch refusal {
        case .rule(.priceRange), .rule(.priceStep), .rule(.priceBand):
            return .invalid(["price \(price): must keep the exchange's rules, \(rules.priceWords)"])
        case .rule(.quantityRange), .rule(.quantityStep):
            return .invalid(["amount \(amount): must keep the exchange's rules, \(rules.quantityWords)"])
        case .rule(.minimumNotional), .rule(.maximumNotional):
            return .invalid([
                "amount \(amount): with the price it is worth \(notional), which the exchange does not take"
            ])
        case .priceCollar:
            return .invalid(["price \(price): must not be worse than the middle of the market by more than 2 %"])
        default:
            return .refused("\(refusal.code): the order was not sent")
        }
    }
}

extension TradingRules {
    /// For people.
    fileprivate var priceWords: String {
        let step =
            switch priceRounding {
            case .tick(let tick): "a multiple of \(tick)"
            case .significantDigits(let digits): "at most \(digits) significant digits"
            }
        return step + Self.range(minimumPrice, maximumPrice)
    }

    fileprivate var quantityWords: String { "a multiple of \(lotSize)" + Self.range(minimumQuantity, maximumQuantity) }

    private static func range(_ low: FixedDecimal?, _ high: FixedDecimal?) -> String {
        (low.map { ", at least \($0)" } ?? "") + (high.map { ", at most \($0)" } ?? "")
    }
}
