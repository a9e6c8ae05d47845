import Exchanges
import TradingCore

extension ExchangeUnderTest {
    static let bitfinex: ExchangeUnderTest = {
        var exchange = ExchangeUnderTest(id: "bitfinex") { catalog, _ in BitfinexDialect(catalog: catalog) }
        exchange.clientOrderIDKey = "cid"
        exchange.marketCost = .never
        exchange.countsDigits = true
        exchange.captureName = "BITFINEX"
        // CCXT always says where own trades end: now.
        exchange.translate = { method, arguments in
            if method == "fetchMyTrades", arguments.parameter("until") == nil {
                arguments.set("until", .number("9999999999999"))
            }
            // There is no order by cost.
            _ = arguments.take("createMarketBuyOrderRequiresPrice")
            if let day = arguments.take("cidDate") { arguments.set("cid_date", day) }
        }
        exchange.marketEntry = { id, info in .array([.string(String(id.dropFirst())), info]) }
        exchange.marketsAnswer = { .array([.array($0), .array([]), .array([]), .array([])]) }
        exchange.capturedMarkets = { answers in
            // Of before the call that tells limits too.
            let list = answers.first { $0.url.hasSuffix("conf/pub:list:pair:exchange") }
            guard let list, let pairs = (try? JSONValue(list.body))?[0]?.elements else { return nil }
            let entries = pairs.map { JSONValue.array([$0, .array([])]) }
            return .array([.array(entries), .array([]), .array([]), .array([])])
        }
        // The last change is CCXT's time of an order; on the stream it reads neither flags nor our id.
        exchange.adapt = { answer, _ in withUpdateAsTime(answer) }
        exchange.streamQuirks = ["clientOrderId", "timeInForce", "postOnly"]
        return exchange
    }()

    private static func withUpdateAsTime(_ answer: JSONValue) -> JSONValue {
        switch answer {
        case .array(let elements): return .array(elements.map(withUpdateAsTime))
        case .object(let members):
            guard let updated = (try? answer.integer("lastUpdateTimestamp")) ?? nil else { return answer }
            let moved: Set<String> = ["lastUpdateTimestamp", "timestamp", "datetime"]
            return .object(members.filter { !moved.contains($0.key) } + JSONValue.Member.times(updated))
        default: return answer
        }
    }
}
