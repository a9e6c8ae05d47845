public import Exchanges
public import Logging
public import Scheduling
import Synchronization
public import TradingCore

/// An exchange without a connector of its own, through the sidecar.
public final class SidecarConnector: ExchangeConnector {
    private struct State {
        var credentials: [String: ExchangeCredentials] = [:]
        var accounts: [String: SidecarAccount] = [:]
        var instruments: [Symbol: Instrument] = [:]
        var skipped: [String: String] = [:]
        /// By quote, kept from the first load on: an estimate, and no reason to begin anew.
        var feeTokenPrices: [AssetID: FixedDecimal] = [:]
        /// Exchanges differ, and ccxt tells of none: longer than most, and what the sidecar says of those that are known to take longer.
        var validSeconds: Int64 = 150
    }

    public let id: ExchangeID
    public var displayName: String { id.rawValue.prefix(1).uppercased() + id.rawValue.dropFirst() }
    /// How long a signed request is valid, and before it how long one may wait in ccxt to be signed.
    public var acceptanceWindow: Int64 {
        Nanoseconds.seconds(state.withLock { $0.validSeconds }) + SidecarAccount.patience * Nanoseconds.perMillisecond
    }

    public let network: String
    let client: SidecarClient
    let time: any TimeSource
    let logger: Logger
    private let settings: JSONValue
    private let orderTag: OrderTag?
    private let state = Mutex(State())

    /// - Parameters:
    ///   - id: as ccxt calls the exchange.
    ///   - settings: `urls`, `sandbox`, `options` of `docs/sidecar.md`; where the exchange is reached.
    ///   - environment: which of its networks that is.
    public init(
        _ id: ExchangeID, client: SidecarClient, accounts: [String: ExchangeCredentials],
        settings: JSONValue = .object([]), environment: ExchangeAccountSettings.Environment = .production,
        orderTag: OrderTag? = nil, time: any TimeSource, logger: Logger
    ) {
        network = environment.name
        self.orderTag = orderTag
        self.id = id
        self.client = client
        self.settings = settings
        self.time = time
        var logger = logger
        logger[metadataKey: "exchange"] = "\(id)"
        self.logger = logger
        client.open(id.rawValue, exchange: id.rawValue, settings: settings)
        setAccounts(accounts)
    }

    /// From the network of another connector, which has taken the session of what is public.
    func comeBack(_ accounts: [String: ExchangeCredentials]) {
        client.open(id.rawValue, exchange: id.rawValue, settings: settings)
        setAccounts(accounts)
    }

    /// Makes these the accounts there are. One whose key did not change goes on undisturbed.
    public func setAccounts(_ accounts: [String: ExchangeCredentials]) {
        let (opened, closed) = state.withLock { state in
            let old = state.credentials
            state.credentials = accounts
            let closed = old.keys.filter { accounts[$0] == nil }.sorted()
            for label in closed { state.accounts[label] = nil }
            return (accounts.filter { old[$0.key] != $0.value }.sorted { $0.key < $1.key }, closed)
        }
        for label in closed { client.close(session(label)) }
        for (label, credentials) in opened {
            client.open(session(label), exchange: id.rawValue, credentials: credentials, settings: settings)
        }
    }

    private func session(_ label: String) -> String { "\(id)/\(label)" }

    // MARK: - Markets

    public func instruments() async throws(ConnectorError) -> [Instrument] {
        let abilities = try await question("abilities", .object([]))
        let isKnown = state.withLock { !$0.instruments.isEmpty }
        let listed = try await question("markets", .object([.flag("reload", isKnown)]), within: 60_000)
        let (instruments, skipped) = try SidecarConnector.instruments(id, abilities, listed)
        if !skipped.isEmpty {
            logger.notice(
                "\(skipped.count) markets cannot be traded through ccxt",
                metadata: ["first": "\(skipped.sorted { $0.key < $1.key }[0])"])
        }
        await priceFeeToken(instruments)
        return state.withLock { state in
            let priced = instruments.map { SidecarInstruments.priced($0, state.feeTokenPrices) }
            state.instruments = Dictionary(priced.map { ($0.id.symbol, $0) }, uniquingKeysWith: { first, _ in first })
            state.skipped = skipped
            return priced
        }
    }

