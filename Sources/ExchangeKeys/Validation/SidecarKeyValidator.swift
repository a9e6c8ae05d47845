public import Exchanges
public import Networking
import Synchronization
public import TradingCore

/// Asks an exchange without a connector of its own, through the sidecar: whoever can read the balances has a good key. What
/// else it may do ccxt does not tell.
public struct SidecarKeyValidator: KeyValidator {
    private let client: SidecarClient
    /// What ccxt knows; asked once.
    private let catalog: SidecarCatalog
    /// Milliseconds.
    private let patience: Int64

    public init(_ client: SidecarClient, catalog: SidecarCatalog, patience: Int64 = 20_000) {
        self.client = client
        self.catalog = catalog
        self.patience = patience
    }

    /// Every other one: ccxt says itself which it does not know.
    public func supports(_ exchange: ExchangeID) -> Bool { NativeExchange(rawValue: exchange.rawValue) == nil }

    public func permissions(of account: ExchangeAccountSettings) async throws(KeyRefusal) -> KeyPermissions {
        let names: [String]
        do { names = try await catalog.names() } catch { throw .unreachable("\(error)") }
        guard names.contains(account.exchange.rawValue) else {
            throw .settings("exchange \(account.exchange): must be one that ccxt knows")
        }
        let session = "\(account.exchange)/check of \(account.label)"
        client.open(
            session, exchange: account.exchange.rawValue, credentials: account.credentials,
            settings: .object([.init(key: "sandbox", value: .bool(account.environment == .testnet))]))
        defer { client.close(session) }
        do { _ = try await client.ask("balance", session: session, within: patience) } catch {
            let causes = error.keyCauses
            if !causes.isEmpty { throw .refused(KeyRefusal.words(error, account.credentials), causes) }
            switch error.kind {
            case .refused: throw .refused(KeyRefusal.words(error, account.credentials), [])
            case .unsupported: throw .settings(account.credentials.hidden(in: "\(error)"))
            case .unknown, .unavailable, .unreadable:
                throw .unreachable(account.credentials.hidden(in: "\(error)"))
            }
        }
        return KeyPermissions(canRead: true)
    }
}
