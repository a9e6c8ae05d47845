import TradingCore

/// An order of an account, from its acceptance to long after its end.
struct SpotOrder: Codable, Hashable, Sendable {
    enum Status: String, Codable, Sendable {
        case new = "NEW"
        case partlyFilled = "PARTIALLY_FILLED"
        case filled = "FILLED"
        case cancelled = "CANCELED"
        case expired = "EXPIRED"
        case expiredInMatch = "EXPIRED_IN_MATCH"
        /// The new order of a cancel-and-replace, told to its owner and never kept.
        case rejected = "REJECTED"

        var isOpen: Bool { self == .new || self == .partlyFilled }
    }

    /// Counted over the whole exchange; the matching engine knows the order by it.
    var id: Int64
    var account: String
    var symbol: String
    var clientID: String
    var ticket: OrderTicket
    /// What was asked for, in lots; of a MARKET order by value, what that came to.
    var lots: Int64
    var executed: Int64 = 0
    /// Quote that changed hands.
    var value: FixedDecimal = .zero
    var status = Status.new
    var placed: Timestamp
    var updated: Timestamp
    /// Lots that self-trade prevention took off it; nil for none.
    var prevented: Int64?
    /// The newest prevented match that took something off it.
    var preventedMatch: Int64?

    var side: Side { ticket.side }
    var remaining: Int64 { lots - executed - (prevented ?? 0) }
}

/// Two orders of one account that would have traded. Counted by the market, from 0.
struct PreventedMatch: Codable, Hashable, Sendable {
    var id: Int64
    var account: String
    var taker: Int64
    var maker: Int64
    var mode: OrderTicket.Prevention
    var ticks: Int64
    /// Lots taken off either; 0 for none.
    var takerLots: Int64
    var makerLots: Int64
    var time: Timestamp
}

/// One execution of an account's order.
struct SpotFill: Codable, Hashable, Sendable {
    /// Of the market, as everybody sees it.
    var tradeID: Int64
    var orderID: Int64
    var account: String
    var symbol: String
    var side: Side
    var ticks: Int64
    var lots: Int64
    var value: FixedDecimal
    var commission: FixedDecimal
    var commissionAsset: AssetID
    var isMaker: Bool
    var time: Timestamp
}

/// What an account is told, in the order it happened.
struct SpotEvent: Sendable, Hashable {
    enum Kind: String, Sendable {
        case new = "NEW"
        case cancelled = "CANCELED"
        case replaced = "REPLACED"
        case rejected = "REJECTED"
        case trade = "TRADE"
        case expired = "EXPIRED"
        case prevented = "TRADE_PREVENTION"
    }

    /// What has happened to an order.
    struct Execution: Sendable, Hashable {
        var kind: Kind
        /// Whether the order rests on the book once this has happened.
        var isOnBook = false
        var fill: SpotFill?
        /// Of the request that ended it.
        var cancelID: String?
        var prevention: PreventedMatch?
        /// Why it was rejected, in Binance's word.
        var rejection: String?
    }

    enum Body: Sendable, Hashable {
        case order(SpotOrder, Execution)
        case balances([Balance])
        /// Money came in from outside, or went out.
        case transfer(AssetID, FixedDecimal)
    }

    struct Balance: Sendable, Hashable {
        var asset: AssetID
        var free: FixedDecimal
        var locked: FixedDecimal
    }

    var account: String
    var time: Timestamp
    /// Counts the exchange's events; the `I` of a report.
    var number: Int64
    var body: Body
}

/// What an account asks of the exchange that changes something. Journaled before it is done.
enum SpotCommand: Codable, Hashable, Sendable {
    struct Place: Codable, Hashable, Sendable {
        var account: String
        var symbol: String
        var ticket: OrderTicket
        /// The order's, made here where the client sent none.
        var clientID: String
    }

    /// Which order is meant.
    struct Target: Codable, Hashable, Sendable {
        var account: String
        var symbol: String
        var orderID: Int64?
        var clientID: String?
    }

    enum Restriction: String, Codable, Sendable {
        case onlyNew = "ONLY_NEW"
        case onlyPartlyFilled = "ONLY_PARTIALLY_FILLED"
    }

    struct Cancel: Codable, Hashable, Sendable {
        var target: Target
        /// The cancel's own id.
        var clientID: String
        var restriction: Restriction?
    }

    /// Whether it only takes orders off.
    var isCancel: Bool {
        switch self {
        case .cancel, .cancelAll: true
        case .place, .replace, .amend, .fill, .filters, .status, .transfer, .market: false
        }
    }

    case place(Place)
    case cancel(Cancel)
    case cancelAll(account: String, symbol: String, seed: UInt64)
    case replace(Cancel, Place, requiresCancel: Bool)
    case amend(Target, quantity: FixedDecimal, clientID: String?)
    /// Misbehaviour: the market trades with an order whatever the feed says. A share of what remains, in percent.
    case fill(account: String, orderID: Int64, percent: Int64)
    /// Misbehaviour: the rules of a symbol change.
    case filters(symbol: String, SpotFilters)
    /// Whether a symbol trades.
    case status(symbol: String, SymbolStatus)
    /// Money comes in from outside; with a negative amount it goes out, as far as it is free.
    case transfer(account: String, asset: AssetID, amount: FixedDecimal)
    /// What a live market has told: it cannot be asked for again.
    case market(symbol: String, records: [MarketRecord])
}

/// Whether a symbol trades.
enum SymbolStatus: String, Codable, Sendable {
    case trading = "TRADING"
    case halt = "HALT"
    case pause = "BREAK"
    case endOfDay = "END_OF_DAY"
    case cancelOnly = "CANCEL_ONLY"
}

/// What became of a command.
enum SpotOutcome: Sendable {
    case placed(SpotOrder, [SpotFill])
    case cancelled(SpotOrder, cancelID: String)
    case cancelledAll([(order: SpotOrder, cancelID: String)])
    case replaced(cancel: Result<(SpotOrder, String), SpotError>, placed: Result<(SpotOrder, [SpotFill]), SpotError>?)
    case amended(SpotOrder)
    case done
    case refused(SpotError)
}
