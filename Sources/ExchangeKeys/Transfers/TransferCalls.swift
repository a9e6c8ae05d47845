import Exchanges
import Networking
import Scheduling
import TradingCore

/// One account's calls about transfers. For each use anew, as they are rare.
struct TransferCalls: Sendable {
    private var dialect: any ExchangeDialect
    /// Whose word the answers are: of another key's account they say nothing.
    var keyID: Int64?
    private let client: ExchangeClient
    private let credentials: ExchangeCredentials
    private let time: any TimeSource
    private let purpose: RateBudget.Purpose
    private let deadline: Timestamp
    /// Milliseconds for each call.
    private static let patience: Int64 = 15_000

    /// - Parameters:
    ///   - purpose: what is to leave goes before what only asks.
    ///   - deadline: no call is made, or waited for, beyond it.
    /// - Throws: field, value and rule of settings that cannot be.
    init(
        _ account: ExchangeAccountSettings, manners: MannersBook, time: any TimeSource,
        purpose: RateBudget.Purpose = .ordinary, until deadline: Timestamp = .distantFuture,
        send: @escaping ExchangeClient.Send
    ) throws(TransferError) {
        self.time = time
        credentials = account.credentials
        self.purpose = purpose
        self.deadline = deadline
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
        let left = left
        if left > 0 { try? await client.measureClock(within: min(5_000, left)) }
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

    /// All since then, window by window, the oldest first.
    /// - Parameter since: milliseconds since 1970.
    func withdrawals(_ asset: AssetID, since: Int64) async throws(TransferError) -> WithdrawalList {
        let history = dialect.abilities.transferHistory
        var windows = TransferWindows(
            since: since, now: time.now().nanoseconds / Nanoseconds.perMillisecond, history)
        var list = WithdrawalList()
        while let window = windows.next() {
            let query = HistoryQuery(asset: asset, since: window.since, until: window.until, limit: history.page)
            let rows = try await answer { dialect throws(ExchangeFailure) in
                try history.holdsBoth ? dialect.depositsAndWithdrawals(query) : dialect.withdrawals(query)
            }
            windows.answered(window, rows: rows.count)
            list.add(rows.filter { $0.kind != .deposit })
        }
        list.isWhole = windows.isWhole
        list.keyID = keyID
        return list
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
        let left = left
        guard left > 0 else {
            var failure = ExchangeFailure(
                .requestTimeout, exchange: dialect.id.rawValue, endpoint: call.request.endpoint,
                message: "not asked: the time for its exchange was used up")
            failure.isHeldBack = true
            throw .notCarriedOut(failure)
        }
        do throws(CallFailure) {
            return try await client.perform(call, purpose, within: min(Self.patience, left))
        } catch { throw hidden(error) }
    }

    /// Its words are stored, answered and logged: without what the exchange may have repeated of the request.
    private func hidden(_ failure: CallFailure) -> CallFailure {
        var shown = failure.failure
        shown.message = credentials.hidden(in: shown.message)
        shown.code = shown.code.map { credentials.hidden(in: $0) }
        switch failure {
        case .notCarriedOut: return .notCarriedOut(shown)
        case .unknown(_, let timestamp, let window): return .unknown(shown, timestamp: timestamp, window: window)
        }
    }

    /// Milliseconds until the deadline.
    private var left: Int64 { deadline.nanoseconds(since: time.now()) / Nanoseconds.perMillisecond }

    static func meaning(_ failure: CallFailure) -> TransferError {
        let failure = failure.failure
        if failure.isHeldBack {
            let seconds = failure.retryAfter.map { "in \(max(0, $0) / 1_000 + 1) seconds" } ?? "a little later"
            return .heldBack("nothing was sent, the same request may be made again \(seconds): \(failure)")
        }
        return failure.isOutcomeUnknown ? .unreachable("\(failure)") : .refused("\(failure)")
    }
}
