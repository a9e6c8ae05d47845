import Execution
import Strategies
import TradingCore

/// What a session is put to work with, whatever it runs.
struct SessionPlan: Sendable {
    var limits: RiskLimits
    var tolerance: QuoteTolerance
    var budget: OrderBudget?
    /// See ``SessionConfiguration/keepsOrders``.
    var keepsOrders = false
    private let make: @Sendable (Instrument) throws(DeskError) -> any Strategy

    init(
        limits: RiskLimits, tolerance: QuoteTolerance, budget: OrderBudget? = nil, keepsOrders: Bool = false,
        make: @escaping @Sendable (Instrument) throws(DeskError) -> any Strategy
    ) {
        self.limits = limits
        self.tolerance = tolerance
        self.budget = budget
        self.keepsOrders = keepsOrders
        self.make = make
    }

    /// - Throws: ``DeskError/invalid(_:)`` when the parameters do not fit the instrument.
    func strategy(_ instrument: Instrument) throws(DeskError) -> any Strategy { try make(instrument) }

    /// - Parameter numbers: what the session makes its orders under.
    func configuration(
        _ installation: InstallationID, _ numbers: SessionNumberStore.Numbers, _ books: SessionBooks
    ) -> SessionConfiguration {
        var configuration = SessionConfiguration(
            installation: installation, session: numbers.current.session, nextSequence: numbers.current.next,
            base: books.base, quote: books.quote, limits: limits, tolerance: tolerance, budget: budget)
        configuration.firstSequence = numbers.current.first
        configuration.earlierIDs = numbers.earlier.map { $0.ids(installation) }
        configuration.keepsOrders = keepsOrders
        return configuration
    }

    /// Orders that people place. Refusals in a row halt nothing: whoever placed each is told.
    static let direct: SessionPlan = {
        var limits = RiskLimits()
        limits.maximumConsecutiveRejects = .max
        return SessionPlan(limits: limits, tolerance: .exact, keepsOrders: true) { _ in DirectOrders() }
    }()
}

extension StrategyPlan {
    var session: SessionPlan {
        SessionPlan(limits: limits, tolerance: tolerance, budget: budget) {
            [self] (instrument) throws(DeskError) in try strategy(instrument)
        }
    }
}
