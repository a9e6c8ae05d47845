import Exchanges
import Foundation
import MarketData
import TradingCore

/// The trading rules of a recorded market, in the form that `backtest --rules` reads.
struct RecordedRules {
    var market: ExchangeMarket
    /// What the recording counts in.
    var unit: BookUnit

    static func path(_ plan: RecordingPlan) -> String { plan.path + ".rules.json" }

    func write(to path: String) throws(RecordingFailure) {
        do { try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
            throw RecordingFailure("\(path): cannot be written")
        }
    }

    var text: String {
        let limits = market.limits
        var members = ["\"priceUnit\": \"\(unit.price)\"", "\"quantityUnit\": \"\(unit.quantity)\""]
        switch market.rounding.price {
        case .tick(let tick): members += member("tickSize", whole(tick, unit.price))
        case .significantDigits(let digits, _): members.append("\"significantDigits\": \(digits)")
        case nil: members += member("tickSize", unit.price)
        }
        members += member("lotSize", whole(lot, unit.quantity))
        for (name, value) in [
            ("minimumPrice", limits.minimumPrice), ("maximumPrice", limits.maximumPrice),
            ("minimumQuantity", limits.minimumAmount), ("maximumQuantity", limits.maximumAmount),
            ("maximumMarketQuantity", limits.maximumMarketAmount), ("minimumNotional", limits.minimumCost),
            ("maximumNotional", limits.maximumCost),
        ] { members += member(name, value) }
        if let most = market.maximumOpenOrders, most > 0 { members.append("\"maximumOpenOrders\": \(most)") }
        return "{\"\(market.symbol)\": {\(members.joined(separator: ", "))}}\n"
    }

    private var lot: FixedDecimal {
        switch market.rounding.amount {
        case .step(let step): step
        case .fractionDigits(let digits): FixedDecimal(raw: FixedDecimal.one.raw / Self.power(digits))
        case nil: unit.quantity
        }
    }

    /// A step finer than the recording counts in is no step of its.
    private func whole(_ step: FixedDecimal, _ unit: FixedDecimal) -> FixedDecimal {
        step.isMultiple(of: unit) ? step : unit
    }

    private func member(_ name: String, _ value: FixedDecimal?) -> [String] {
        value.map { $0.isPositive ? ["\"\(name)\": \"\($0)\""] : [] } ?? []
    }

    private static func power(_ digits: Int) -> Int128 {
        (0..<min(max(0, digits), 18)).reduce(1) { power, _ in power * 10 }
    }
}
