import Exchanges
import TradingCore

/// Compares requests as CCXT's own test runner does (`README.md` beside the fixtures): value and type have to be the same.
struct RequestJudge {
    /// `json`, `urlencoded` or `both`.
    var outputType: String
    /// Keys that have to be there on both sides, whatever they hold.
    var skipKeys: Set<String>
    /// Keys taken away from both sides.
    var droppedKeys: Set<String>

    func differences(expectedURL: String, expectedBody: String?, found: SignedRequest) -> [String] {
        if expectedURL != found.url {
            let expectedPath = Self.path(expectedURL)
            let foundPath = Self.path(found.url)
            if expectedPath != foundPath { return ["path: expected \(expectedPath), found \(foundPath)"] }
        }
        switch (expectedBody, found.body) {
        case (nil, nil):
            return differences(
                Self.parameters(Self.query(expectedURL)), Self.parameters(Self.query(found.url)), "query")
        case (let expected?, let body?):
            do { return differences(try parsed(expected, expected), try parsed(body, expected), "body") } catch {
                return ["body: \(error) in \(body)"]
            }
        case (let expected, let body):
            return ["body: expected \(expected ?? "none"), found \(body ?? "none"); URL \(found.url)"]
        }
    }

    private func parsed(_ body: String, _ expected: String) throws -> JSONValue {
        let isJSON: Bool
        switch outputType {
        case "json": isJSON = true
        case "urlencoded": isJSON = false
        default: isJSON = expected.hasPrefix("{") || expected.hasPrefix("[")
        }
        return isJSON ? try JSONValue(body) : Self.parameters(body)
    }

    // MARK: - Parts of a URL

    /// Without scheme, host and query.
    static func path(_ url: String) -> String {
        let parts = url.prefix { $0 != "?" }.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropFirst(3).map { "/" + $0 }.joined()
    }

    static func query(_ url: String) -> String {
        guard let mark = url.firstIndex(of: "?") else { return "" }
        return String(url[url.index(after: mark)...])
    }

    /// Pairs that are not split in two by `=` are left out; what looks like JSON is read as such.
    static func parameters(_ text: String) -> JSONValue {
        var members: [JSONValue.Member] = []
        for part in text.split(separator: "&") {
            let halves = part.split(separator: "=", omittingEmptySubsequences: false)
            guard halves.count == 2 else { continue }
            let value = String(halves[1])
            var parsed = JSONValue.string(value)
            if value.hasPrefix("[") || value.hasPrefix("{"), let json = try? JSONValue(value) { parsed = json }
            members.removeAll { $0.key == halves[0] }
            members.append(JSONValue.Member(key: String(halves[0]), value: parsed))
        }
        return .object(members)
    }

    // MARK: - Values

    func differences(_ expected: JSONValue, _ found: JSONValue, _ place: String) -> [String] {
        switch (expected, found) {
        case (.object(let expectedMembers), .object(let foundMembers)):
            let expectedKeys = Set(expectedMembers.map(\.key)).subtracting(droppedKeys)
            let foundKeys = Set(foundMembers.map(\.key)).subtracting(droppedKeys)
            var differences: [String] = []
            for key in expectedKeys.subtracting(foundKeys).sorted() {
                differences.append("\(place).\(key): expected \(expected[key]?.compactText ?? ""), found nothing")
            }
            for key in foundKeys.subtracting(expectedKeys).sorted() {
                differences.append("\(place).\(key): expected nothing, found \(found[key]?.compactText ?? "")")
            }
            for key in expectedKeys.intersection(foundKeys).sorted() where !skipKeys.contains(key) {
                guard let left = expected[key], let right = found[key] else { continue }
                differences += self.differences(left, right, place + "." + key)
            }
            return differences
        case (.array(let expectedElements), .array(let foundElements)):
            guard expectedElements.count == foundElements.count else {
                return ["\(place): expected \(expected.compactText), found \(found.compactText)"]
            }
            return zip(expectedElements, foundElements).enumerated().flatMap { index, pair in
                differences(pair.0, pair.1, "\(place)[\(index)]")
            }
        case (.number(let left), .number(let right)) where NumberValue.areEqual(left, right): return []
        default:
            return expected == found ? [] : ["\(place): expected \(expected.compactText), found \(found.compactText)"]
        }
    }
}
