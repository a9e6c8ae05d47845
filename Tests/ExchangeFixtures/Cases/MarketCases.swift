import Exchanges
import TradingCore

extension ExchangeFixtures {
    /// Each entry's raw payload has to give what CCXT made of it.
    func runMarkets() -> FixtureTally {
        var tally = FixtureTally()
        let caller = UnifiedCaller(exchange, exchange.make(.empty, []), givesClientOrderIDs: false)
        if let wrap = exchange.marketsAnswer {
            for entry in markets["markets"]?.members ?? [] {
                tally.add(
                    "\(exchange.id).market.\(entry.key)",
                    outcome(isExtra: false) {
                        try marketDifferences(entry.value, caller, wrap)
                    })
            }
        }
        if let wrap = exchange.currenciesAnswer {
            for entry in markets["currencies"]?.members ?? [] where entry.value["info"] != nil {
                tally.add(
                    "\(exchange.id).currency.\(entry.key)",
                    outcome(isExtra: false) {
                        try currencyDifferences(entry, caller, wrap)
                    })
            }
        }
        return tally
    }

    private func marketDifferences(
        _ expected: JSONValue, _ given: UnifiedCaller, _ wrap: ([JSONValue]) -> JSONValue
    ) throws -> [String] {
        var caller = given
        let call = try caller.call("fetchMarkets", UnifiedArguments([]))
        let found = try call.answer(
            in: .good(wrap([exchange.marketEntry(expected.text("id") ?? "", expected["info"] ?? .null)])),
            caller.dialect)
        let judged: Set<String> = [
            "id", "symbol", "base", "quote", "baseId", "quoteId", "active", "precision", "limits", "taker", "maker",
        ]
        let wanted = (expected.members ?? []).filter { judged.contains($0.key) }.map { member in
            guard member.key == "limits", let limits = member.value.members else { return member }
            return JSONValue.Member(key: "limits", value: .object(limits.filter { $0.key != "leverage" }))
        }
        return AnswerJudge().differences(
            .array([.object(wanted)]), .array((found.elements ?? [found]).map { withoutAdditions($0, .object(wanted)) })
        )
    }

    /// Without what the connector says and CCXT leaves empty.
    private func withoutAdditions(_ found: JSONValue, _ expected: JSONValue?, _ place: String = "") -> JSONValue {
        guard case .object(let members) = found else { return found }
        return .object(
            members.compactMap { member in
                let inner = place.isEmpty ? member.key : place + "." + member.key
                let wanted = expected?[member.key]
                if exchange.marketAdditions.contains(inner), AnswerJudge.isMissing(wanted) { return nil }
                return JSONValue.Member(key: member.key, value: withoutAdditions(member.value, wanted, inner))
            })
    }

    private func currencyDifferences(
        _ entry: JSONValue.Member, _ given: UnifiedCaller, _ wrap: ([JSONValue]) -> JSONValue
    ) throws -> [String] {
        var caller = given
        let call = try caller.call("fetchCurrencies", UnifiedArguments([]))
        // OKX's entries are one row for each network.
        let info = entry.value["info"] ?? .null
        let found = try call.answer(in: .good(wrap(info.elements ?? [info])), caller.dialect)
        let expected = JSONValue.object([exchange.expectedCurrency(entry)])
        return AnswerJudge().differences(judged(found: Self.judged(currencies: expected)), judged(found: found))
    }

    /// Without whether assets and networks are active, where CCXT's releases do not agree on telling it.
    func judged(found currencies: JSONValue) -> JSONValue {
        guard exchange.tellsNetworkActivity else { return currencies }
        func mapped(_ value: JSONValue, _ change: (JSONValue.Member) -> JSONValue.Member?) -> JSONValue {
            .object((value.members ?? []).compactMap(change))
        }
        return mapped(currencies) { currency in
            let members = mapped(currency.value) { member in
                if member.key == "active" { return nil }
                guard member.key == "networks" else { return member }
                return JSONValue.Member(
                    key: member.key,
                    value: mapped(member.value) { network in
                        JSONValue.Member(
                            key: network.key, value: mapped(network.value) { $0.key == "active" ? nil : $0 })
                    })
            }
            return JSONValue.Member(key: currency.key, value: members)
        }
    }

    /// Without what only CCXT adds, and the names of a network, which its key tells.
    static func judged(currencies: JSONValue) -> JSONValue {
        let named: Set<String> = ["network", "code", "name", "contract"]
        let added: Set<String> = ["numericId", "fees", "margin"]
        return .object(
            (currencies.members ?? []).map { currency in
                let members = (currency.value.members ?? []).filter { !added.contains($0.key) }
                return JSONValue.Member(
                    key: currency.key,
                    value: .object(
                        members.map { member in
                            guard member.key == "networks" else { return member }
                            return JSONValue.Member(
                                key: "networks",
                                value: .object(
                                    (member.value.members ?? []).map { network in
                                        JSONValue.Member(
                                            key: network.key,
                                            value: .object(
                                                (network.value.members ?? []).filter { !named.contains($0.key) }))
                                    }))
                        }))
            })
    }
}

extension EndpointAnswer {
    static func good(_ body: JSONValue) -> EndpointAnswer { good(body.compactText) }
    static func good(_ body: String) -> EndpointAnswer { EndpointAnswer(status: 200, body: Array(body.utf8)) }
}
