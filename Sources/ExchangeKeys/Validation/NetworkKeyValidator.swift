public import Exchanges
public import Networking
public import Scheduling
public import TradingCore

/// Asks the exchange itself, with the calls of its dialect: the time first, so that a wrong clock of ours is not taken for a
/// wrong key; then what the key may do; where the exchange does not tell, the balances, which only a good key can read.
public struct NetworkKeyValidator: KeyValidator {
    private let time: any TimeSource
    private let manners: MannersBook
    private let send: ExchangeClient.Send
    /// Milliseconds for each call.
    private let patience: Int64

    /// - Parameter manners: what trading with the same keys counts in.
    public init(
        time: any TimeSource, patience: Int64 = 8_000, manners: MannersBook = MannersBook(),
        send: @escaping ExchangeClient.Send
    ) {
        self.time = time
        self.patience = patience
        self.manners = manners
        self.send = send
    }

    public func supports(_ exchange: ExchangeID) -> Bool { NativeExchange(rawValue: exchange.rawValue) != nil }

    public func permissions(of account: ExchangeAccountSettings) async throws(KeyRefusal) -> KeyPermissions {
        let dialect: any ExchangeDialect
        do throws(SettingsFault) { dialect = try NativeExchange.dialect(account) } catch {
            throw .settings("\(error)")
        }
        let client = client(dialect, account)
        // A wrong answer about the time is not the key's fault; what is signed next tells.
        try? await client.measureClock(within: patience)
        do throws(ExchangeFailure) {
            let permissions = try await answer(client) { () throws(ExchangeFailure) in try dialect.permissions() }
            if permissions.canRead != nil || permissions.canTrade != nil { return await named(permissions, client) }
        } catch {
            guard Self.saysNothingOfTheKey(error, account.environment) else { throw refusal(error, account) }
        }
        do throws(ExchangeFailure) {
            _ = try await answer(client) { () throws(ExchangeFailure) in try dialect.balances([]) }
            return await named(KeyPermissions(canRead: true), client)
        } catch { throw refusal(error, account) }
    }

    /// With whose the key is, where that is told apart; a key that cannot ask for it is as good.
    private func named(_ permissions: KeyPermissions, _ client: ExchangeClient) async -> KeyPermissions {
        var named = permissions
        if named.accountID == nil {
            let told = try? await answer(client) { () throws(ExchangeFailure) in try client.dialect.accountID() }
            named.accountID = told ?? nil
        }
        return named
    }

    private func client(_ dialect: any ExchangeDialect, _ account: ExchangeAccountSettings) -> ExchangeClient {
        ExchangeClient(
            dialect,
            .init(
                label: account.label, credentials: account.credentials,
                hasOrderedNonces: dialect.abilities.hasOrderedNonces, receiveWindow: account.receiveWindow),
            manners: manners.manners(of: dialect),
            breaker: CircuitBreaker(threshold: 5, pause: Backoff(shortest: 1_000, longest: 1_000, seed: 1)), time: time,
            send: send)
    }

    private func answer<Answer: Sendable>(
        _ client: ExchangeClient, _ call: () throws(ExchangeFailure) -> EndpointCall<Answer>
    ) async throws(ExchangeFailure) -> Answer {
        let call = try call()
        do throws(CallFailure) { return try await client.perform(call, within: patience) } catch {
            throw error.failure
        }
    }

    /// The exchange has no such call, or, on a test network, often not: then the balances tell whether the key is good.
    private static func saysNothingOfTheKey(
        _ failure: ExchangeFailure, _ environment: ExchangeAccountSettings.Environment
    ) -> Bool {
        if failure.kind.is(.authenticationError) || failure.kind == .invalidNonce { return false }
        return !failure.isOutcomeUnknown || environment != .production
    }

    private func refusal(_ failure: ExchangeFailure, _ account: ExchangeAccountSettings) -> KeyRefusal {
        let causes = failure.keyCauses
        if causes.isEmpty, failure.isOutcomeUnknown {
            return .unreachable(account.credentials.hidden(in: "\(failure)"))
        }
        return .refused(KeyRefusal.words(failure, account.credentials), causes)
    }
}
