public import TradingCore

/// Fields of an exchange's answer. Null, a missing key and an empty text are all nil: exchanges use each for "none". What is
/// there and wrong throws.
extension JSONValue {
    public var isNull: Bool { self == .null }

    public subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    public var members: [Member]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    public var elements: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    public func list(_ key: String) throws(UnreadableAnswer) -> [JSONValue] {
        guard let value = self[key] else { throw UnreadableAnswer(key, expected: "a list", found: "nothing") }
        return try value.list(named: key)
    }

    public func list(named name: String = "answer") throws(UnreadableAnswer) -> [JSONValue] {
        guard case .array(let elements) = self else {
            throw UnreadableAnswer(name, expected: "a list", found: compactText)
        }
        return elements
    }

    // MARK: - Texts

    /// A text, or a number as it was written.
    public var text: String? {
        switch self {
        case .string(let text): text.isEmpty ? nil : text
        case .number(let text): text
        case .bool, .null, .array, .object: nil
        }
    }

    public func text(_ key: String) -> String? { self[key]?.text }
    public func text(_ index: Int) -> String? { self[index]?.text }

    public func requiredText(_ key: String) throws(UnreadableAnswer) -> String {
        guard let text = text(key) else {
            throw UnreadableAnswer(key, expected: "a text", found: self[key]?.compactText ?? "nothing")
        }
        return text
    }

    // MARK: - Numbers

    public func decimal(_ key: String) throws(UnreadableAnswer) -> FixedDecimal? {
        try JSONValue.decimal(self[key], key)
    }

    public func decimal(_ index: Int) throws(UnreadableAnswer) -> FixedDecimal? {
        try JSONValue.decimal(self[index], "[\(index)]")
    }

    public func requiredDecimal(_ key: String) throws(UnreadableAnswer) -> FixedDecimal {
        try JSONValue.required(try decimal(key), key, self[key])
    }

    public func requiredDecimal(_ index: Int) throws(UnreadableAnswer) -> FixedDecimal {
        try JSONValue.required(try decimal(index), "[\(index)]", self[index])
    }

    /// A whole number of 64 bits, as a number or a text; a fraction is cut off (times as `1700000000123.456`).
    public func integer(_ key: String) throws(UnreadableAnswer) -> Int64? { try JSONValue.integer(self[key], key) }
    public func integer(_ index: Int) throws(UnreadableAnswer) -> Int64? {
        try JSONValue.integer(self[index], "[\(index)]")
    }

    public func bool(_ key: String) -> Bool? {
        switch self[key] {
        case .bool(let bool): bool
        case .string("true"): true
        case .string("false"): false
        default: nil
        }
    }

    private static func required<Value>(
        _ value: Value?, _ name: String, _ found: JSONValue?
    ) throws(UnreadableAnswer) -> Value {
        guard let value else {
            throw UnreadableAnswer(name, expected: "a number", found: found?.compactText ?? "nothing")
        }
        return value
    }

    /// Digits past the eighteenth are cut off: exchanges that send them send statistics.
    public static func decimal(_ value: JSONValue?, _ name: String) throws(UnreadableAnswer) -> FixedDecimal? {
        guard let text = value?.text else {
            switch value {
            case .none, .null, .string: return nil
            default: throw UnreadableAnswer(name, expected: "a number", found: value?.compactText ?? "")
            }
        }
        do {
            return try FixedDecimal(Substring(text))
        } catch .tooPrecise {
            if let cut = FixedDecimal(cuttingDigitsOf: text) { return cut }
            throw UnreadableAnswer(name, expected: "a number of at most 18 fractional digits", found: text)
        } catch {
            throw UnreadableAnswer(name, expected: "a number", found: text)
        }
    }

    private static func integer(_ value: JSONValue?, _ name: String) throws(UnreadableAnswer) -> Int64? {
        guard let text = value?.text else {
            switch value {
            case .none, .null, .string: return nil
            default: throw UnreadableAnswer(name, expected: "a whole number", found: value?.compactText ?? "")
            }
        }
        if let integer = Int64(text) { return integer }
        guard let decimal = try decimal(value, name), let integer = Int64(exactly: decimal.raw / FixedDecimal.one128)
        else { throw UnreadableAnswer(name, expected: "a whole number of 64 bits", found: text) }
        return integer
    }
}

extension FixedDecimal {
    /// A number of more than 18 fractional digits, the rest cut off.
    fileprivate init?(cuttingDigitsOf text: String) {
        let parts = text.lowercased().split(separator: "e", maxSplits: 1)
        let written = parts.count > 1 ? Int(parts[1]) : 0
        guard let mantissa = parts.first, let exponent = written else { return nil }
        if exponent <= -60 {
            self = .zero
            return
        }
        guard exponent < 60 else { return nil }
        let isNegative = mantissa.hasPrefix("-")
        let digits = mantissa.drop { $0 == "-" }
        let halves = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let whole = String(halves.first ?? "0")
        let fraction = halves.count > 1 ? String(halves[1]) : ""
        var point = whole.count + exponent
        var all = whole + fraction
        if point < 0 {
            all = String(repeating: "0", count: -point) + all
            point = 0
        }
        if point > all.count { all += String(repeating: "0", count: point - all.count) }
        let kept = all.prefix(point) + "." + all.dropFirst(point).prefix(Self.fractionDigits)
        let plain = (point == 0 ? "0" : "") + (kept.hasSuffix(".") ? kept + "0" : kept)
        guard let value = try? FixedDecimal(Substring((isNegative ? "-" : "") + plain)) else { return nil }
        self = value
    }
}
