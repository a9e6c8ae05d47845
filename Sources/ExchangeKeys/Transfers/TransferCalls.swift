import Exchanges
import Networking
import Scheduling
import TradingCore

/// One account's calls about transfers. For each use anew, as they are rare.
struct TransferCalls: Sendable {
    private var dialect: any ExchangeDialect
    /// Whose word the answers are: of another key's account they say nothing.
    var keyID: Int64?
    var accountID: String?
    /// No call is made, or waited for, beyond it.
    var deadline: Timestamp
    private var client: ExchangeClient
    /// The client with another way out.
    private let makeClient: @Sendable (@escaping ExchangeClient.Send) -> ExchangeClient
    private let send: ExchangeClient.Send
    private let credentials: ExchangeCredentials
    private let time: any TimeSource
    private let purpose: RateBudget.Purpose
    /// Milliseconds for each call.
    private static let patience: Int64 = 15_000

    /// - Parameters:
    ///   - purpose: what is to leave goes before what only asks.
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
        self.send = send
        let dialect: any ExchangeDialect
        do { dialect = try NativeExchange.dialect(account) } catch { throw .invalid(["\(error)"]) }
        self.dialect = dialect
        let shared = manners.manners(of: dialect)
        makeClient = { send in
            ExchangeClient(
                dialect,
                .init(
                    label: account.label, credentials: account.credentials,
                    // Above every nonce that trading with the account may have used by now, where there are such.
                    lastNonce: dialect.abilities.hasOrderedNonces ? time.now().milliseconds : 0,
                    hasOrderedNonces: dialect.abilities.hasOrderedNonces, receiveWindow: account.receiveWindow),
                manners: shared, breaker: CircuitBreaker(pause: Backoff(shortest: 1_000, longest: 1_000, seed: 1)),
                time: time, send: send)
        }
        client = makeClient(send)
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

    /// - Parameter refusal: asked when it has its turn and is signed, just before it leaves: why it must not; nil lets it go.
    func withdraw(
        _ withdrawal: WithdrawalRequest, unless refusal: @escaping @Sendable () async -> String?
    ) async throws(CallFailure) -> ExchangeTransfer {
        var gated = self
        gated.client = makeClient { [send, time] (request, milliseconds) throws(HTTPFailure) in
            let start = time.now()
            if let why = await refusal() { throw .notSent(why) }
            // Its signature is of before: one that was kept is not to come late.
            let left = milliseconds - time.now().nanoseconds(since: start) / Nanoseconds.perMillisecond
            guard left > 0 else { throw .notSent("its time was used up before it left") }
            return try await send(request, left)
        }
        return try await gated.perform { dialect throws(ExchangeFailure) in try dialect.withdraw(withdrawal) }
    }

    /// All since then, window by window, the oldest first.
    /// - Parameter since: milliseconds since 1970.
    func withdrawals(_ asset: AssetID, since: Int64) async throws(TransferError) -> WithdrawalList {
        let (history, askedAt) = (dialect.abilities.transferHistory, time.now())
        var windows = TransferWindows(since: since, now: askedAt.milliseconds, history)
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
        (list.keyID, list.accountID, list.askedAt) = (keyID, accountID, askedAt)
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
