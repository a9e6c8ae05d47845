import TradingCore

/// Halts a session that loses too much or is refused too often. Nothing but an operator arms it again.
struct KillSwitch: Sendable {
    private let limits: RiskLimits
    /// Nil: to be taken from the next judgement.
    private(set) var bestProfit: Int128? = 0
    private var rejects = 0

    init(_ limits: RiskLimits) {
        self.limits = limits
    }

    var watchesProfit: Bool { limits.maximumLoss != nil || limits.maximumDrawdown != nil }

    /// - Parameter profit: since the start, in quote, marked at the side we would exit on.
    mutating func judge(profit: FixedDecimal) -> HaltReason? {
        let best = max(bestProfit ?? profit.raw, profit.raw)
        bestProfit = best
        if let maximum = limits.maximumLoss, -profit.raw >= maximum.raw { return .loss }
        if let maximum = limits.maximumDrawdown, best - profit.raw >= maximum.raw { return .drawdown }
        return nil
    }

    /// Post-only refusals are normal in a moving market and do not count; an exchange that serves nobody says nothing of the
    /// session.
    mutating func rejected(_ reason: RejectReason) -> HaltReason? {
        if reason == .wouldTake || reason == .unavailable { return nil }
        rejects += 1
        return rejects >= limits.maximumConsecutiveRejects ? .consecutiveRejects : nil
    }

    mutating func accepted() {
        rejects = 0
    }

    /// Goes on from where an earlier process measured drawdown from.
    /// - Parameter bestProfit: nil: it had not been judged since an operator let the session go on.
    mutating func resume(bestProfit: FixedDecimal?) { self.bestProfit = bestProfit?.raw }

    /// An operator lets the session go on: refusals and drawdown count from here. The loss counts from the start always.
    mutating func arm() {
        rejects = 0
        bestProfit = nil
    }
}

/// A halt that nobody commanded.
struct OwnHalt: Hashable, Sendable {
    var reason: HaltReason
    var at: Timestamp
}

/// Why a session was halted.
public enum HaltReason: UInt8, Hashable, Sendable, CaseIterable {
    case loss
    case drawdown
    case consecutiveRejects
    case operatorCommand
    /// The session has used every order id that it could ever make.
    case orderIDsExhausted
    /// An order is there that was refused before, and the account has not enough free for it.
    case uncoveredOrder
    /// A fill was told of an order that it cannot be of: what the session thinks it holds may be wrong.
    case mismatchedFill
    /// The stored sums of the session are none that trading can have made.
    case absurdBooks

    public var code: String {
        switch self {
        case .loss: "MAXIMUM_LOSS"
        case .drawdown: "MAXIMUM_DRAWDOWN"
        case .consecutiveRejects: "CONSECUTIVE_REJECTS"
        case .operatorCommand: "OPERATOR"
        case .orderIDsExhausted: "ORDER_IDS_EXHAUSTED"
        case .uncoveredOrder: "UNCOVERED_ORDER"
        case .mismatchedFill: "MISMATCHED_FILL"
        case .absurdBooks: "ABSURD_BOOKS"
        }
    }
}
