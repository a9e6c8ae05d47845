public import TradingCore

/// Parameters in the exchange's own words, sent as they are beside or instead of what we would send.
public typealias ExtraParameters = [JSONValue.Member]

/// Which order.
public struct OrderReference: Hashable, Sendable {
    /// The exchange's id.
    public var id: String?
    public var clientOrderID: String?
    public var symbol: Symbol?
    /// When it was placed, milliseconds since 1970: Bitfinex finds an order by client id only with its day.
    public var placedAt: Int64?
    public var extra: ExtraParameters

    public init(
        id: String? = nil, clientOrderID: String? = nil, symbol: Symbol? = nil, placedAt: Int64? = nil,
        extra: ExtraParameters = []
    ) {
        self.id = id
        self.clientOrderID = clientOrderID
        self.symbol = symbol
        self.placedAt = placedAt
        self.extra = extra
    }
}

/// A new order.
public struct OrderPlacement: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        case limit, market
    }

    public var symbol: Symbol
    public var kind: Kind
    public var side: Side
    /// In base. Nil for a market order by cost.
    public var amount: FixedDecimal?
    public var price: FixedDecimal?
    /// In quote: what a market order shall spend or bring, instead of an amount.
    public var cost: FixedDecimal?
    public var timeInForce: TimeInForce?
    public var isPostOnly: Bool
    public var clientOrderID: String?
    public var selfTradePrevention: SelfTradePrevention?
    public var triggerPrice: FixedDecimal?
    public var extra: ExtraParameters

    public init(
        symbol: Symbol, kind: Kind, side: Side, amount: FixedDecimal? = nil, price: FixedDecimal? = nil,
        cost: FixedDecimal? = nil, timeInForce: TimeInForce? = nil, isPostOnly: Bool = false,
        clientOrderID: String? = nil, selfTradePrevention: SelfTradePrevention? = nil,
        triggerPrice: FixedDecimal? = nil, extra: ExtraParameters = []
    ) {
        self.symbol = symbol
        self.kind = kind
        self.side = side
        self.amount = amount
        self.price = price
        self.cost = cost
        self.timeInForce = timeInForce
        self.isPostOnly = isPostOnly
        self.clientOrderID = clientOrderID
        self.selfTradePrevention = selfTradePrevention
        self.triggerPrice = triggerPrice
        self.extra = extra
    }
}

/// A part of a history: orders, trades, candles, deposits.
public struct HistoryQuery: Hashable, Sendable {
    public var symbol: Symbol?
    public var asset: AssetID?
    /// From this time on, milliseconds since 1970.
    public var since: Int64?
    /// Up to this time.
    public var until: Int64?
    public var limit: Int?
    /// From this id on, where the exchange can.
    public var fromID: String?
    public var extra: ExtraParameters

    public init(
        symbol: Symbol? = nil, asset: AssetID? = nil, since: Int64? = nil, until: Int64? = nil, limit: Int? = nil,
        fromID: String? = nil, extra: ExtraParameters = []
    ) {
        self.symbol = symbol
        self.asset = asset
        self.since = since
        self.until = until
        self.limit = limit
        self.fromID = fromID
        self.extra = extra
    }
}

/// Money that leaves the exchange.
public struct WithdrawalRequest: Hashable, Sendable {
    public var asset: AssetID
    public var amount: FixedDecimal
    public var address: String
    public var tag: String?
    /// The common name: `ERC20`.
    public var network: String?
    /// Where the exchange wants it said (OKX).
    public var fee: FixedDecimal?
    public var clientID: String?
    public var extra: ExtraParameters

    public init(
        asset: AssetID, amount: FixedDecimal, address: String, tag: String? = nil, network: String? = nil,
        fee: FixedDecimal? = nil, clientID: String? = nil, extra: ExtraParameters = []
    ) {
        self.asset = asset
        self.amount = amount
        self.address = address
        self.tag = tag
        self.network = network
        self.fee = fee
        self.clientID = clientID
        self.extra = extra
    }
}

/// Lengths of candles, by their common names.
public enum CandleInterval: String, CaseIterable, Hashable, Sendable {
    case oneSecond = "1s"
    case oneMinute = "1m"
    case threeMinutes = "3m"
    case fiveMinutes = "5m"
    case fifteenMinutes = "15m"
    case thirtyMinutes = "30m"
    case oneHour = "1h"
    case twoHours = "2h"
    case threeHours = "3h"
    case fourHours = "4h"
    case sixHours = "6h"
    case eightHours = "8h"
    case twelveHours = "12h"
    case oneDay = "1d"
    case threeDays = "3d"
    case oneWeek = "1w"
    case twoWeeks = "2w"
    case oneMonth = "1M"

    /// Milliseconds; a month counts 30 days.
    public var milliseconds: Int64 {
        let units: [Character: Int64] = [
            "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "M": 2_592_000_000,
        ]
        let unit = rawValue.last.flatMap { units[$0] } ?? 0
        return (Int64(rawValue.dropLast()) ?? 0) * unit
    }
}
