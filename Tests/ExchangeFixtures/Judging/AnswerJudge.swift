import Exchanges
import TradingCore

/// Compares unified answers: numbers by value, null as a missing value, and what a typed connector may leave out left out
/// (`README.md` beside the fixtures).
struct AnswerJudge {
    var skipKeys: Set<String> = []

    /// CCXT's own: not judged where we say nothing.
    static let optionalKeys: Set<String> = [
        "stopPrice", "reduceOnly", "takeProfitPrice", "stopLossPrice", "indexPrice", "markPrice", "nonce",
    ]

    func differences(_ expected: JSONValue?, _ found: JSONValue?, _ place: String = "answer") -> [String] {
        if Self.isMissing(expected), Self.isMissing(found) { return [] }
        guard let expected, let found else { return [Self.difference(expected, found, place)] }
        switch (expected, found) {
        case (.object, .object): return members(expected, found, place)
        case (.array(let expectedElements), .array(let foundElements)):
            guard expectedElements.count == foundElements.count else {
                return [
                    "\(place): expected \(expectedElements.count) elements, found \(foundElements.count): "
                        + Self.shortened(found.compactText)
                ]
            }
            return zip(expectedElements, foundElements).enumerated().flatMap { index, pair in
                differences(pair.0, pair.1, "\(place)[\(index)]")
            }
        case (.bool, .bool) where expected == found: return []
        case (.number(let left), .number(let right)), (.string(let left), .number(let right)),
            (.number(let left), .string(let right)), (.string(let left), .string(let right)):
            return NumberValue.areEqual(left, right) ? [] : [Self.difference(expected, found, place)]
        default: return [Self.difference(expected, found, place)]
        }
    }

    private func members(_ expected: JSONValue, _ found: JSONValue, _ place: String) -> [String] {
        let keys = Set((expected.memberKeys) + found.memberKeys).subtracting(skipKeys).subtracting(["info"])
        var differences: [String] = []
        for key in keys.sorted() {
            let isSilent = Self.isMissing(found[key])
            if isSilent, Self.optionalKeys.contains(key) { continue }
            if key == "fees", case .object = expected["fee"] { continue }
            if key == "fees", isSilent, case .number = expected["fee"] { continue }
            differences += self.differences(expected[key], found[key], place + "." + key)
        }
        return differences
    }

    /// Null, nothing, or an object that holds nothing else.
    static func isMissing(_ value: JSONValue?) -> Bool {
        switch value {
        case nil, .null: true
        case .object(let members): members.allSatisfy { isMissing($0.value) }
        default: false
        }
    }

    private static func difference(_ expected: JSONValue?, _ found: JSONValue?, _ place: String) -> String {
        "\(place): expected \(shortened(expected?.compactText ?? "nothing")), "
            + "found \(shortened(found?.compactText ?? "nothing"))"
    }

    private static func shortened(_ text: String) -> String {
        text.count > 300 ? String(text.prefix(300)) + "..." : text
    }
}

extension JSONValue {
    var memberKeys: [String] {
        guard case .object(let members) = self else { return [] }
        return members.map(\.key)
    }
}
