import Exchanges
import TradingCore

extension ExchangeFixtures {
    /// The signer byte for byte: same parameters in the same order, same clock, same URL, body and headers.
    func runSignatures(_ file: JSONValue) -> FixtureTally {
        var tally = FixtureTally()
        let now = (try? file.integer("nowMs")) ?? nil
        let keys = file["credentials"] ?? .null
        let credentials = ExchangeCredentials(
            apiKey: keys.text("apiKey") ?? "", secret: Secret(keys.text("secret") ?? ""),
            passphrase: keys.text("password").map { Secret($0) }, uid: keys.text("uid").map { Secret($0) })
        for item in file["cases"]?.elements ?? [] {
            tally.add(
                item.text("id").map { $0 + ".signed" } ?? "\(exchange.id).signed",
                outcome(isExtra: false) {
                    let signed = try dialect().sign(try request(item), context(now ?? Self.now, credentials))
                    return differences(item["signed"] ?? .null, signed)
                })
        }
        return tally
    }

    private func request(_ item: JSONValue) throws -> EndpointRequest {
        guard let verb = EndpointRequest.Verb(rawValue: item.text("method") ?? "") else {
            throw FixtureFileError(description: "no such verb: \(item.text("method") ?? "")")
        }
        let api = item["api"]?.elements?.compactMap(\.text) ?? [item.text("api") ?? ""]
        let url = item["signed"]?.text("url") ?? ""
        var path = item.text("path") ?? ""
        let parameters = item["params"]?.elements ?? []
        if case .object = parameters.first {
            let place = exchange.locate(api, path, url)
            return EndpointRequest(verb, place.api, place.path, list: parameters)
        }
        var fields: [JSONValue.Member] = []
        for pair in parameters {
            guard let name = pair.text(0), let value = pair[1] else { continue }
            if path.contains("{\(name)}") {
                path = path.replacing("{\(name)}", with: value.text ?? "")
            } else {
                fields.append(JSONValue.Member(key: name, value: value))
            }
        }
        let place = exchange.locate(api, path, url)
        return EndpointRequest(verb, place.api, place.path, fields)
    }

    private func differences(_ expected: JSONValue, _ found: SignedRequest) -> [String] {
        var differences: [String] = []
        func compare(_ name: String, _ left: String?, _ right: String?) {
            if left != right { differences.append("\(name): expected \(left ?? "none"), found \(right ?? "none")") }
        }
        compare("url", expected.text("url"), found.url)
        compare("body", expected.text("body"), found.body)
        compare("method", expected.text("method"), found.verb.rawValue)
        var headers: [String: String] = [:]
        for header in expected["headers"]?.members ?? [] { headers[header.key.lowercased()] = header.value.text }
        for name in exchange.droppedHeaders { headers[name] = nil }
        var ours: [String: String] = [:]
        for header in found.headers { ours[header.name.lowercased()] = header.value }
        for name in Set(headers.keys).union(ours.keys).sorted() { compare(name, headers[name], ours[name]) }
        return differences
    }
}
