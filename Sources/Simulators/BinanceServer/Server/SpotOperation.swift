import TradingCore

/// Everything that can be asked for, by REST or over the WebSocket API. Its raw value is the WebSocket method where there is one,
/// and the name by which misbehaviour is ordered.
enum SpotOperation: String, CaseIterable, Sendable {
    case ping
    case time
    case exchangeInfo
    case depth
    case recentTrades = "trades.recent"
    case historicalTrades = "trades.historical"
    case aggregateTrades = "trades.aggregate"
    case candles = "klines"
    case uiCandles = "uiKlines"
    case averagePrice = "avgPrice"
    case dayTicker = "ticker.24hr"
    case priceTicker = "ticker.price"
    case bookTicker = "ticker.book"
    case rollingTicker = "ticker"
    case tradingDayTicker = "ticker.tradingDay"
    case place = "order.place"
    case test = "order.test"
    case query = "order.status"
    case cancel = "order.cancel"
    case cancelAll = "openOrders.cancelAll"
    case replace = "order.cancelReplace"
    case amend = "order.amend.keepPriority"
    case openOrders = "openOrders.status"
    case allOrders
    case account = "account.status"
    case ownTrades = "myTrades"
    case preventedMatches = "myPreventedMatches"
    case commission = "account.commission"
    case orderLimits = "account.rateLimits.orders"
    case startListenKey = "userDataStream.start"
    case extendListenKey = "userDataStream.ping"
    case closeListenKey = "userDataStream.stop"
    case subscribeAccount = "userDataStream.subscribe.signature"
    case unsubscribeAccount = "userDataStream.unsubscribe"
    case subscriptions = "session.subscriptions"
    case sessionStatus = "session.status"
    case logon = "session.logon"
    case logout = "session.logout"
    case subscribeSession = "userDataStream.subscribe"
    case currencies = "sapi.currencies"
    case marginPairs = "sapi.marginPairs"
    case isolatedPairs = "sapi.isolatedPairs"
    case tradeFees = "sapi.tradeFees"
    case systemStatus = "sapi.systemStatus"
    case restrictions = "sapi.apiRestrictions"

    enum Security: Sendable {
        /// A key may come along and is not looked at.
        case open
        /// A key without a signature.
        case key
        case signed
    }

    var security: Security {
        switch self {
        case .place, .test, .query, .cancel, .cancelAll, .replace, .amend, .openOrders, .allOrders, .account,
            .ownTrades, .preventedMatches, .commission, .orderLimits, .subscribeAccount, .currencies, .marginPairs,
            .isolatedPairs, .tradeFees, .logon,
            .restrictions:
            .signed
        case .startListenKey, .extendListenKey, .closeListenKey: .key
        default: .open
        }
    }

    /// What the key must be allowed to do.
    var need: SpotPermissions.Need {
        switch self {
        case .place, .test, .cancel, .cancelAll, .replace, .amend: .trading
        case .logon: .nothing
        default: security == .open ? .nothing : .reading
        }
    }

