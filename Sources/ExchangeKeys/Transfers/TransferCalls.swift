import Exchanges
import Networking
import Scheduling
import TradingCore

/// One account's calls about transfers. For each use anew, as they are rare.
struct TransferCalls: Sendable {
    private var dialect: any ExchangeDialect
    private let client: ExchangeClient
    /// Milliseconds for each call.
    private static let patience: Int64 = 15_000

    /// - Throws: field, value and rule of settings that cannot be.
    init(
        _ account: ExchangeAccountSettings, manners: MannersBook, time: any TimeSource,
        send: @escaping ExchangeClient.Send
    ) throws(TransferError) {
        do { dialect = try NativeExchange.dialect(account) } catch { throw .invalid(["\(error)"]) }
        client = ExchangeClient(
            dialect,
            .init(
                label: account.label, credentials: account.credentials,
                // Above every nonce that trading with the account may have used by now, where there are such.
                lastNonce: dialect.abilities.hasOrderedNonces ? time.now().nanoseconds / 1_000_000 : 0,
                hasOrderedNonces: dialect.abilities.hasOrderedNonces, receiveWindow: account.receiveWindow),
            manners: manners.manners(of: dialect),
            breaker: CircuitBreaker(pause: Backoff(shortest: 1_000, longest: 1_000, seed: 1)), time: time, send: send)
    }

    /// The exchange's own list, with which its names of networks are read and written.
    mutating func currencies() async throws(TransferError) -> [ExchangeCurrency] {
        // Signatures want the exchange's time; what is signed next tells whether it is known.
        try? await client.measureClock()
        let list = try await answer { dialect throws(ExchangeFailure) in try dialect.currencies() }
        dialect.catalog = MarketCatalog(markets: [], currencies: list)
        return list
    }

    func depositAddress(_ route: TransferRoute) async throws(TransferError) -> DepositAddress {
        let (asset, network) = (route.asset, route.network.code)
        do throws(CallFailure) {
            return try await perform { dialect throws(ExchangeFailure) in
                try dialect.depositAddress(asset, network: network, [])
            }
        } catch {
            // None yet: one is made, on the same network.
            guard error.failure.kind.is(.invalidAddress) || error.failure.kind == .addressPending else {
                throw Self.meaning(error)
            }
        }
        return try await answer { dialect throws(ExchangeFailure) in
            try dialect.createDepositAddress(asset, network: network, [])
        }
    }

    func withdraw(_ withdrawal: WithdrawalRequest) async throws(CallFailure) -> ExchangeTransfer {
        try await perform { dialect throws(ExchangeFailure) in try dialect.withdraw(withdrawal) }
    }

    func withdrawals(_ asset: AssetID, since: Int64) async throws(TransferError) -> [ExchangeTransfer] {
        try await answer { dialect throws(ExchangeFailure) in
            try dialect.withdrawals(HistoryQuery(asset: asset, since: since))
        }
    }

    // MARK: - Asking

    private func answer<Answer: Sendable>(
        _ make: (any ExchangeDialect) throws(ExchangeFailure) -> EndpointCall<Answer>
    ) async throws(TransferError) -> Answer {
        do throws(CallFailure) { return try await perform(make) } catch { throw Self.meaning(error) }
    }

    private func perform<Answer: Sendable>(
        _ make: (any ExchangeDialect) throws(ExchangeFailure) -> EndpointCall<Answer>
    ) async throws(CallFailure) -> Answer {
        let call: EndpointCall<Answer>
        do { call = try make(dialect) } catch { throw .notCarriedOut(error) }
        return try await client.perform(call, within: Self.patience)
    }

    private static func meaning(_ failure: CallFailure) -> TransferError {
        failure.failure.isOutcomeUnknown ? .unreachable("\(failure.failure)") : .refused("\(failure.failure)")
    }
}
