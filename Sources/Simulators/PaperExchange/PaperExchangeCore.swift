import Execution
import MarketData
import TradingCore

/// What an account asks of a paper exchange that changes something. Kept in the journal, so that a restart does it again.
struct PaperCommand: Hashable, Codable, Sendable {
    enum Action: Hashable, Codable, Sendable {
        case place(OrderRequest)
        case cancel(ClientOrderID)
    }

    var account: String
    var symbol: Symbol
    var action: Action
}

/// The paper exchange's deciding part: markets, matching, balances, and what became of every order. No clock, no I/O; the
/// same commands at the same times give the same outcome, however finely ``advance(to:)`` is stepped.
final class PaperExchangeCore {
    /// One instrument's market.
    final class Market {
        let instrument: Instrument
        var engine: MatchingEngine
        var feed: PaperMarketFeed

        init(_ instrument: Instrument, _ engine: consuming MatchingEngine, _ feed: PaperMarketFeed) {
            self.instrument = instrument
            self.engine = engine
            self.feed = feed
        }
    }

    /// What has to be told.
    struct Outcome {
        /// Whole messages of the markets that moved.
        var market: [(symbol: Symbol, records: [MarketRecord])] = []
        var account: [(label: String, symbol: Symbol, event: AccountEvent)] = []
    }

    let configuration: PaperExchangeConfiguration
    let genesis: Timestamp
    private let firstTrade: UInt64
    private(set) var now: Timestamp
    var markets: [Symbol: Market] = [:]
    private(set) var symbols: [Symbol] = []
    var balances: PaperBalances
    private(set) var accounts: [String: AccountID] = [:]
    private var labels: [AccountID: String] = [:]
    /// Fills and ends that are not stored yet.
    var history = PaperHistory()

    /// - Parameter firstTrade: the number of each market's first trade, from 1.
    init(
        _ configuration: PaperExchangeConfiguration, genesis: Timestamp, firstTrade: UInt64 = 1,
        restoring state: PaperExchangeState? = nil
    ) throws {
        self.configuration = configuration
        self.firstTrade = firstTrade
        self.genesis = genesis
        now = state?.now ?? genesis
        let assets = configuration.listings.flatMap { [$0.instrument.base, $0.instrument.quote] }
        balances = PaperBalances(assets: assets + configuration.accounts.flatMap { $0.funds.keys.sorted() })
        for account in configuration.accounts {
            let id = balances.openAccount()
            (accounts[account.label], labels[id]) = (id, account.label)
        }
        if let state { balances = try PaperBalances(state.balances) } else { try deposit() }
        for listing in configuration.listings { try open(listing, state) }
    }

    private func deposit() throws {
        for account in configuration.accounts {
            guard let id = accounts[account.label] else { continue }
            for (asset, amount) in account.funds.sorted(by: { $0.key < $1.key }) {
                guard let index = balances.index(of: asset) else { continue }
                try balances.deposit(amount, index, to: id)
            }
        }
    }

    private func open(_ listing: PaperExchangeConfiguration.Listing, _ state: PaperExchangeState?) throws {
        let symbol = listing.instrument.id.symbol
        var engine = try MatchingEngine(
            instrument: listing.instrument, balances: balances, configuration: listing.matching)
        engine.numberTrades(from: firstTrade)
        var feed = try PaperMarketFeed(listing.source, genesis: genesis)
        if let stored = state?.markets[symbol.description] {
            engine.restore(stored.matching)
            feed = try PaperMarketFeed(listing.source, genesis: genesis, at: stored.feed)
        }
        markets[symbol] = Market(listing.instrument, engine, feed)
        symbols.append(symbol)
    }

    // MARK: - Time and commands

    /// Plays every market forward.
    /// - Parameter shows: whether anybody wants the records.
    func advance(to time: Timestamp, shows: Bool = true, into outcome: inout Outcome) throws {
        guard time >= now else { return }
        now = time
        for symbol in symbols {
            guard let market = markets[symbol] else { continue }
            var records: [MarketRecord] = []
            while let next = try market.feed.nextTime(), next <= time {
                let record = market.feed.take()
                market.engine.apply(record, balances: &balances)
                if shows { records.append(record) }
                if !market.engine.reports.isEmpty { drain(market, &outcome) }
            }
            if !records.isEmpty { outcome.market.append((symbol, records)) }
        }
    }

    /// When the next record of any market is due.
    func nextDue() throws -> Timestamp {
        try symbols.reduce(.distantFuture) { due, symbol in
            min(due, try markets[symbol]?.feed.nextTime() ?? .distantFuture)
        }
    }

    /// Carries a command out at the present time.
    func apply(_ command: PaperCommand, into outcome: inout Outcome) {
        guard let market = markets[command.symbol], let account = accounts[command.account] else { return }
        switch command.action {
        case .place(let request):
            if history.order(request.id, command.account) != nil {
                outcome.account.append((command.account, command.symbol, .rejected(request.id, .duplicateID)))
                return
            }
            history.placed(request, command.account, command.symbol)
            market.engine.submit(request, from: account, at: now, balances: &balances)
        case .cancel(let id):
            market.engine.cancel(id, from: account, balances: &balances)
        }
        drain(market, &outcome)
    }

    private func drain(_ market: Market, _ outcome: inout Outcome) {
        let symbol = market.instrument.id.symbol
        for report in market.engine.reports {
            guard let label = labels[report.account] else { continue }
            history.note(report.event, label, symbol)
            outcome.account.append((label, symbol, report.event))
        }
        market.engine.reports.removeAll(keepingCapacity: true)
    }

    // MARK: - Looking

    /// The whole market as a subscriber gets it first; empty while it has none.
    func snapshot(_ symbol: Symbol) -> [MarketRecord] {
        guard let market = markets[symbol], market.engine.isOpen else { return [] }
        func record(_ kind: MarketRecord.Kind, _ side: Side, _ price: Price, _ quantity: Quantity) -> MarketRecord {
            MarketRecord(time: now, kind: kind, side: side, price: price, quantity: quantity, isLast: false)
        }
        var records = [record(.reset, .buy, Price(ticks: 0), .zero)]
        for side in Side.allCases {
            for level in market.engine.book.levels(side, limit: .max) {
                records.append(record(.snapshot, side, level.price, level.quantity))
            }
        }
        records[records.count - 1].isLast = true
        return records
    }

    func openOrders(_ label: String, _ symbol: Symbol) -> [(request: OrderRequest, remaining: Quantity)] {
        guard let market = markets[symbol], let account = accounts[label] else { return [] }
        return market.engine.openOrders(of: account)
    }

    var state: PaperExchangeState {
        var stored: [String: PaperExchangeState.Market] = [:]
        for (symbol, market) in markets {
            stored[symbol.description] = PaperExchangeState.Market(
                matching: market.engine.state, feed: market.feed.checkpoint)
        }
        return PaperExchangeState(now: now, balances: balances.state, markets: stored)
    }
}

/// All of a paper exchange that decides what comes next.
struct PaperExchangeState: Codable, Sendable {
    struct Market: Codable, Sendable {
        var matching: MatchingEngineState
        var feed: PaperMarketFeed.Position
    }

    var now: Timestamp
    var balances: PaperBalancesState
    /// By symbol.
    var markets: [String: Market]
}
