import Exchanges
import Execution
import Logging
import Persistence
import Scheduling
import TradingCore

/// An account that is to be asked for orders which a restored database has forgotten.
struct RestoredAccount: Sendable {
    let exchange: ExchangeID
    let label: String
    /// Where anything stored was ever traded on it.
    var symbols: Set<Symbol> = []

    var name: String { "\(exchange)/\(label)" }
}

/// After a restore strategies that have ended by the store may have orders at the exchange: every account is asked, not only those with
/// something unfinished. Without a restore a stop has verified that nothing of a strategy's is open.
extension StrategySupervisor {
    /// Those that the store knows, and those that can be reached here: what was younger than the backup it has forgotten whole.
    static func restoredAccounts(
        _ transaction: any SQLTransaction, reachable: [RestoredAccount]
    ) throws -> [RestoredAccount] {
        let store = RestoreLookStore(transaction: transaction)
        if try Restores.count(transaction) == 0 { return [] }
        var accounts: [String: RestoredAccount] = [:]
        for account in reachable where try store.isPending(account.exchange, account.label) {
            accounts[account.name] = account
        }
        for place in try store.pending() {
            accounts[place.accountName, default: RestoredAccount(exchange: place.exchange, label: place.account)]
                .symbols.insert(place.symbol)
        }
        return accounts.values.sorted { $0.name < $1.name }
    }

    /// Accounts that this server has by itself, traded on or not.
    var reachableAccounts: [RestoredAccount] {
        let kept = (directory as? any ExchangeAccountsHolder)?.states ?? []
        return kept.map { RestoredAccount(exchange: $0.exchange, label: $0.label) }
    }

    /// Asks an account where orders of this database's rest.
    /// - Parameter known: looked at anyhow.
    /// - Throws: when the exchange does not answer. An account that is gone has nobody to ask.
    func placesOfForgottenOrders(
        _ restored: RestoredAccount, besides known: Set<TradingPlace>
    ) async throws
        -> Set<TradingPlace>
    {
        guard let connector = directory.connector(restored.exchange) else {
            throw DeskError.unknownAccount(restored.name)
        }
        let account = try await connector.account(restored.label)
        // Who cannot tell whose an order is leaves it alone.
        guard connector.marksOwnOrders else { return [] }
        var symbols = restored.symbols
        symbols.formUnion(try await symbolsOfWholeAccount(account, restored.name))
        var places: Set<TradingPlace> = []
        for symbol in symbols.sorted(by: { "\($0)" < "\($1)" }) {
            let place = TradingPlace(exchange: restored.exchange, account: restored.label, symbol: symbol)
            if !known.contains(place), try await hasOwnOrders(account, symbol) { places.insert(place) }
        }
        return places
    }

    /// Nothing where the exchange does not tell of whole accounts, or will not.
    private func symbolsOfWholeAccount(
        _ account: any ExchangeAccount, _ name: String
    ) async throws(ConnectorError) -> Set<Symbol> {
        do throws(ConnectorError) {
            return try await account.symbolsWithOrders(of: runtime.installation) ?? []
        } catch {
            if case .unreachable = error { throw error }
            runtime.logger.warning("\(name): asked for the orders of the whole account it answers: \(error)")
            return []
        }
    }

    private func hasOwnOrders(_ account: any ExchangeAccount, _ symbol: Symbol) async throws(ConnectorError) -> Bool {
        do throws(ConnectorError) {
            return try await account.openOrders(symbol).contains { $0.id.installation == runtime.installation }
        } catch {
            // What is not traded any more has no orders.
            guard case .unknownSymbol = error else { throw error }
            return false
        }
    }

    /// Remembers which accounts need not be asked again, each once all that was found there is off the book: a kill before that leaves
    /// it to the next start.
    func rememberRestoreLooks() async {
        if looked.isEmpty { return }
        let schedule = runtime.registry.schedule("looks after a restore")
        defer { schedule.end() }
        schedule.works(since: runtime.time.now())
        var wait = 200 * Nanoseconds.perMillisecond
        while !looked.isEmpty, !Task.isCancelled {
            for account in looked.values where await !hasStrays(account.name) {
                let isStored: Void? = try? await runtime.database.write { transaction in
                    try RestoreLookStore(transaction: transaction).done(account.exchange, account.label)
                }
                if isStored != nil { looked[account.name] = nil }
            }
            if looked.isEmpty { return }
            let next = runtime.time.now().advanced(byNanoseconds: wait)
            do { try await schedule.wait(until: next, on: runtime.time) } catch { return }
            wait = min(2 * wait, Nanoseconds.seconds(5))
        }
    }

    private func hasStrays(_ account: String) async -> Bool {
        for (place, executor) in executors where place.accountName == account {
            if await executor.unattended != nil { return true }
        }
        return false
    }
}
