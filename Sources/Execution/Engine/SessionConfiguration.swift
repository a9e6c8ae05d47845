public import Strategies
public import TradingCore

/// Everything a trading session is made with.
public struct SessionConfiguration: Sendable {
    public var installation: InstallationID
    public var session: SessionID
    /// One past the highest sequence number ever used for the session.
    public var nextSequence: UInt32
    /// The first sequence number of the session's own: lower ones of its number were made by whoever had it before.
    public var firstSequence: UInt32 = 0
    /// What the session made orders under before, in numbers that are used up.
    public var earlierIDs: [ClientOrderIDSource] = []
    /// What the session may use of the account: its own share, never another's.
    public var base: FixedDecimal
    public var quote: FixedDecimal
    public var limits: RiskLimits
    public var tolerance: QuoteTolerance
    /// Requests that the session allows itself; nil is no limit but the account's.
    public var budget: OrderBudget?
    /// Orders of the session rest until they trade, somebody cancels them, or trading is halted: neither old data nor the
    /// end of the process takes them off. For orders that a person placed, which no strategy would place anew.
    public var keepsOrders = false

    public init(
        installation: InstallationID, session: SessionID, nextSequence: UInt32 = 0, base: FixedDecimal,
        quote: FixedDecimal, limits: RiskLimits = RiskLimits(), tolerance: QuoteTolerance = .exact,
        budget: OrderBudget? = nil
    ) {
        self.installation = installation
        self.session = session
        self.nextSequence = nextSequence
        self.base = base
        self.quote = quote
        self.limits = limits
        self.tolerance = tolerance
        self.budget = budget
    }
}

/// Where a session stands in its life.
public enum SessionPhase: UInt8, Hashable, Sendable {
    case running
    /// No new orders; everything of ours is being cancelled.
    case stopping
    /// Nothing live is known; the exchange is being asked whether that is true.
    case verifying
    /// The exchange has confirmed that no order of ours is open.
    case stopped
}
