public import Exchanges
public import Execution
import Logging
import Synchronization
public import TradingCore

/// Questions with an answer.
extension DialectAccount {
    public func openOrders(_ symbol: Symbol) async throws(ConnectorError) -> [ListedOrder] {
        let instrument = try await venue.instrument(symbol)
        var listed: [ListedOrder] = []
        let all = try await listOpenOrders(symbol)
        noteForeign(all, symbol)
        for order in all {
            guard let id = ownID(order) else { continue }
            tell(symbol) { $0.heard(order, id, at: venue.exchangeNow) }
            guard let row = OrderTranslation.listed(order, id, instrument) else {
                throw .unreadable("\(venue.id) \(symbol): open order \(order.id ?? "") without side, price or amount")
            }
            listed.append(row)
        }
        return listed
    }

    /// Exchanges that list a whole account's open orders in one go.
    private static let listWholeAccounts: Set<String> = ["binance", "bitfinex", "bybit", "gate", "okx"]

    public func symbolsWithOrders(of maker: InstallationID) async throws(ConnectorError) -> Set<Symbol>? {
        guard Self.listWholeAccounts.contains(venue.id.rawValue) else { return nil }
        // By them an answer's market is known.
        _ = try await venue.instruments()
        let all: [ExchangeOrder]
        do throws(ExchangeFailure) { all = try await allOpenOrders(nil) } catch { throw ConnectorError(error) }
        return Set(all.filter { ownID($0)?.installation == maker }.compactMap(\.symbol))
    }

    /// Orders of others are counted, said once, and left alone.
    func noteForeign(_ listed: [ExchangeOrder], _ symbol: Symbol) {
        let count = listed.reduce(0) { $0 + (ownID($1) == nil ? 1 : 0) }
        let isNew = state.withLock { state in
            state.foreignOrders[symbol] = count
            return count > 0 && state.foreignTold.insert(symbol).inserted
        }
        guard isNew else { return }
        venue.logger.notice(
            "\(venue.id)/\(label) \(symbol): \(count) open orders are not of this database, and are left alone")
    }

    /// Everybody's of the account, every page.
    func listOpenOrders(_ symbol: Symbol) async throws(ConnectorError) -> [ExchangeOrder] {
        do throws(ExchangeFailure) { return try await allOpenOrders(symbol) } catch { throw ConnectorError(error) }
    }

    /// Read anew when they change in between, as pages then leave orders out.
    /// - Parameter symbol: nil: of every instrument.
    func allOpenOrders(_ symbol: Symbol?) async throws(ExchangeFailure) -> [ExchangeOrder] {
        for _ in 0..<Self.mostReadings { if let whole = try await readOpenOrders(symbol) { return whole } }
        throw ExchangeFailure(
            .badResponse, exchange: venue.id.rawValue,
            message: "open orders of \(symbol.map { "\($0)" } ?? label) change while they are read")
    }

    private static let (mostReadings, mostPages) = (4, 200)

    /// - Returns: nil when they changed meanwhile.
    private func readOpenOrders(_ symbol: Symbol?) async throws(ExchangeFailure) -> [ExchangeOrder]? {
        var all: [ExchangeOrder] = []
        var known: Set<String> = []
        var totals: Set<Int> = []
        var query = HistoryQuery(symbol: symbol, limit: venue.abilities.openOrdersPage)
        for _ in 0..<Self.mostPages {
            let asked = query
            let page = try await perform { dialect throws(ExchangeFailure) in try dialect.openOrdersPage(asked) }
            for order in page.orders where order.id.map({ known.insert($0).inserted }) ?? true { all.append(order) }
            if let total = page.total { totals.insert(total) }
            guard let next = page.next else {
                return totals.count > 1 || all.count < totals.max() ?? 0 ? nil : all
            }
            query.fromID = next
        }
        throw ExchangeFailure(
            .badResponse, exchange: venue.id.rawValue, message: "more than \(Self.mostPages) pages of open orders")
    }

    /// Two looks, some time apart, before an order counts as one that the exchange does not know.
    public func order(_ id: ClientOrderID, _ symbol: Symbol) async throws(ConnectorError) -> OrderReport? {
        let instrument = try await venue.instrument(symbol)
        state.withLock { $0.tracker.note(id, symbol) }
        for attempt in 1...AcceptanceRule.lookUpsNeeded {
            do throws(ExchangeFailure) {
                let order = try await find(id, symbol)
                tell(symbol) { $0.heard(order, id, at: venue.exchangeNow) }
                return try report(order, id, instrument)
            } catch {
                guard error.kind == .orderNotFound else { throw ConnectorError(error) }
                if attempt < AcceptanceRule.lookUpsNeeded { try? await venue.sleep(AcceptanceRule.apart) }
            }
        }
        return nil
    }

    private func report(
        _ order: ExchangeOrder, _ id: ClientOrderID, _ instrument: Instrument
    ) throws(ExchangeFailure) -> OrderReport {
        do { return try OrderTranslation.report(order, id, instrument) } catch {
            throw ExchangeFailure(.badResponse, exchange: venue.id.rawValue, message: "\(error)")
        }
    }

    public func balances() async throws(ConnectorError) -> [AssetBalance] {
        let answer = try await answered { dialect throws(ExchangeFailure) in try dialect.balances([]) }
        return answer.balances.map {
            AssetBalance(asset: $0.asset, free: $0.free ?? .zero, locked: $0.used ?? .zero)
        }
    }

