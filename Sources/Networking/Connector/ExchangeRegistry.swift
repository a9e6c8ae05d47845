public import Exchanges
import Logging
import Synchronization
public import TradingCore

/// Every exchange and account that this server trades with.
///
/// The accounts of one exchange share its connector: markets, limits and clock. They live on one network, that of the first.
/// A network has one connector for as long as the server runs: whoever trades there goes on when its accounts come back.
public final class ExchangeRegistry: ExchangeAccountsHolder {
    private struct Live {
        var connector: DialectConnector
        var environment: ExchangeAccountSettings.Environment
        var isListed = true
    }

    private struct Wanted {
        var exchange: ExchangeID
        /// Not empty.
        var accounts: [(settings: ExchangeAccountSettings, dialect: any ExchangeDialect)]
    }

    private struct State {
        /// Those of exchanges whose accounts are gone stay, unlisted: who trades with one goes on when they come back.
        var live: [ExchangeID: Live] = [:]
        /// Of networks on which there is no account of the exchange now.
        var left: [ExchangeID: [ExchangeAccountSettings.Environment: DialectConnector]] = [:]
    }

    private let fixed: [ExchangeID: any ExchangeConnector]
    private let wires: Wires
    private let state = Mutex(State())
    private let bell = ChangeBell()

    /// - Parameter fixed: connectors that are there whatever accounts there are, such as the paper exchange.
    public init(fixed: [any ExchangeConnector] = [], _ wires: Wires) {
        self.fixed = Dictionary(fixed.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.wires = wires
    }

    public var connectors: [any ExchangeConnector] {
        let live: [any ExchangeConnector] = state.withLock { state in
            state.live.values.filter(\.isListed).map(\.connector)
        }
        return (Array(fixed.values) + live).sorted { $0.id.rawValue < $1.id.rawValue }
    }

    public func connector(_ id: ExchangeID) -> (any ExchangeConnector)? {
        fixed[id] ?? state.withLock { state in state.live[id].flatMap { $0.isListed ? $0.connector : nil } }
    }

    public func changes() -> AsyncStream<Void> { bell.changes() }

    public var states: [ExchangeAccountState] {
        let live = state.withLock { Array($0.live.values) }
        return live.filter(\.isListed).sorted { $0.connector.id.rawValue < $1.connector.id.rawValue }
            .flatMap(\.connector.states)
    }

    public func keyIsGood(_ exchange: ExchangeID, _ label: String) {
        state.withLock { $0.live[exchange]?.connector }?.keyIsGood(label)
    }

    @discardableResult
    public func refresh(_ accounts: [ExchangeAccountSettings]) -> [ExchangeAccountProblem] {
        var problems: [ExchangeAccountProblem] = []
        var wanted: [Wanted] = []
        for settings in accounts {
            func refuse(_ message: String) {
                problems.append(.init(exchange: settings.exchange, label: settings.label, message: message))
            }
            if fixed[settings.exchange] != nil {
                refuse("exchange \(settings.exchange): must be another, as this one needs no key")
                continue
            }
            let dialect: any ExchangeDialect
            do throws(SettingsFault) { dialect = try NativeExchange.dialect(settings) } catch {
                refuse(error.description)
                continue
            }
            guard let place = wanted.firstIndex(where: { $0.exchange == settings.exchange }) else {
                wanted.append(Wanted(exchange: settings.exchange, accounts: [(settings, dialect)]))
                continue
            }
            let first = wanted[place].accounts[0].settings
            if first.environment != settings.environment {
                refuse("environment: must be that of \(first.exchange)/\(first.label), as they share one market")
            } else if wanted[place].accounts.contains(where: { $0.settings.label == settings.label }) {
                refuse("label \(settings.label): must be given to one account of \(settings.exchange) only")
            } else {
                wanted[place].accounts.append((settings, dialect))
            }
        }
        put(wanted)
        for problem in problems { wires.logger.error("exchange account left out: \(problem)") }
        return problems
    }

    /// What is new is built before anything old is let go.
    private func put(_ wanted: [Wanted]) {
        var kept: [(DialectConnector, [(ExchangeAccountSettings, any ExchangeDialect)])] = []
        var ended: [DialectConnector] = []
        state.withLock { state in
            for exchange in Array(state.live.keys) where !wanted.contains(where: { $0.exchange == exchange }) {
                if state.live[exchange]?.isListed == true, let old = state.live[exchange] {
                    ended.append(old.connector)
                }
                state.live[exchange]?.isListed = false
            }
            for wanted in wanted {
                let (exchange, accounts) = (wanted.exchange, wanted.accounts)
                let environment = accounts[0].settings.environment
                if let old = state.live[exchange], old.environment != environment {
                    ended.append(old.connector)
                    state.left[exchange, default: [:]][old.environment] = old.connector
                }
                if state.live[exchange]?.environment != environment {
                    state.live[exchange] = Live(
                        connector: state.left[exchange]?.removeValue(forKey: environment)
                            ?? DialectConnector(accounts[0].dialect, wires, environment: environment),
                        environment: environment)
                }
                state.live[exchange]?.isListed = true
                if let live = state.live[exchange] { kept.append((live.connector, accounts.map { ($0, $1) })) }
            }
        }
        for (connector, accounts) in kept { connector.setAccounts(accounts) }
        for connector in ended { connector.close() }
        bell.ring()
    }

    /// Ends everything that runs here: streams, clocks, requests under way. Dead man's switches stay as they are.
    public func close() { put([]) }

    /// The same when all that should be cancelled is: first the dead man's switches are disarmed, which else would cancel what
    /// is meant to stay.
    public func standDown() async {
        let connectors = state.withLock { $0.live.values.map(\.connector) }
        await withDiscardingTaskGroup { group in
            for connector in connectors { group.addTask { await connector.standDown() } }
        }
        close()
    }
}
