import Exchanges
import TradingCore

extension ExchangeFixtures {
    func runOracle(_ file: JSONValue) -> FixtureTally {
        var tally = FixtureTally()
        let dialect = dialect()
        for (index, item) in (file["errors"]?.elements ?? []).enumerated() {
            tally.add(
                item.text("id") ?? "\(exchange.id).error.\(index)",
                outcome(isExtra: false) {
                    try errorDifferences(item, dialect)
                })
        }
        for (index, item) in (file["precision"]?.elements ?? []).enumerated() {
            tally.add(
                item.text("id") ?? "\(exchange.id).precision.\(index)",
                outcome(isExtra: false) {
                    try roundingDifferences(item)
                })
        }
        return tally
    }

    private func errorDifferences(_ item: JSONValue, _ dialect: any ExchangeDialect) throws -> [String] {
        let answer = EndpointAnswer(
            status: Int(clamping: try item.integer("status") ?? 200), body: Array((item.text("body") ?? "").utf8))
        // Errors are told apart by what is answered, whatever was asked.
        let failure = dialect.failure(in: answer, to: EndpointRequest(.post, ["private"], "order"))
        let quirk = failure?.code.flatMap { exchange.failureQuirks[$0] }
        let found = (quirk ?? failure?.kind)?.unifiedName
        let expected = item.text("unified")
        if found == expected { return [] }
        return ["expected \(expected ?? "no error"), found \(found ?? "no error") for \(item.text("body") ?? "")"]
    }

    private func roundingDifferences(_ item: JSONValue) throws -> [String] {
        guard let symbol = Symbol(try item.requiredText("symbol")), let market = catalog.market(symbol) else {
            return ["no market \(item.text("symbol") ?? "")"]
        }
        guard let input = try item.decimal("input") else { return ["no input"] }
        let expected = item.text("result") ?? item.text("error") ?? ""
        let found: String
        do throws(ExchangeFailure) {
            switch item.text("what") {
            case "amount": found = try market.rounded(amount: input).description
            case "cost": found = try market.rounded(cost: input).description
            default: found = try market.rounded(price: input).description
            }
        } catch {
            found = error.kind.unifiedName
        }
        return found == expected ? [] : ["expected \(expected), found \(found)"]
    }
}

extension ExchangeFailure.Kind {
    /// CCXT's class: `OrderNotFound`.
    var unifiedName: String {
        if self == .ddosProtection { return "DDoSProtection" }
        return rawValue.prefix(1).uppercased() + rawValue.dropFirst()
    }
}
