public import TradingCore

/// Where an executor trades: one instrument with one account. All its sessions share book and stream.
public struct TradingPlace: Hashable, Sendable, CustomStringConvertible {
    public let exchange: ExchangeID
    public let account: String
    public let symbol: Symbol

    public init(exchange: ExchangeID, account: String, symbol: Symbol) {
        self.exchange = exchange
        self.account = account
        self.symbol = symbol
    }

    /// The account's name among all exchanges, as trading states know it.
    public var accountName: String { "\(exchange)/\(account)" }

    public var description: String { "\(exchange)/\(account)/\(symbol)" }
}
