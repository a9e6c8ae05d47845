/// Everything operators and the API may ask of the running server's trading: one engine, however it is reached (D11).
///
/// Commands return when what they order is stored; ``stop(_:)`` when the exchange has shown that nothing of the session
/// is open, or says that this is still being verified.
public protocol TradingDesk: DirectOrderDesk {
    // MARK: Strategies

    /// Starts pure market making with a body as the original takes it, or takes a stopped key up again with the new
    /// parameters (D16). A key that already runs is left alone.
    /// - Parameter parameters: the request's JSON object as it came, one text.
    func startPureMarketMaking(_ parameters: String) async throws(DeskError) -> StrategyInstance
    /// Takes a stored, stopped instance up again with its newest parameters; one that runs is left alone.
    func rerun(_ strategyKey: String) async throws(DeskError) -> StrategyInstance
    /// Ends a session: no new orders, everything of its own cancelled, zero open orders verified, `stopped` (H27).
    /// - Throws: ``DeskError/unknownStrategy(_:)`` when there is no such key (D19).
    func stop(_ key: StrategyKey) async throws(DeskError) -> StrategyInstance

    func strategies(_ filter: StrategyFilter) async throws(DeskError) -> [StrategyInstance]
    /// The live state of one session, for operators.
    func inspect(_ strategyKey: String) async throws(DeskError) -> StrategyInspection

    // MARK: What happened

    /// Newest first.
    /// - Throws: ``DeskError/invalid(_:)`` when the page begins after an entry that is not in the list.
    func history(_ filter: HistoryFilter, _ page: RecordPage) async throws(DeskError) -> [HistoryEntry]
    func performance(
        userID: String, strategyType: String?, _ page: RecordPage
    ) async throws(DeskError) -> [PerformanceEntry]
    /// Oldest first, after `after` (0 is from the start), at most `limit`.
    func fills(strategyKey: String, after: Int64, limit: Int) async throws(DeskError) -> [FillEntry]

    // MARK: The market

    /// - Throws: ``DeskError/unknownExchange(_:)``, ``DeskError/unknownInstrument(_:exchange:)``.
    func orderBook(exchange: String, symbol: String, limit: Int) async throws(DeskError) -> OrderBookView

    // MARK: Trading state and health

    func setTradingState(_ change: TradingStateChange) async throws(DeskError)
    func tradingStates() async throws(DeskError) -> [TradingStateEntry]
    func health() async -> DeskHealth
}

/// Why the desk would not.
public enum DeskError: Error, Hashable, Sendable {
    /// One line per fault, each naming field, value and rule.
    case invalid([String])
    case unknownStrategy(String)
    case unknownExchange(String)
    case unknownInstrument(String, exchange: String)
    case unknownAccount(String)
    case unknownOrder(String)
    /// Not done, and nothing was sent: a code that tells why, and words.
    case refused(String)
    /// The exchange would not.
    case exchangeRefused(String)
    /// What the original has and this server does not offer yet.
    case unsupported(String)
    /// The store does not take anything now: full disk, locked or broken file. Nothing was done.
    case storageUnavailable(String)
    /// The server is reconciling or shutting down.
    case notReady(String)
}

extension DeskError: CustomStringConvertible {
    /// For people.
    public var description: String {
        switch self {
        case .invalid(let faults): faults.joined(separator: "; ")
        case .unknownStrategy(let key): "there is no strategy \(key)"
        case .unknownExchange(let name): "there is no exchange \(name): it has no account with a key"
        case .unknownInstrument(let name, let exchange): "there is no market \(name) on \(exchange)"
        case .unknownAccount(let name): "there is no account \(name): its key was never given, or was removed"
        case .unknownOrder(let id): "there is no order \(id)"
        case .refused(let why), .unsupported(let why), .notReady(let why): why
        case .exchangeRefused(let why): "the exchange refused: \(why)"
        case .storageUnavailable(let why): "the store takes nothing: \(why)"
        }
    }
}
