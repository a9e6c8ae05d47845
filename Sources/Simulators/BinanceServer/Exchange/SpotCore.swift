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
    private var names: [AccountID: String] = [:]
    var records: OrderRecords
    /// What nobody was told of yet.
    var events: [SpotEvent] = []
    /// Whether anybody looks: while playing forward after a start nobody does.
    var isWatched = false
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
                let record = market.feed.take()
                market.apply(record, balances: &balances, notesDepth: isWatched)
                if record.kind == .trade || !market.engine.reports.isEmpty { drain(market, after: record) }
            }
        }
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

    // MARK: - What the engine did

    /// Books what a record, or a command, did to orders, and prints its trades.
    /// - Parameter cancelID: of the request that ended an order.
    func drain(_ market: SpotMarket, after record: MarketRecord? = nil, cancelID: String? = nil) {
        var printed: [UInt64: PublicTrade] = [:]
        var touched: [String] = []
        var left = record.flatMap { $0.kind == .trade ? $0.quantity.lots : nil } ?? 0
        for report in market.engine.reports {
            guard let account = names[report.account], let order = records[Int64(report.event.orderID.rawValue)]
            else { continue }
            if case .filled(let fill) = report.event {
                let trade =
                    printed[fill.tradeID]
                    ?? market.print(
                        fill.price, fill.quantity, at: fill.time,
                        isBuyerMaker: (fill.liquidity == .maker) == (fill.side == .buy))
                if printed.updateValue(trade, forKey: fill.tradeID) == nil { left -= fill.quantity.lots }
                book(fill, trade, order, market)
            } else {
                book(report.event, order, market, cancelID)
            }
            if !touched.contains(account) { touched.append(account) }
        }
        market.engine.reports.removeAll(keepingCapacity: true)
        if let record, record.kind == .trade, left > 0 {
            _ = market.print(
                record.price, Quantity(lots: left), at: record.time, isBuyerMaker: record.side == .sell)
        }
        for account in touched { tellBalances(account, market) }
    }

    private func book(_ fill: Fill, _ trade: PublicTrade, _ before: SpotOrder, _ market: SpotMarket) {
        var order = before
        let value = market.unit.notional(fill.price, fill.quantity)
        order.executed += fill.quantity.lots
        order.value = (try? order.value.adding(value)) ?? order.value
        order.status = order.executed >= order.lots ? .filled : .partlyFilled
        order.updated = fill.time
        let asset: AssetID
        switch fill.feeAsset {
        case .base: asset = market.instrument.base
        case .quote: asset = market.instrument.quote
        case .other:
            if case .third(let third, _, _) = market.instrument.fees.payment {
                asset = third
            } else {
                asset = market.instrument.quote
            }
        }
        let booked = SpotFill(
            tradeID: trade.id, orderID: order.id, account: order.account, symbol: order.symbol, side: order.side,
            ticks: fill.price.ticks, lots: fill.quantity.lots, value: value, commission: fill.fee,
            commissionAsset: asset, isMaker: fill.liquidity == .maker, time: fill.time)
        records.update(order)
        records.add(booked)
        market.depth.touch(order.side, fill.price.ticks)
        market.depth.touch(order.side.opposite, fill.price.ticks)
        tell(order.account, .order(order, .trade, fill: booked, cancelID: nil))
    }

    private func book(_ event: AccountEvent, _ before: SpotOrder, _ market: SpotMarket, _ cancelID: String?) {
        var order = before
        if let price = order.ticket.price, let ticks = try? price.count(of: market.unit.price, rounding: .down) {
            market.depth.touch(order.side, ticks)
        }
        switch event {
        case .accepted: tell(order.account, .order(order, .new, fill: nil, cancelID: nil))
        case .cancelled:
            (order.status, order.updated) = (.cancelled, now)
            records.update(order)
            tell(order.account, .order(order, .cancelled, fill: nil, cancelID: cancelID ?? ""))
        case .expired(_, let reason):
            let isPrevented = reason == .selfTradePrevention
            (order.status, order.updated) = (isPrevented ? .expiredInMatch : .expired, now)
            records.update(order)
            tell(order.account, .order(order, isPrevented ? .prevented : .expired, fill: nil, cancelID: nil))
        case .rejected, .filled, .cancelRejected, .outcomeUnknown, .notFound: break
        }
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
