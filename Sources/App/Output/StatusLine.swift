import Execution
import Simulators
import TradingCore

/// One line that says how a session stands.
enum StatusLine {
    static func text(_ simulation: borrowing TradingSimulation, events: Int) -> String {
        let engine = simulation.engine.instrument
        let summary = BacktestSummary(simulation, events: events)
        let session = simulation.engine.sessions[0]
        let priceDigits = digits(engine.unit.price)
        let open = session.orders.filter { $0.status == .open }
        let bid = open.filter { $0.side == .buy }.map(\.price).max()
        let ask = open.filter { $0.side == .sell }.map(\.price).min()
        let mid = simulation.exchange.book.doubleMid.map { Figures.fixed(half($0, engine.unit), priceDigits + 1) } ?? "–"
        func price(_ price: Price?) -> String { price.map { Figures.fixed(engine.unit.decimal($0), priceDigits) } ?? "–" }
        return [
            "\(engine.id.symbol) mid \(mid)",
            "bid \(price(bid)) ask \(price(ask))",
            "inventory \(Figures.signed(summary.position, 5))",
            "fills \(summary.fills)",
            "realised \(Figures.signed(summary.realizedPnL, 2))",
            "unrealised \(Figures.signed(summary.unrealizedPnL, 2))",
            "markout 1s \(Figures.signed(summary.markouts[0], 2)) (\(Figures.fixed(summary.markoutBasisPoints[0], 2)) bp)",
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
