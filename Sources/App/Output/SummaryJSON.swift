import Simulators
import TradingCore

/// A backtest's figures as one JSON object. Counts and times are numbers; money and quantities are text, digit by digit.
enum SummaryJSON {
    static func text(_ summary: BacktestSummary, eventsPerSecond: Double) -> String {
        let markouts = summary.markouts.map(\.description)
        let fields: [(String, String)] = [
            ("events", "\(summary.events)"),
            ("orders", "\(summary.orders)"),
            ("cancels", "\(summary.cancels)"),
            ("fills", "\(summary.fills)"),
            ("position", quoted(summary.position)),
            ("feesPaid", quoted(summary.feesPaid)),
            ("realizedPnL", quoted(summary.realizedPnL)),
            ("unrealizedPnL", quoted(summary.unrealizedPnL)),
            ("inventoryPnL", quoted(summary.inventoryPnL)),
            ("spreadCaptured", quoted(summary.spreadCaptured)),
            ("markout1s", "\"\(markouts[0])\""),
            ("markout10s", "\"\(markouts[1])\""),
            ("markout60s", "\"\(markouts[2])\""),
            ("equity", quoted(summary.equity)),
            ("holdEquity", quoted(summary.holdEquity)),
            ("maxDrawdown", quoted(summary.maxDrawdown)),
            ("rmsInventory", "\"\(FixedDecimal(statistic: summary.rmsInventory, fractionDigits: 8) ?? .zero)\""),
            ("twoSidedUptime", "\(FixedDecimal(statistic: summary.twoSidedUptime, fractionDigits: 6) ?? .zero)"),
            ("makerVolume", quoted(summary.makerVolume)),
            ("takerVolume", quoted(summary.takerVolume)),
            ("elapsedSeconds", Figures.seconds(summary.elapsedNanoseconds)),
            ("eventsPerSecond", "\(Int(eventsPerSecond.rounded()))"),
        ]
        return "{" + fields.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }

    private static func quoted(_ value: FixedDecimal) -> String { "\"\(value)\"" }
}
