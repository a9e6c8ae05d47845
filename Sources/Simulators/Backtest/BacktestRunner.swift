public import Execution
public import MarketData
import TradingCore

/// Runs a plan over a market's history as fast as it goes.
public enum BacktestRunner {
    /// - Parameter progressed: told now and then how much of the input is done, 0 to 1.
    /// - Returns: the simulation after the last record, measured to its end; its orders still rest.
    /// - Throws: ``FeedError`` from the market, ``InstrumentError`` from the plan.
    public static func run(
        _ plan: BacktestPlan, on market: inout some MarketSource, keepsLog: Bool = false,
        progressed: (Double) -> Void = { _ in }
    ) throws -> TradingSimulation {
        var simulation = try plan.simulation()
        simulation.keepsLog = keepsLog
        var records: [MarketRecord] = []
        var reads = 0
        while try market.read(into: &records) {
            simulation.apply(records)
            records.removeAll(keepingCapacity: true)
            reads += 1
            if reads % 16 == 0 { progressed(market.progress) }
        }
        simulation.finishMeasuring()
        return simulation
    }
}
