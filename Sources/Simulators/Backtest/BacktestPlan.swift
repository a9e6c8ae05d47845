public import Execution
public import Strategies
public import TradingCore

/// Everything that determines a run on the paper exchange but the market itself.
public struct BacktestPlan: Sendable {
    public var instrument: Instrument
    public var base: FixedDecimal
    public var quote: FixedDecimal
    public var latencies: Latencies
    public var matching: MatchingConfiguration
    public var limits: RiskLimits
    public var tolerance: QuoteTolerance
    public var budget: OrderBudget?
    public var strategy: any Strategy

    public init(
        instrument: Instrument, base: FixedDecimal, quote: FixedDecimal, strategy: any Strategy,
        latencies: Latencies = .none, matching: MatchingConfiguration = .init(), limits: RiskLimits = RiskLimits(),
        tolerance: QuoteTolerance = .exact, budget: OrderBudget? = nil
    ) {
        self.instrument = instrument
        self.base = base
        self.quote = quote
        self.strategy = strategy
        self.latencies = latencies
        self.matching = matching
        self.limits = limits
        self.tolerance = tolerance
        self.budget = budget
    }

    /// The one session of a backtest or of a paper session.
    public static let session = SessionID.first

    /// A simulation ready for its first record.
    /// - Throws: ``InstrumentError`` when instrument or balances cannot be used.
    public func simulation() throws(InstrumentError) -> TradingSimulation {
        var balances = PaperBalances(assets: [instrument.base, instrument.quote])
        let account = balances.openAccount()
        try deposit(base, instrument.base, account, &balances)
        try deposit(quote, instrument.quote, account, &balances)
        var simulation = try TradingSimulation(
            instrument: instrument, balances: balances, account: account, latencies: latencies, matching: matching)
        simulation.engine.health.budget = budget
        simulation.recorder = PerformanceRecorder(
            session: BacktestPlan.session, unit: instrument.unit, base: base, quote: quote)
        simulation.add(
            SessionConfiguration(
                installation: InstallationID.first, session: BacktestPlan.session, base: base, quote: quote,
                limits: limits, tolerance: tolerance), strategy: strategy)
        return simulation
    }

    private func deposit(
        _ amount: FixedDecimal, _ asset: AssetID, _ account: AccountID, _ balances: inout PaperBalances
    ) throws(InstrumentError) {
        do {
            guard let index = balances.index(of: asset) else { throw ArithmeticError.overflow }
            try balances.deposit(amount, index, to: account)
        } catch {
            throw .invalid(field: "balance \(asset)", value: "\(amount)", rule: "within range")
        }
    }
}
