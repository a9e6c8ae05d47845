import Execution
import Simulators
import TradingCore

/// A backtest's figures for people.
enum SummaryText {
    static func facts(_ summary: BacktestSummary, _ instrument: Instrument) -> [(label: String, value: String)] {
        let quote = instrument.quote.rawValue
        let base = instrument.base.rawValue
        let profit = FixedDecimal(raw: summary.equity.raw - summary.holdEquity.raw)
        var facts = [
            ("Profit against holding", "\(Figures.signed(profit, 4)) \(quote)"),
            (
                "Equity",
                "\(Figures.fixed(summary.equity, 4)) \(quote) (holding: \(Figures.fixed(summary.holdEquity, 4)))"
            ),
            ("Realised", "\(Figures.signed(summary.realizedPnL, 4)) \(quote)"),
            ("Unrealised", "\(Figures.signed(summary.unrealizedPnL, 4)) \(quote)"),
            ("Spread captured", "\(Figures.signed(summary.spreadCaptured, 4)) \(quote)"),
            ("Inventory", "\(Figures.signed(summary.inventoryPnL, 4)) \(quote)"),
            ("Fees", "\(Figures.fixed(summary.feesPaid, 4)) \(quote)"),
        ]
        for (index, horizon) in ["1 s", "10 s", "60 s"].enumerated() where index < summary.markouts.count {
            let points = Figures.fixed(summary.markoutBasisPoints[index], 2)
            facts.append(
                ("Markout \(horizon)", "\(Figures.signed(summary.markouts[index], 4)) \(quote) (\(points) bp)"))
        }
        facts += [
            ("Largest drawdown", "\(Figures.fixed(summary.maxDrawdown, 4)) \(quote)"),
            ("Position", "\(Figures.signed(summary.position, 8)) \(base)"),
            ("RMS inventory", "\(Figures.fixed(summary.rmsInventory, 8)) \(base)"),
            ("Both sides quoted", "\(Figures.fixed(summary.twoSidedUptime * 100, 2)) % of the time"),
            ("Orders, cancels, fills", "\(summary.orders), \(summary.cancels), \(summary.fills)"),
            (
                "Maker, taker volume",
                "\(Figures.fixed(summary.makerVolume, 2)), \(Figures.fixed(summary.takerVolume, 2)) \(quote)"
            ),
            ("Market time", "\(Figures.fixed(Double(summary.elapsedNanoseconds) / 1e9, 1)) s"),
            ("Events", "\(summary.events)"),
        ]
        if !summary.refusals.isEmpty {
            facts.append(
                ("Kept back by risk", summary.refusals.map { "\($0.code) \($0.count)" }.joined(separator: ", ")))
        }
        if let hold = summary.lastHold { facts.append(("Not quoting because", hold)) }
        if let reason = summary.haltReason { facts.append(("Halted", reason.code)) }
        return facts
    }

    /// The few that stand at the head of a report.
    static func headline(_ summary: BacktestSummary, _ instrument: Instrument) -> [(label: String, value: String)] {
        let quote = instrument.quote.rawValue
        let profit = FixedDecimal(raw: summary.equity.raw - summary.holdEquity.raw)
        return [
            ("Profit against holding", "\(Figures.signed(profit, 2)) \(quote)"),
            ("Spread captured", "\(Figures.signed(summary.spreadCaptured, 2)) \(quote)"),
            ("Inventory", "\(Figures.signed(summary.inventoryPnL, 2)) \(quote)"),
            ("Fees", "\(Figures.fixed(summary.feesPaid, 2)) \(quote)"),
            ("Markout after 1 s", "\(Figures.fixed(summary.markoutBasisPoints.first ?? 0, 2)) bp"),
            ("Largest drawdown", "\(Figures.fixed(summary.maxDrawdown, 2)) \(quote)"),
            ("Both sides quoted", "\(Figures.fixed(summary.twoSidedUptime * 100, 1)) %"),
            ("Orders · fills", "\(summary.orders) · \(summary.fills)"),
        ]
    }

    /// Why a run placed no order, as far as it is known.
    static func whyNothing(_ summary: BacktestSummary) -> String {
        let reasons =
            [summary.haltReason?.code, summary.lastHold].compactMap { $0 }
            + summary.refusals.map { "\($0.code) \($0.count)" }
        return reasons.isEmpty ? "the strategy wanted none" : reasons.joined(separator: ", ")
    }

    static func text(_ facts: [(label: String, value: String)]) -> String {
        let width = facts.map(\.label.count).max() ?? 0
        return facts.map { $0.label + String(repeating: " ", count: width - $0.label.count + 2) + $0.value }
            .joined(separator: "\n")
    }
}
