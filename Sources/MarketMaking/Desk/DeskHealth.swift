public import Exchanges
public import Execution
public import TradingCore

/// Whom a trading state binds.
public enum TradingScope: Hashable, Sendable {
    case server
    /// An exchange account, `exchange/label`, for instance `paper/default`.
    case account(String)
    /// A session by its strategy key.
    case session(String)
}

public struct TradingStateChange: Hashable, Sendable {
    public var scope: TradingScope
    public var state: TradingState
    /// Why, in the operator's words; kept.
    public var reason: String

    public init(scope: TradingScope, state: TradingState, reason: String) {
        self.scope = scope
        self.state = state
        self.reason = reason
    }
}

public struct TradingStateEntry: Hashable, Sendable {
    public var scope: TradingScope
    public var state: TradingState
    public var reason: String
    /// `operator`, or the rule that set it (a kill switch).
    public var setBy: String
    public var setAt: Timestamp
    /// False while it holds in this process alone, for the store would not take it yet.
    public var isStored: Bool
    /// Of a halt: accounts, with the reason, whose orders from before the start nobody has been able to cancel yet. They are as soon
    /// as their exchange is reached.
    public var uncancelled: [String] = []

    public init(
        scope: TradingScope, state: TradingState, reason: String, setBy: String, setAt: Timestamp, isStored: Bool = true
    ) {
        self.scope = scope
        self.state = state
        self.reason = reason
        self.setBy = setBy
        self.setAt = setAt
        self.isStored = isStored
    }

    /// Why a session is halted, after a restart too; nil where it is not.
    var haltReason: HaltReason? {
        guard state == .halted else { return nil }
        // An operator may use any words, those of a rule as well.
        if setBy == Self.operatorName { return .operatorCommand }
        return HaltReason.allCases.first { $0.code == reason } ?? .operatorCommand
    }

    static let operatorName = "operator"

    /// The one that was set last: what is not stored yet, for it is a halt that nobody has lifted, whatever the clock said when; of two that
    /// were set at the same moment the halt.
    static func newer(_ one: TradingStateEntry?, _ other: TradingStateEntry?) -> TradingStateEntry? {
        guard let one, let other else { return one ?? other }
        if one.isStored != other.isStored { return one.isStored ? other : one }
        if other.setAt == one.setAt { return other.state == .halted ? other : one }
        return other.setAt > one.setAt ? other : one
    }
}

/// How trading fares this moment.
public struct DeskHealth: Hashable, Sendable {
    public struct Exchange: Hashable, Sendable {
        /// The id that paths use, `paper`.
        public var name: String
        /// The name that people read, `Paper`.
        public var displayName: String
        public var isAlive: Bool
        /// Why it is not.
        public var fault: String?

        public init(name: String, displayName: String, isAlive: Bool, fault: String?) {
            self.name = name
            self.displayName = displayName
            self.isAlive = isAlive
            self.fault = fault
        }
    }

    public struct Executor: Hashable, Sendable {
        /// `exchange/label/instrument`.
        public var name: String
        public var sessionCount: Int
        public var openOrderCount: Int
        public var unknownOrderCount: Int
        /// Fills that bore ids of our orders and could not be theirs, since the start: an alarm, for somebody else's trades bear
        /// our numbers, or the exchange tells wrong ones.
        public var refusedFillCount = 0
        public var lastMarketData: Timestamp?
        public var isTrusted: Bool
        /// From a change of the book reaching the executor to every session's decision about it.
        public var decisions: LatencyHistogram
        /// From a decision to its intents stored and handed to the exchange's connector.
        public var placements: LatencyHistogram

        public init(
            name: String, sessionCount: Int, openOrderCount: Int, unknownOrderCount: Int,
            lastMarketData: Timestamp?, isTrusted: Bool, decisions: LatencyHistogram = LatencyHistogram(),
            placements: LatencyHistogram = LatencyHistogram()
        ) {
            self.name = name
            self.sessionCount = sessionCount
            self.openOrderCount = openOrderCount
            self.unknownOrderCount = unknownOrderCount
            self.lastMarketData = lastMarketData
            self.isTrusted = isTrusted
            self.decisions = decisions
            self.placements = placements
        }
    }

    /// Whether an account's outage stops anything: an exchange that does not answer stops only who trades there.
    func isStopped(_ account: ExchangeAccountState) -> Bool {
        switch account.outage {
        case .keyRefused: true
        case .noAnswer:
            executors.contains { executor in
                executor.name.hasPrefix("\(account.exchange)/\(account.label)/")
                    && (executor.sessionCount > 0 || executor.openOrderCount > 0)
            }
        case nil: false
        }
    }

    public var exchanges: [Exchange]
    /// Accounts at real exchanges: whether their streams live, and what would rest unattended were this process to end.
    public var accounts: [ExchangeAccountState] = []
    public var executors: [Executor]
    /// Every account has been reconciled since the start.
    public var isReconciled: Bool
    /// Whatever keeps everything from trading: `storage: disk full`, `reconciling`; empty when nothing does.
    public var faults: [String]

    public init(exchanges: [Exchange], executors: [Executor], isReconciled: Bool, faults: [String]) {
        self.exchanges = exchanges
        self.executors = executors
        self.isReconciled = isReconciled
        self.faults = faults
    }
}
