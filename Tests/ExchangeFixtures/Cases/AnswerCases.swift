import Exchanges
import TradingCore

extension ExchangeFixtures {
    func runAnswers(_ file: JSONValue) -> FixtureTally {
        var tally = FixtureTally()
        let common = Set((file["skipKeys"]?.elements ?? []).compactMap(\.text))
        let options = file["options"]?.members ?? []
        for method in file["methods"]?.members ?? [] {
            for (index, item) in (method.value.elements ?? []).enumerated() {
                let id = item.text("id") ?? "\(exchange.id).response.\(method.key).\(index)"
                let skipKeys = common.union((item["skipKeys"]?.elements ?? []).compactMap(\.text))
                tally.add(
                    id,
                    outcome(isExtra: item.text("tier") == "extra") {
                        let found = try answer(method.key, item, options)
                        var expected = item["parsedResponse"] ?? .null
                        if method.key == "fetchCurrencies" { expected = Self.judged(currencies: expected) }
                        if method.key == "fetchOrderBook" { expected = Self.judged(book: expected) }
                        return AnswerJudge(skipKeys: skipKeys)
                            .differences(expected, method.key == "fetchCurrencies" ? judged(found: found) : found)
                    })
            }
        }
        return tally
    }

    /// Levels by price and amount; what else stands in them is CCXT's.
    private static func judged(book: JSONValue) -> JSONValue {
        .object(
            (book.members ?? []).map { member in
                guard member.key == "bids" || member.key == "asks", let levels = member.value.elements else {
                    return member
                }
                return JSONValue.Member(
                    key: member.key, value: .array(levels.map { .array(Array(($0.elements ?? []).prefix(2))) }))
            })
    }

    func answer(_ method: String, _ item: JSONValue, _ options: [JSONValue.Member]) throws -> JSONValue {
        let (dialect, rest) = dialect(for: item, UnifiedArguments(item["input"]?.elements ?? []), options)
        var caller = UnifiedCaller(exchange, dialect, givesClientOrderIDs: true)
        let call = try caller.call(method, rest)
        let body: String
        if case .string(let raw) = item["httpResponse"] {
            body = raw
        } else {
            body = (item["httpResponse"] ?? .null).compactText
        }
        return exchange.adapt(try call.answer(in: .good(body), dialect), (try? JSONValue(body)) ?? .null)
    }
}