    // MARK: - Fills

    public func fills(
        _ symbol: Symbol, from tradeID: UInt64, limit: Int
    ) async throws(ConnectorError) -> [Fill] {
        let week = venue.exchangeNow &- 7 * 86_400_000
        return try await fills(symbol, since: week)
    }

    /// All of them, whatever the limit: whoever asks on from the last one gets the same.
    public func fills(
        _ symbol: Symbol, from mark: FillMark, limit: Int
    ) async throws(ConnectorError) -> [Fill] {
        try await fills(symbol, since: mark.time.nanoseconds / Nanoseconds.perMillisecond)
    }

    private func fills(_ symbol: Symbol, since: Int64) async throws(ConnectorError) -> [Fill] {
        let instrument = try await venue.instrument(symbol)
        var fills: [Fill] = []
        for trade in try await ownTrades(symbol, since: since) {
            let owner: ClientOrderID?
            // Whose a fill is has to be known: one that is left out now is never booked.
            do throws(ExchangeFailure) { owner = try await self.owner(of: trade, symbol) } catch {
                throw ConnectorError(error)
            }
            guard let id = owner else { continue }
            fills.append(try OrderTranslation.fill(trade, id, instrument))
        }
        return fills
    }

    /// Our trades on a market from a time on, the oldest first. A window that has more than an answer holds is asked for in
    /// halves, whichever end the exchange begins at.
    /// - Parameter since: exchange time, milliseconds.
    func ownTrades(_ symbol: Symbol, since: Int64) async throws(ConnectorError) -> [ExchangeTrade] {
        let end = venue.exchangeNow &+ 1_000
        let width = venue.abilities.ownTradesWindow ?? Int64.max / 4
        var windows: [ClosedRange<Int64>] = []
        var start = max(0, since)
        while start <= end {
            let last = min(end, start &+ width &- 1)
            windows.append(start...last)
            start = last &+ 1
        }
        windows.reverse()
        var trades: [ExchangeTrade] = []
        var known: Set<String> = []
        while let window = windows.popLast() {
            let page = venue.abilities.ownTradesPage
            let query = HistoryQuery(
                symbol: symbol, since: window.lowerBound, until: window.upperBound, limit: page)
            let answer = try await answered { dialect throws(ExchangeFailure) in try dialect.ownTrades(query) }
            if answer.count >= page, window.count > 1 {
                let middle = window.lowerBound &+ (window.upperBound &- window.lowerBound) / 2
                windows.append(middle &+ 1...window.upperBound)
                windows.append(window.lowerBound...middle)
                continue
            }
            for trade in answer where known.insert((trade.id ?? "") + " " + (trade.orderID ?? "")).inserted {
                trades.append(trade)
            }
        }
        return trades
    }

    func trades(of exchangeID: String, _ symbol: Symbol) async throws(ConnectorError) -> [ExchangeTrade] {
        let page = venue.abilities.ownTradesPage
        let reference = OrderReference(id: exchangeID, symbol: symbol)
        let answer = try await answered { dialect throws(ExchangeFailure) in
            try dialect.trades(of: reference, HistoryQuery(symbol: symbol, limit: page))
        }
        if answer.count < page { return answer }
        let placedAt = state.withLock { state in
            state.tracker.id(exchangeID: exchangeID).flatMap { state.tracker.orders[$0]?.placedAt }
        }
        return try await ownTrades(symbol, since: (placedAt ?? venue.exchangeNow &- 86_400_000) &- 60_000)
            .filter { $0.orderID == exchangeID }
    }

    /// Whose order a trade belongs to; nil for somebody else's.
    /// - Throws: when that could not be asked.
    func owner(of trade: ExchangeTrade, _ symbol: Symbol) async throws(ExchangeFailure) -> ClientOrderID? {
        switch dialect.ownership(of: trade) {
        case .own(let id): return id
        case .foreign: return nil
        case .untold: break
        }
        guard let exchangeID = trade.orderID else { return nil }
        do { return try await owner(of: exchangeID, symbol) } catch {
            guard error.kind == .orderNotFound else { throw error }
            // The exchange has forgotten the order: the trade's number is all there is, and the store knows its own.
            return trade.clientOrderID.flatMap { dialect.clientOrderID($0) }
        }
    }

    /// Asked once for each order, ours or not.
    /// - Throws: `orderNotFound` for one that the exchange knows nothing of any more, or why it could not be asked.
    func owner(of exchangeID: String, _ symbol: Symbol) async throws(ExchangeFailure) -> ClientOrderID? {
        let (known, isForeign) = state.withLock { state in
            (state.tracker.id(exchangeID: exchangeID), state.tracker.isForeign(exchangeID: exchangeID))
        }
        if let known { return known }
        if isForeign { return nil }
        let order = try await find(OrderReference(id: exchangeID, symbol: symbol))
        let id = dialect.ownership(of: order).id
        state.withLock { state in
            if let id {
                state.tracker.note(id, symbol)
                state.tracker.bind(id, exchangeID: exchangeID)
            } else {
                state.tracker.noteForeign(exchangeID: exchangeID)
            }
        }
        return id
    }

    private func answered<Answer: Sendable>(
        _ make: (any ExchangeDialect) throws(ExchangeFailure) -> EndpointCall<Answer>
    ) async throws(ConnectorError) -> Answer {
        do throws(ExchangeFailure) { return try await perform(make) } catch { throw ConnectorError(error) }
    }
}
