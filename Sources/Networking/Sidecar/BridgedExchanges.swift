public import Exchanges
public import Logging
public import Scheduling
import Synchronization
public import TradingCore

/// All exchanges that keys can be given for: those with a connector of their own, and every other through the sidecar.
public final class BridgedExchanges: ExchangeAccountsHolder {
    private let native: ExchangeRegistry
    /// Nil where the sidecar is not set up.
    private let client: SidecarClient?
    private let absence: String
    private let orderTag: OrderTag?
    private let time: any TimeSource
    private let logger: Logger
    /// Those whose keys are gone stay, without accounts: who trades with one goes on when they come back.
    private let bridged = Mutex<[ExchangeID: Bridge]>([:])
    private let bell = ChangeBell()

    private struct Bridge {
        var connector: SidecarConnector
        var environment: ExchangeAccountSettings.Environment
        var labels: [String]
        /// Of its other network, on which it has no account now.
        var left: [ExchangeAccountSettings.Environment: SidecarConnector] = [:]
    }

    /// - Parameter absence: why there is no sidecar, where there is none.
    public init(
        native: ExchangeRegistry, client: SidecarClient?, absence: String = "", orderTag: OrderTag? = nil,
        time: any TimeSource,
        logger: Logger
    ) {
        self.orderTag = orderTag
        self.native = native
        self.client = client
        self.absence = absence
        self.time = time
        self.logger = logger
    }

    public var connectors: [any ExchangeConnector] {
        let others: [any ExchangeConnector] = bridged.withLock { bridged in
            bridged.values.filter { !$0.labels.isEmpty }.map(\.connector)
        }
        return (native.connectors + others).sorted { $0.id.rawValue < $1.id.rawValue }
    }

    public func connector(_ id: ExchangeID) -> (any ExchangeConnector)? {
        native.connector(id)
            ?? bridged.withLock { bridged in bridged[id].flatMap { $0.labels.isEmpty ? nil : $0.connector } }
    }

    public func changes() -> AsyncStream<Void> { bell.changes() }

    /// ccxt's exchanges are asked whatever they say of the key.
    public func keyIsGood(_ exchange: ExchangeID, _ label: String) { native.keyIsGood(exchange, label) }

    public var states: [ExchangeAccountState] {
        let condition = client?.condition
        let others = bridged.withLock { bridged in
            bridged.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap { id, bridge in
                bridge.labels.map { label in
                    let silence = bridge.connector.silentStream(label)
                    return ExchangeAccountState(
                        exchange: id, label: label, isStreaming: silence == nil && condition?.isConnected ?? false,
                        fault: condition?.fault ?? silence, safety: .none,
                        unattended: bridge.connector.unattended(label))
                }
            }
        }
        return native.states + others
    }

    @discardableResult
    public func refresh(_ accounts: [ExchangeAccountSettings]) -> [ExchangeAccountProblem] {
        let isNative = { (id: ExchangeID) in
            NativeExchange(rawValue: id.rawValue) != nil || self.native.connector(id) != nil
        }
        var problems = native.refresh(accounts.filter { isNative($0.exchange) })
        var wanted: [ExchangeID: [ExchangeAccountSettings]] = [:]
        for settings in accounts where !isNative(settings.exchange) {
            if let message = fault(settings, beside: wanted[settings.exchange]?.first) {
                problems.append(.init(exchange: settings.exchange, label: settings.label, message: message))
            } else {
                wanted[settings.exchange, default: []].append(settings)
            }
        }
        put(wanted)
        bell.ring()
        return problems
    }

    private func fault(
        _ settings: ExchangeAccountSettings, beside first: ExchangeAccountSettings?
    ) -> String? {
        if client == nil {
            return "exchange \(settings.exchange): has no connector of its own, and the sidecar is \(absence)"
        }
        if case .custom = settings.environment {
            return "environment: must be production or testnet, as \(settings.exchange) comes through the sidecar"
        }
        if settings.deadMansSwitchSeconds != nil {
            return "dead_mans_switch: must be left out, the sidecar has none"
        }
        if let first, first.environment != settings.environment {
            return "environment: must be that of \(first.exchange)/\(first.label), as they share one market"
        }
        return nil
    }

    private func put(_ wanted: [ExchangeID: [ExchangeAccountSettings]]) {
        guard let client else { return }
        bridged.withLock { bridged in
            for id in bridged.keys where wanted[id] == nil {
                bridged[id]?.connector.setAccounts([:])
                bridged[id]?.labels = []
            }
            for (id, accounts) in wanted {
                let credentials = Dictionary(
                    accounts.map { ($0.label, $0.credentials) }, uniquingKeysWith: { first, _ in first })
                let environment = accounts[0].environment
                let labels = accounts.map(\.label)
                if let old = bridged[id], old.environment == environment {
                    old.connector.setAccounts(credentials)
                    bridged[id]?.labels = labels
                    continue
                }
                var left = bridged[id]?.left ?? [:]
                if let old = bridged[id] {
                    old.connector.setAccounts([:])
                    left[old.environment] = old.connector
                }
                let known = left.removeValue(forKey: environment)
                let connector =
                    known
                    ?? SidecarConnector(
                        id, client: client, accounts: credentials,
                        settings: .object([.flag("sandbox", environment == .testnet)]), environment: environment,
                        orderTag: orderTag, time: time, logger: logger)
                known?.comeBack(credentials)
                bridged[id] = Bridge(connector: connector, environment: environment, labels: labels, left: left)
            }
        }
    }

    /// Ends everything native; the sidecar ends with its own task.
    public func close() { native.close() }

    /// The same after a clean end: see ``ExchangeRegistry/standDown()``.
    public func standDown() async { await native.standDown() }
}
