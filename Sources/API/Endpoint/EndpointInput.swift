import Foundation
import TradingCore

/// What came with a request, judged by its endpoint's declaration.
struct EndpointInput: Sendable {
    var path: [String: String]
    var query: [String: String]
    /// The body's members; empty when there is none.
    var body: [String: JSONValue]
    /// The body as it came.
    var bodyText: String

    /// A parameter as text, wherever it came; nil when it did not, or came empty.
    func text(_ name: String) -> String? {
        if let text = path[name] ?? query[name] { return text.isEmpty ? nil : text }
        switch body[name] {
        case .string(let text)?: return text.isEmpty ? nil : text
        case .number(let digits)?: return digits
        default: return nil
        }
    }

    /// A parameter that validation has shown to be there.
    func required(_ name: String) throws -> String {
        guard let text = text(name) else { throw APIError.invalid(["\(name): is required"]) }
        return text
    }

    func integer(_ name: String) -> Int64? { text(name).flatMap { Int64($0) } }

    /// - Throws: ``APIError`` with a line for every fault: field, value and rule.
    /// - Parameter only: the body may hold nothing else.
    func check(_ parameters: [Parameter], only: Bool = false) throws {
        var faults = parameters.compactMap(fault)
        if only {
            let holdsSecrets = parameters.contains { if case .secret = $0.kind { true } else { false } }
            let known = Set(parameters.filter { $0.place == .body }.map(\.name))
            for (name, value) in body.sorted(by: { $0.key < $1.key }) where !known.contains(name) && value != .null {
                // A secret under a mistyped name is one all the same.
                let shown = holdsSecrets ? "***" : EndpointInput.shown(value)
                faults.append("\(name.prefix(64)) \(shown): must be absent, nothing here goes by it")
            }
        }
        if !faults.isEmpty { throw APIError.invalid(faults) }
    }

    private func fault(_ parameter: Parameter) -> String? {
        let value: JSONValue? =
            switch parameter.place {
            case .path: path[parameter.name].map { .string($0) }
            case .query: query[parameter.name].map { .string($0) }
            case .body: body[parameter.name]
            }
        guard let value, value != .null, value != .string("") else {
            return parameter.isRequired ? "\(parameter.name): is required, \(parameter.kind.rule)" : nil
        }
        guard let rule = parameter.kind.broken(by: value) else { return nil }
        let shown = if case .secret = parameter.kind { "***" } else { EndpointInput.shown(value) }
        return "\(parameter.name) \(shown): must be \(rule)"
    }

    /// A value for a message: short, and on one line.
    private static func shown(_ value: JSONValue) -> String {
        let text = JSONTree(value).json
        return text.count > 64 ? text.prefix(64) + "…" : text
    }
}

extension Parameter.Kind {
    var rule: String {
        switch self {
        case .string, .secret: "a text"
        case .text(let length): "a text of at most \(length) characters"
        case .number: "a number"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "true or false"
        case .object: "an object"
        case .choice(let values): "one of \(values.joined(separator: ", "))"
        }
    }

    /// - Returns: the rule that a value breaks; nil when it is good.
    func broken(by value: JSONValue) -> String? {
        switch (self, value) {
        case (.number, .number(let text)), (.number, .string(let text)): FixedDecimal.rule(brokenBy: text)
        default: accepts(value) ? nil : rule
        }
    }

    private func accepts(_ value: JSONValue) -> Bool {
        switch (self, value) {
        case (.string, .string), (.secret, .string): true
        case (.text(let length), .string(let text)): text.count <= length
        // Clients send ids as numbers, too.
        case (.string, .number), (.secret, .number): true
        case (.integer(let range), .number(let text)), (.integer(let range), .string(let text)):
            Int64(text).map(range.contains) ?? false
        case (.boolean, .bool): true
        case (.boolean, .string(let text)): text == "true" || text == "false"
        case (.object, .object): true
        case (.choice(let values), .string(let text)): values.contains(text)
        default: false
        }
    }
}

extension String {
    /// The text with `%XX` undone; as it is where that gives no text.
    var percentDecoded: String { removingPercentEncoding ?? self }
}

extension FixedDecimal {
    /// - Returns: why a text is no decimal that can be counted with here; nil when it is one.
    static func rule(brokenBy text: String) -> String? {
        do throws(DecimalTextError) { _ = try FixedDecimal(text[...]) } catch {
            switch error {
            case .malformed: return "a number"
            case .tooPrecise: return "a number with at most \(fractionDigits) fractional digits"
            case .outOfRange:
                // Whole, for people: the fraction that could be beside it helps nobody.
                let most = Int128.max / FixedDecimal.one.raw
                return "a number from -\(most) to \(most)"
            }
        }
        return nil
    }
}
