import Execution
import Simulators
import TradingCore

/// One line that says how a session stands: pair and mid, own bid and ask, inventory, fills, realised and unrealised
/// profit, markout after a second.
enum StatusLine {
    static func text(_ simulation: borrowing TradingSimulation, events: Int) -> String {
        let engine = simulation.engine.instrument
        let summary = BacktestSummary(simulation, events: events)
        let session = simulation.engine.sessions[0]
        let priceDigits = digits(engine.unit.price)
        let open = session.orders.filter { $0.status == .open }
        let bid = open.filter { $0.side == .buy }.map(\.price).max()
        let ask = open.filter { $0.side == .sell }.map(\.price).min()
        let mid =
            simulation.exchange.book.doubleMid.map { Figures.fixed(half($0, engine.unit), priceDigits + 1) } ?? "–"
        func price(_ price: Price?) -> String {
            price.map { Figures.fixed(engine.unit.decimal($0), priceDigits) } ?? "–"
        }
        return [
            "\(engine.id.symbol) \(mid)",
            "\(price(bid)) / \(price(ask))",
            "inv \(Figures.signed(summary.position, 4))",
            "\(summary.fills) fills",
            "real \(Figures.signed(summary.realizedPnL, 2))",
            "unreal \(Figures.signed(summary.unrealizedPnL, 2))",
            "1s \(Figures.fixed(summary.markoutBasisPoints[0], 2)) bp",
        ].joined(separator: " │ ") + note(session)
    }

    private static func note(_ session: TradingSession) -> String {
        if let reason = session.haltReason { return " │ HALTED \(reason.code)" }
        switch session.phase {
        case .running: return session.lastHold.map { " │ holding: \($0)" } ?? ""
        case .stopping, .verifying: return " │ stopping"
        case .stopped: return " │ stopped"
        }
    }

    private static func half(_ doubleTicks: Int64, _ unit: BookUnit) -> FixedDecimal {
        FixedDecimal(raw: unit.price.raw * Int128(doubleTicks) / 2)
    }

    /// Fractional digits of a unit.
    private static func digits(_ unit: FixedDecimal) -> Int {
        unit.description.split(separator: ".").dropFirst().first?.count ?? 0
    }
}
