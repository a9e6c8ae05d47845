import Execution
import TradingCore

/// The exchange's deciding part: markets, matching, balances, and what became of every order. No clock, no I/O, no chance: the
/// same commands at the same times give the same outcome, however finely ``advance(to:)`` is stepped.
final class SpotCore {
    let configuration: SpotConfiguration
    let genesis: Timestamp
    private(set) var now: Timestamp
    /// In the order they are listed.
    private(set) var markets: [SpotMarket] = []
    private var byName: [String: SpotMarket] = [:]
    var balances: PaperBalances
    private(set) var accounts: [String: AccountID] = [:]
    private(set) var names: [AccountID: String] = [:]
    var records: OrderRecords
    /// What nobody was told of yet.
    var events: [SpotEvent] = []
    /// Whether anybody looks: while playing forward after a start nobody does.
    var isWatched = false
    /// What live markets have told, see ``SpotCore/hear(until:)``.
    var heard = HeardMarkets()
    private var nextOrderID: Int64 = 1
    private var nextEvent: Int64 = 1

    init(
        _ configuration: SpotConfiguration, genesis: Timestamp, restoring stored: SpotJournal.Recovered? = nil,
        depthStart: Int64
    ) throws {
        self.configuration = configuration
        self.genesis = genesis
        let state = stored?.state
        now = state?.now ?? genesis
        records = OrderRecords(orders: stored?.orders ?? [], fills: stored?.fills ?? [])
        let assets = configuration.listings.flatMap { [$0.instrument.base, $0.instrument.quote] }
        balances = PaperBalances(assets: assets + configuration.accounts.flatMap { $0.funds.keys.sorted() })
        for account in configuration.accounts {
            let id = balances.openAccount()
            (accounts[account.name], names[id]) = (id, account.name)
        }
        if let state {
            balances = try PaperBalances(state.balances)
            (nextOrderID, nextEvent) = (state.nextOrderID, state.nextEvent)
        } else {
            try deposit()
        }
        for listing in configuration.listings {
            let symbol = listing.instrument.id.symbol
            let name = symbol.base.rawValue + symbol.quote.rawValue
            let market = try SpotMarket(
                listing, balances, genesis: genesis, restoring: state?.markets[name],
                candles: stored?.candles[name] ?? [], depthStart: depthStart)
            markets.append(market)
            byName[name] = market
        }
    }

    private func deposit() throws {
        for account in configuration.accounts {
            guard let id = accounts[account.name] else { continue }
            for (asset, amount) in account.funds.sorted(by: { $0.key < $1.key }) {
                guard let index = balances.index(of: asset) else { continue }
                try balances.deposit(amount, index, to: id)
            }
        }
    }

    var state: SpotState {
        SpotState(
            now: now, balances: balances.state,
            markets: Dictionary(markets.map { ($0.name, $0.state) }, uniquingKeysWith: { first, _ in first }),
            nextOrderID: nextOrderID, nextEvent: nextEvent)
    }

    func market(_ name: String) throws(SpotError) -> SpotMarket {
        guard let market = byName[name] else { throw .badSymbol }
        return market
    }

    // MARK: - Time

    /// Plays every market forward.
    func advance(to time: Timestamp) throws {
        guard time >= now else { return }
        now = time
        for market in markets {
            while let next = try market.feed.nextTime(), next <= time {
                take(market.feed.take(), market)
            }
        }
    }

    func take(_ record: MarketRecord, _ market: SpotMarket) {
        market.apply(record, balances: &balances, notesDepth: isWatched)
        if record.kind == .trade || !market.engine.reports.isEmpty { drain(market, after: record) }
    }

    /// When the next record of any market is due.
    func nextDue() throws -> Timestamp {
        var due = Timestamp.distantFuture
        for market in markets { due = min(due, try market.feed.nextTime() ?? .distantFuture) }
        return due
    }

    func takeOrderID() -> Int64 {
        defer { nextOrderID += 1 }
        return nextOrderID
    }

    // MARK: - Telling

    func tell(_ account: String, _ body: SpotEvent.Body) {
        defer { nextEvent += 1 }
        guard isWatched else { return }
        events.append(SpotEvent(account: account, time: now, number: nextEvent, body: body))
    }

    func tellBalances(_ account: String, _ market: SpotMarket) {
        var assets = [market.instrument.base, market.instrument.quote]
        if case .third(let third, _, _) = market.instrument.fees.payment, !assets.contains(third) {
            assets.append(third)
        }
        tell(account, .balances(assets.map { balance(account, $0) }))
    }

    func balance(_ account: String, _ asset: AssetID) -> SpotEvent.Balance {
        guard let id = accounts[account], let index = balances.index(of: asset) else {
            return SpotEvent.Balance(asset: asset, free: .zero, locked: .zero)
        }
        let balance = balances.balance(id, index)
        return SpotEvent.Balance(asset: asset, free: balance.free, locked: balance.locked)
    }
}