    /// REST's path and method.
    var route: (method: String, path: String)? {
        switch self {
        case .ping: ("GET", "/api/v3/ping")
        case .time: ("GET", "/api/v3/time")
        case .exchangeInfo: ("GET", "/api/v3/exchangeInfo")
        case .depth: ("GET", "/api/v3/depth")
        case .recentTrades: ("GET", "/api/v3/trades")
        case .historicalTrades: ("GET", "/api/v3/historicalTrades")
        case .aggregateTrades: ("GET", "/api/v3/aggTrades")
        case .candles: ("GET", "/api/v3/klines")
        case .uiCandles: ("GET", "/api/v3/uiKlines")
        case .averagePrice: ("GET", "/api/v3/avgPrice")
        case .dayTicker: ("GET", "/api/v3/ticker/24hr")
        case .priceTicker: ("GET", "/api/v3/ticker/price")
        case .bookTicker: ("GET", "/api/v3/ticker/bookTicker")
        case .rollingTicker: ("GET", "/api/v3/ticker")
        case .tradingDayTicker: ("GET", "/api/v3/ticker/tradingDay")
        case .place: ("POST", "/api/v3/order")
        case .test: ("POST", "/api/v3/order/test")
        case .query: ("GET", "/api/v3/order")
        case .cancel: ("DELETE", "/api/v3/order")
        case .cancelAll: ("DELETE", "/api/v3/openOrders")
        case .replace: ("POST", "/api/v3/order/cancelReplace")
        case .amend: ("PUT", "/api/v3/order/amend/keepPriority")
        case .openOrders: ("GET", "/api/v3/openOrders")
        case .allOrders: ("GET", "/api/v3/allOrders")
        case .account: ("GET", "/api/v3/account")
        case .ownTrades: ("GET", "/api/v3/myTrades")
        case .preventedMatches: ("GET", "/api/v3/myPreventedMatches")
        case .commission: ("GET", "/api/v3/account/commission")
        case .orderLimits: ("GET", "/api/v3/rateLimit/order")
        case .startListenKey: ("POST", "/api/v3/userDataStream")
        case .extendListenKey: ("PUT", "/api/v3/userDataStream")
        case .closeListenKey: ("DELETE", "/api/v3/userDataStream")
        case .currencies: ("GET", "/sapi/v1/capital/config/getall")
        case .marginPairs: ("GET", "/sapi/v1/margin/allPairs")
        case .isolatedPairs: ("GET", "/sapi/v1/margin/isolated/allPairs")
        case .tradeFees: ("GET", "/sapi/v1/asset/tradeFee")
        case .systemStatus: ("GET", "/sapi/v1/system/status")
        case .restrictions: ("GET", "/sapi/v1/account/apiRestrictions")
        case .subscribeAccount, .unsubscribeAccount, .subscriptions, .sessionStatus, .logon, .logout, .subscribeSession:
            nil
        }
    }

    /// By the WebSocket API's name, before which its version may stand: `order.place` or `v3/order.place`.
    init?(socketMethod name: String) {
        let plain = name.hasPrefix("v3/") ? String(name.dropFirst(3)) : name
        guard !plain.hasPrefix("sapi."), let operation = SpotOperation(rawValue: plain) else { return nil }
        self = operation
    }

    private static let byRoute: [String: SpotOperation] = Dictionary(
        allCases.compactMap { operation in operation.route.map { ("\($0.method) \($0.path)", operation) } },
        uniquingKeysWith: { first, _ in first })

    static func routed(_ method: String, _ path: String) -> SpotOperation? { byRoute["\(method) \(path)"] }

    /// Whether it counts among an account's orders.
    var countsAsOrder: Bool { self == .place || self == .replace }

    /// What it costs. What the parameters say is looked at only so far as the weight depends on it.
    func weight(_ parameters: [RequestText.Parameter], symbols listed: Int) -> Int {
        func value(_ name: String) -> String? { parameters.first { $0.name == name }?.value }
        /// One symbol, or a list of them, or all.
        func perCount(_ one: Int, _ few: Int, _ many: Int) -> Int {
            if value("symbol") != nil { return one }
            guard let symbols = value("symbols") else { return many }
            let count = symbols.split(separator: ",").count
            return count <= 20 ? one : count <= 100 ? few : many
        }
        switch self {
        case .exchangeInfo, .account, .allOrders, .commission: return 20
        case .depth:
            let limit = value("limit").flatMap(Int.init) ?? 100
            return limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1_000 ? 50 : 250
        case .recentTrades, .historicalTrades: return 25
        case .aggregateTrades, .query, .amend: return 4
        case .candles, .uiCandles, .averagePrice: return 2
        case .dayTicker: return perCount(2, 40, 80)
        case .priceTicker, .bookTicker: return value("symbol") != nil ? 2 : 4
        case .rollingTicker, .tradingDayTicker:
            let count = value("symbols")?.split(separator: ",").count ?? 1
            return min(200, 4 * count)
        case .test: return value("computeCommissionRates") == "true" ? 20 : 1
        case .openOrders: return value("symbol") != nil ? 6 : 80
        case .ownTrades: return value("orderId") != nil ? 5 : 20
        case .preventedMatches: return value("orderId") != nil ? 20 : 2
        case .orderLimits: return 40
        case .startListenKey, .extendListenKey, .closeListenKey, .subscribeAccount, .unsubscribeAccount, .subscriptions,
            .sessionStatus, .logon, .logout, .subscribeSession:
            return 2
        case .ping, .time, .place, .cancel, .cancelAll, .replace, .currencies, .marginPairs, .isolatedPairs, .tradeFees,
            .systemStatus, .restrictions:
            return 1
        }
    }
}
