public import Exchanges
import Synchronization
public import TradingCore

/// Every exchange and account that this server trades with.
public final class ExchangeRegistry: ExchangeAccountsHolder {
    private struct State {
        var connectors: [ExchangeID: any ExchangeConnector] = [:]
    }

    private let state: Mutex<State>

    /// - Parameter fixed: connectors that are there whatever accounts there are, such as the paper exchange.
    public init(fixed: [any ExchangeConnector] = []) {
        state = Mutex(
            State(connectors: Dictionary(fixed.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })))
    }

    public var connectors: [any ExchangeConnector] {
        state.withLock { Array($0.connectors.values) }.sorted { $0.id.rawValue < $1.id.rawValue }
    }

    public func connector(_ id: ExchangeID) -> (any ExchangeConnector)? { state.withLock { $0.connectors[id] } }

    public var states: [ExchangeAccountState] { [] }

    @discardableResult
    public func refresh(_ accounts: [ExchangeAccountSettings]) -> [ExchangeAccountProblem] { [] }
}
