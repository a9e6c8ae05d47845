import Exchanges
import TradingCore

extension ExchangeUnderTest {
    static let bybit: ExchangeUnderTest = {
        var exchange = ExchangeUnderTest(id: "bybit") { catalog, _ in BybitDialect(catalog: catalog) }
        exchange.clientOrderIDKey = "orderLinkId"
        exchange.receiveWindow = 5_000
        exchange.droppedHeaders = ["referer"]
        // CCXT sends an option of its own along.
        exchange.droppedKeys = ["createMarketBuyOrderRequiresPrice"]
        exchange.marketCost = .always
        // The oracle gives the time of an order's last change for that of its last trade.
        exchange.streamQuirks = ["lastTradeTimestamp"]
        // It reads an order's fees only where they are told by currency.
        exchange.orderQuirks = ["fee", "fees"]
        // It leaves out when a stream told the balances, and what is owed.
        exchange.balanceQuirks = ["timestamp", "datetime", "debt"]
        exchange.tellsNetworkActivity = true
        exchange.failureQuirks = failureQuirks
        // The bounds of market orders: CCXT leaves them out.
        exchange.marketAdditions = ["limits.market"]
        exchange.marketsAnswer = { answer("list", $0) }
        exchange.marketEntry = { _, info in withoutNewBound(info) }
        exchange.currenciesAnswer = { answer("rows", $0) }
        exchange.translate = translate
        exchange.adapt = adapt
        return exchange
    }()

    /// Codes that we tell apart: what is not known to be refused, who must not, and where nothing may go.
    private static let failureQuirks: [String: ExchangeFailure.Kind] = [
        "10016": .exchangeError, "170032": .exchangeError, "170146": .invalidOrder, "170147": .invalidOrder,
        "170221": .badRequest, "170227": .exchangeError, "131004": .authenticationError, "131089": .badRequest,
        "131090": .exchangeError, "131091": .exchangeError, "131093": .exchangeError, "131094": .badRequest,
        "131098": .exchangeError,
    ]

    private static func answer(_ key: String, _ rows: [JSONValue]) -> JSONValue {
        .object([
            JSONValue.Member(key: "retCode", value: .number("0")),
            JSONValue.Member(
                key: "result", value: .object([JSONValue.Member(key: key, value: .array(rows))])),
        ])
    }

    /// CCXT reads the older of the two bounds of a limit order.
    private static func withoutNewBound(_ info: JSONValue) -> JSONValue {
        guard info["lotSizeFilter"]?.text("maxOrderQty") != nil else { return info }
        return .object(
            (info.members ?? []).map { member in
                guard member.key == "lotSizeFilter" else { return member }
                let filters = (member.value.members ?? []).filter { $0.key != "maxLimitOrderQty" }
                return JSONValue.Member(key: member.key, value: .object(filters))
            })
    }

    private static func translate(_ method: String, _ arguments: inout UnifiedArguments) {
        // CCXT's own: that one knows how few orders are found by id.
        _ = arguments.take("acknowledged")
        // A unified account takes an amount that comes without a price as one of base.
        _ = arguments.take("createMarketBuyOrderRequiresPrice")
        if !method.hasPrefix("create"), arguments.take("trigger", "stop") == .bool(true) {
            arguments.set("orderFilter", .string("StopOrder"))
        }
        // CCXT protects derivatives unless told otherwise.
        if method == "cancelAllOrdersAfter", arguments.parameter("product") == nil {
            arguments.set("product", .string("DERIVATIVES"))
        }
        if method == "fetchClosedOrder" { arguments.set("orderStatus", .string("Filled")) }
        if method == "fetchBalance", let type = arguments.take("type")?.text?.lowercased(),
            type == "fund" || type == "funding"
        {
            arguments.set("accountType", .string("FUND"))
        }
    }

    // MARK: - Answers

    private static func adapt(_ answer: JSONValue, _ raw: JSONValue) -> JSONValue {
        let rows = raw["result"]?["list"]?.elements ?? raw["result"]?["rows"]?.elements ?? []
        if let elements = answer.elements, !elements.isEmpty, elements.allSatisfy({ $0.members != nil }) {
            return .array(elements.map { adapted($0, rows.filter { _ in rows.count == elements.count }) })
        }
        return answer.members == nil ? answer : adapted(answer, rows)
    }

    private static let transferWords = [
        "0": "unknown", "2": "processing", "4": "fail", "10011": "10011", "10012": "10012", "Reject": "rejected",
        "MoreInformationRequired": "MoreInformationRequired",
    ]

    private static func adapted(_ object: JSONValue, _ rows: [JSONValue]) -> JSONValue {
        guard var members = object.members else { return object }
        func set(_ key: String, _ value: JSONValue) {
            members.removeAll { $0.key == key }
            members.append(JSONValue.Member(key: key, value: value))
        }
        if object["lastTradeTimestamp"] != nil, let row = rows.first(where: { $0.text("orderId") == object.text("id") })
        {
            // The oracle gives the time of the last change for that of the last trade.
            set("lastTradeTimestamp", object["lastUpdateTimestamp"] ?? .null)
            // It reads fees only where they are told by currency.
            if row["cumFeeDetail"]?.members?.isEmpty ?? true {
                set("fee", .null)
                set("fees", .array([]))
            }
            // It takes an order that was cancelled after a part of it was filled for one that was filled.
            if row.text("orderStatus") == "PartiallyFilledCanceled" { set("status", .string("closed")) }
            // It adds what was bought to what is left of an order by cost, which is money.
            if row.text("marketUnit") == "quoteCoin", let left = row["leavesQty"] {
                set("amount", object["filled"] ?? .null)
                set("remaining", left)
            }
        }
        if object["addressTo"] != nil {
            // It tells only where a transfer went.
            for key in ["address", "addressFrom", "tagTo"] { set(key, .null) }
            // Its words for what is under way or refused are Bybit's own.
            let row = rows.first { ($0.text("id") ?? $0.text("withdrawId")) == object.text("id") }
            if let word = row?.text("status").flatMap({ transferWords[$0] }) { set("status", .string(word)) }
        }
        if object["address"] != nil, object["addressTo"] == nil, object.text("currency") == "ETH",
            object.text("network") == "ETH"
        {
            // The one place where it calls ether's own network by another name.
            set("network", .string("ERC20"))
        }
        return .object(members)
    }
}
