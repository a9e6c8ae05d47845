import Exchanges
import Execution
import Logging
import Scheduling
import Synchronization
import TradingCore

/// One account on an exchange that is reached through the sidecar.
final class SidecarAccount: ExchangeAccount {
    let label: String
    let session: String
    let connector: SidecarConnector
    let ids: SidecarClientIDs
    let startedAt: Timestamp
    private let desks = Mutex<[Symbol: SidecarOrderDesk]>([:])

    /// What rests unattended when the server ends, by quote.
    var unattended: [AssetID: FixedDecimal] {
        let desks = desks.withLock { Array($0.values) }
        return desks.reduce(into: [:]) { sums, desk in
            let exposure = desk.state.withLock { $0.board.exposure }
            guard exposure.isPositive else { return }
            let quote = desk.instrument.quote
            sums[quote] = (try? (sums[quote] ?? .zero).adding(exposure)) ?? FixedDecimal(raw: .max)
        }
    }

    /// What is wrong with a stream of its orders that lives, for people; nil where they tell.
    var silentStream: String? {
        let desks = desks.withLock { Array($0.values) }
        let silent = desks.filter { $0.state.withLock { $0.trust.isDoubted } }.map(\.symbol.description).sorted()
        if silent.isEmpty { return nil }
        return "its stream of orders on \(silent.joined(separator: ", ")) lives and tells nothing of what is accepted: "
            + "fills are known when the lists are looked at, every two seconds"
    }

    /// Milliseconds that a request may take at the exchange.
    static let patience: Int64 = 10_000
    /// How far back is looked for fills where none is booked yet.
    static let firstLookBack = 7 * Nanoseconds.perDay

    init(_ label: String, session: String, connector: SidecarConnector, ids: SidecarClientIDs) {
        self.label = label
        self.session = session
        self.connector = connector
        self.ids = ids
        startedAt = connector.time.now()
    }

    private func desk(_ instrument: Instrument) -> SidecarOrderDesk {
        desks.withLock { desks in
            if let known = desks[instrument.id.symbol] { return known }
            let desk = SidecarOrderDesk(self, instrument)
            desks[instrument.id.symbol] = desk
            return desk
        }
    }

    func desk(_ symbol: Symbol) async throws(ConnectorError) -> SidecarOrderDesk {
        if let known = desks.withLock({ $0[symbol] }) { return known }
        return desk(try await connector.instrument(symbol))
    }

    // MARK: - The seam

    func send(_ request: AccountRequest, _ symbol: Symbol) {
        // Nothing is sent on an instrument before it is subscribed to: the desk is there.
        guard let desk = desks.withLock({ $0[symbol] }) else {
            connector.logger.error("a request on \(symbol), which nobody has subscribed to")
            return
        }
        desk.send(request)
    }

    func subscribe(
        _ symbol: Symbol, _ sink: @escaping @Sendable (AccountUpdate) -> Void
    ) async throws(ConnectorError) -> Subscription {
        try await desk(symbol).subscribe(sink)
    }

    func openOrders(_ symbol: Symbol) async throws(ConnectorError) -> [ListedOrder] {
        let desk = try await desk(symbol)
        return try await readable { try await desk.listOpenOrders() }.compactMap { $0 }
    }

    func order(_ id: ClientOrderID, _ symbol: Symbol) async throws(ConnectorError) -> OrderReport? {
        let desk = try await desk(symbol)
        return try await readable {
            guard let order = try await desk.lookUp(id) else { return nil }
            return try desk.summary(order, id)
        }
    }

    func order(
        _ id: ClientOrderID, _ symbol: Symbol, placedAt: Timestamp
    ) async throws(ConnectorError) -> OrderReport? {
        let desk = try await desk(symbol)
        // Kept: what the engine asks later about the same order bears no time.
        desk.state.withLock { _ = $0.earlier.note(id, placedAt) }
        return try await order(id, symbol)
    }

    func fills(_ symbol: Symbol, from tradeID: UInt64, limit: Int) async throws(ConnectorError) -> [Fill] {
        let week = connector.time.now().advanced(byNanoseconds: -Self.firstLookBack)
        return try await fills(symbol, from: FillMark(tradeID: tradeID, time: week), limit: limit)
    }

    func fills(_ symbol: Symbol, from mark: FillMark, limit: Int) async throws(ConnectorError) -> [Fill] {
        let desk = try await desk(symbol)
        // Numbers of trades are times. Where none is known, an exchange that tells few of them is asked for no more than may be ours.
        let since =
            mark.tradeID == 0
            ? mark.time.nanoseconds / Nanoseconds.perMillisecond : SidecarTradeID.time(of: mark.tradeID)
        return try await readable {
            let fills = try await desk.fetchFills(since: since)
            return Array(fills.filter { $0.tradeID >= mark.tradeID }.prefix(limit))
        }
    }

    func balances() async throws(ConnectorError) -> [AssetBalance] {
        try await readable {
            let told = try UnifiedReading.balances(try await self.ask("balance", []))
            return told.balances.map { balance in
                AssetBalance(
                    asset: balance.asset, free: balance.free ?? balance.total ?? .zero, locked: balance.used ?? .zero)
            }
        }
    }

    // MARK: - Asking

    func ask(
        _ method: String, _ arguments: [JSONValue.Member], within: Int64 = patience, turn: SidecarTurn = SidecarTurn()
    ) async throws(SidecarFailure) -> JSONValue {
        try await connector.client.ask(method, session: session, .object(arguments), within: within, turn: turn)
    }

    private func readable<Value: Sendable>(
        _ body: @Sendable () async throws -> Value
    ) async throws(ConnectorError) -> Value {
        do { return try await body() } catch let failure as SidecarFailure {
            throw failure.asConnectorError
        } catch let error as ConnectorError {
            throw error
        } catch { throw .unreadable("\(error)") }
    }
}
