import Strategies
import Testing
import TradingCore

typealias Value = ParameterDocument.Value

/// A document that is good as it is, with some values changed, added or (nil) left out.
func document(_ changes: [String: Value?] = [:]) -> ParameterDocument {
    var values: [String: Value?] = [
        "userId": .string("u"), "clientId": .string("c"), "pair": .string("BTC/USDT"),
        "exchangeName": .string("binance"), "bidSpread": .number("0.001"), "askSpread": .number("0.001"),
        "orderAmount": .number("1"), "orderRefreshTime": .number("1000"), "numberOfLayers": .number("1"),
        "priceSourceType": .string("mid_price"),
    ]
    for (name, value) in changes { values[name] = .some(value) }
    return ParameterDocument(
        values.sorted { $0.key < $1.key }.compactMap { name, value in value.map { (name, $0) } })
}

func read(_ document: ParameterDocument) throws(ParameterErrors) -> PureMarketMakingParameters {
    var reader = ParameterReader(document)
    let parameters = PureMarketMakingParameters.read(&reader)
    try reader.finish()
    guard let parameters else { throw ParameterErrors([]) }
    return parameters
}

func parameters(_ changes: [String: Value?] = [:]) throws -> PureMarketMakingParameters {
    try read(document(changes))
}

/// What a document is refused for; empty when it is not.
func refusals(_ changes: [String: Value?]) -> [ParameterError] {
    refusals(document(changes))
}

func refusals(_ document: ParameterDocument) -> [ParameterError] {
    do {
        _ = try read(document)
        return []
    } catch {
        return error.errors.isEmpty
            ? [ParameterError(field: "none", value: "refused", rule: "without a reason")] : error.errors
    }
}

func decimal(_ text: String) throws -> FixedDecimal {
    try #require(FixedDecimal(text))
}