    /// What the exchange's fee token is worth in the quotes that it is traded against.
    private func priceFeeToken(_ instruments: [Instrument]) async {
        guard let token = SidecarInstruments.feeToken(id), state.withLock({ $0.feeTokenPrices.isEmpty }) else { return }
        for symbol in instruments.map(\.id.symbol).filter({ $0.base == token }).prefix(6) {
            let told = try? await question("ticker", .object([.text("symbol", symbol.description)]))
            guard let price = told.flatMap({ try? UnifiedReading.ticker($0).last }) else { continue }
            state.withLock { $0.feeTokenPrices[symbol.quote] = price }
        }
    }

    /// - Returns: what can be traded, and why the rest cannot, by the exchange's name of the market.
    static func instruments(
        _ id: ExchangeID, _ abilities: JSONValue, _ listed: JSONValue
    ) throws(ConnectorError) -> ([Instrument], skipped: [String: String]) {
        guard let code = try? abilities.integer("precisionMode"),
            let mode = UnifiedReading.PrecisionMode(rawValue: code), let markets = listed.elements
        else { throw .unreadable("\(id): markets without a way to count precision") }
        var instruments: [Instrument] = []
        var skipped: [String: String] = [:]
        for value in markets {
            let name = value.text("id") ?? value.text("symbol") ?? "?"
            do {
                guard let market = try UnifiedReading.market(value, mode) else {
                    skipped[name] = "a symbol that cannot be written"
                    continue
                }
                if market.isActive == false { continue }
                instruments.append(try SidecarInstruments.instrument(id, market))
            } catch { skipped[name] = "\(error)" }
        }
        return (instruments, skipped)
    }

    func instrument(_ symbol: Symbol) async throws(ConnectorError) -> Instrument {
        if let known = state.withLock({ $0.instruments[symbol] }) { return known }
        _ = try await instruments()
        let (found, skipped) = state.withLock { ($0.instruments[symbol], $0.skipped) }
        if let found { return found }
        if let why = skipped[symbol.description] { throw .refused("\(symbol) on \(id): \(why)") }
        throw .unknownSymbol(symbol)
    }

    func question(
        _ method: String, _ arguments: JSONValue, within: Int64 = 10_000
    ) async throws(ConnectorError) -> JSONValue {
        do { return try await client.ask(method, session: id.rawValue, arguments, within: within) } catch {
            throw error.asConnectorError
        }
    }

    // MARK: - Streams

    public func subscribe(
        _ symbol: Symbol, _ sink: @escaping @Sendable ([MarketRecord]) -> Void
    ) async throws(ConnectorError) -> Subscription {
        let feed = SidecarMarketFeed(try await instrument(symbol), time: time, logger: logger, sink)
        let book = client.subscribe(id.rawValue, SidecarConnector.stream("orderBook", symbol)) { feed.take($0) }
        let trades = client.subscribe(id.rawValue, SidecarConnector.stream("trades", symbol)) { feed.takeTrades($0) }
        return Subscription {
            book.cancel()
            trades.cancel()
        }
    }

    static func stream(_ kind: String, _ symbol: Symbol) -> JSONValue {
        .object([.text("stream", kind), .text("symbol", symbol.description)])
    }

    // MARK: - Accounts

    /// What an account has resting, by quote; nothing for one that nobody has traded with.
    func unattended(_ label: String) -> [AssetID: FixedDecimal] {
        state.withLock { $0.accounts[label] }?.unattended ?? [:]
    }

    /// What is wrong with an account's streams, for people; nil where they tell.
    func silentStream(_ label: String) -> String? { state.withLock { $0.accounts[label] }?.silentStream }

    /// - Throws: `refused` for an exchange on which an order whose answer is lost could not be found again.
    public func account(_ label: String) async throws(ConnectorError) -> any ExchangeAccount {
        guard state.withLock({ $0.credentials[label] }) != nil else { throw .unknownAccount(label) }
        if let known = state.withLock({ $0.accounts[label] }) { return known }
        let abilities = try await question("abilities", .object([]))
        let obstacles = (abilities["obstacles"]?.elements ?? []).compactMap(\.text)
        guard obstacles.isEmpty else {
            throw .refused("\(id) cannot be traded on through ccxt: it \(obstacles.joined(separator: ", "))")
        }
        let validSeconds = try? abilities.integer("acceptanceSeconds")
        return state.withLock { state in
            state.validSeconds = max(state.validSeconds, validSeconds ?? 0)
            if let known = state.accounts[label] { return known }
            let account = SidecarAccount(
                label, session: session(label), connector: self,
                ids: SidecarClientIDs(abilities.text("clientIdStyle"), orderTag))
            state.accounts[label] = account
            return account
        }
    }
}
