public import Exchanges
import Execution
public import TradingCore

/// The paper exchange in this process, as the server trades on it.
public struct PaperConnector: ExchangeConnector {
    private let exchange: PaperExchange

    public init(_ exchange: PaperExchange) { self.exchange = exchange }

    public var id: ExchangeID { PaperExchange.id }
    public var displayName: String { "Paper" }
    /// A request that a kill caught on its way died with the process.
    public var acceptanceWindow: Int64 { 0 }

    public func fault() async -> String? { await exchange.currentFault }

    public func instruments() async throws(ConnectorError) -> [Instrument] { await exchange.instruments() }

    public func subscribe(
        _ symbol: Symbol, _ sink: @escaping @Sendable ([MarketRecord]) -> Void
    ) async throws(ConnectorError) -> Subscription {
        try await exchange.subscribe(symbol, sink)
    }

    public func account(_ label: String) async throws(ConnectorError) -> any ExchangeAccount {
        guard await exchange.hasAccount(label) else { throw .unknownAccount(label) }
        return PaperAccount(exchange: exchange, label: label)
    }
}

struct PaperAccount: ExchangeAccount {
    let exchange: PaperExchange
    let label: String

    func send(_ request: AccountRequest, _ symbol: Symbol) {
        switch request {
        case .place(let approved):
            exchange.send(.command(PaperCommand(account: label, symbol: symbol, action: .place(approved.value))))
        case .cancel(let id):
            exchange.send(.command(PaperCommand(account: label, symbol: symbol, action: .cancel(id))))
        case .query(let id): exchange.send(.query(id, account: label, symbol: symbol))
        }
    }

    func subscribe(
        _ symbol: Symbol, _ sink: @escaping @Sendable (AccountUpdate) -> Void
    ) async throws(ConnectorError) -> Subscription {
        try await exchange.subscribe(label, symbol, sink)
    }

    func openOrders(_ symbol: Symbol) async throws(ConnectorError) -> [ListedOrder] {
        try await exchange.openOrders(label, symbol)
    }

    func symbolsWithOrders(of maker: InstallationID) async throws(ConnectorError) -> Set<Symbol>? {
        await exchange.symbolsWithOrders(label, of: maker)
    }

    func order(_ id: ClientOrderID, _ symbol: Symbol) async throws(ConnectorError) -> OrderReport? {
        await exchange.order(id, label)
    }

    func fills(_ symbol: Symbol, from tradeID: UInt64, limit: Int) async throws(ConnectorError) -> [Fill] {
        await exchange.fills(label, symbol, from: tradeID, limit: limit)
    }

    func balances() async throws(ConnectorError) -> [AssetBalance] { await exchange.balances(label) }
}
