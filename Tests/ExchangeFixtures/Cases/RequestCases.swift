import Exchanges
import TradingCore

extension ExchangeFixtures {
    func runRequests(_ file: JSONValue) -> FixtureTally {
        var tally = FixtureTally()
        let judge = RequestJudge(
            outputType: file.text("outputType") ?? "both",
            skipKeys: Set((file["skipKeys"]?.elements ?? []).compactMap(\.text)), droppedKeys: exchange.droppedKeys)
        let options = file["options"]?.members ?? []
        for method in file["methods"]?.members ?? [] {
            for (index, item) in (method.value.elements ?? []).enumerated() {
                let id = item.text("id") ?? "\(exchange.id).request.\(method.key).\(index)"
                tally.add(
                    id,
                    outcome(isExtra: item.text("tier") == "extra") {
                        let signed = try signedRequest(method.key, item, options)
                        return judge.differences(
                            expectedURL: item.text("url") ?? "", expectedBody: Self.body(item["output"]), found: signed)
                    })
            }
        }
        return tally
    }

    private func signedRequest(
        _ method: String, _ item: JSONValue, _ options: [JSONValue.Member]
    ) throws -> SignedRequest {
        let arguments = UnifiedArguments(item["input"]?.elements ?? [])
        let (dialect, rest) = dialect(for: item, arguments, options + (exchange.methodOptions[method] ?? []))
        let expected = (Self.body(item["output"]) ?? "") + " " + (item.text("url") ?? "")
        let key = exchange.clientOrderIDKey ?? "clientOrderId"
        let hasClientID = expected.contains("\"\(key)\"") || expected.contains(key + "=")
        var caller = UnifiedCaller(exchange, dialect, givesClientOrderIDs: hasClientID)
        return try dialect.sign(try caller.call(method, rest).request, context())
    }

    /// The connector with the options of file, case and call, and the arguments without those.
    func dialect(
        for item: JSONValue, _ arguments: UnifiedArguments, _ options: [JSONValue.Member]
    ) -> (any ExchangeDialect, UnifiedArguments) {
        var rest = arguments
        var all = options + (item["options"]?.members ?? [])
        for name in exchange.optionParameters.sorted() {
            if let value = rest.take(name) { all.append(JSONValue.Member(key: name, value: value)) }
        }
        return (dialect(all), rest)
    }

    /// Most bodies are kept as texts.
    private static func body(_ output: JSONValue?) -> String? {
        switch output {
        case nil, .null: nil
        case .string(let text): text
        case .some(let value): value.compactText
        }
    }
}
