import TradingCore

/// Reads a request's parameters one by one, and knows at the end which of them nobody wanted.
struct ParameterReader: Sendable {
    private let values: [String: String]
    private let count: Int
    private var read: Set<String> = []

    init(_ parameters: [RequestText.Parameter]) {
        values = Dictionary(parameters.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        count = values.count
    }

    func has(_ name: String) -> Bool { values[name] != nil }

    /// - Throws: −1105 when it was sent with nothing in it.
    mutating func text(_ name: String) throws(SpotError) -> String? {
        guard let value = values[name] else { return nil }
        read.insert(name)
        if value.isEmpty { throw .empty(name) }
        return value
    }

    mutating func required(_ name: String) throws(SpotError) -> String {
        guard let value = values[name], !value.isEmpty else { throw .missing(name) }
        read.insert(name)
        return value
    }

    mutating func integer(_ name: String) throws(SpotError) -> Int64? {
        guard let value = try text(name) else { return nil }
        guard value.utf8.count <= 20, value.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int64(value)
        else {
            throw .illegal(name, "^[0-9]{1,20}$")
        }
        return number
    }

    mutating func requiredInteger(_ name: String) throws(SpotError) -> Int64 {
        _ = try required(name)
        guard let value = try integer(name) else { throw .missing(name) }
        return value
    }

    /// How many rows; what is more than the most counts as the most, as on Binance.
    mutating func limit(standard: Int, most: Int) throws(SpotError) -> Int {
        guard let value = try integer("limit") else { return standard }
        guard value > 0 else { throw .badValue("limit") }
        return Int(min(value, Int64(most)))
    }

    /// A price or quantity: plain digits, at most eight after the point, above zero.
    mutating func amount(_ name: String) throws(SpotError) -> FixedDecimal? {
        guard let value = try text(name) else { return nil }
        let parts = value.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let areDigits = parts.allSatisfy { part in
            (1...20).contains(part.utf8.count) && part.utf8.allSatisfy { (48...57).contains($0) }
        }
        guard areDigits, let number = FixedDecimal(value) else {
            throw .illegal(name, "^([0-9]{1,20})(\\.[0-9]{1,20})?$")
        }
        guard number.raw % 10_000_000_000 == 0 else { throw .tooPrecise(name) }
        guard number.isPositive else { throw .invalid(name) }
        return number
    }

    mutating func boolean(_ name: String) throws(SpotError) -> Bool? {
        guard let value = try text(name) else { return nil }
        switch value {
        case "true", "TRUE": return true
        case "false", "FALSE": return false
        default: throw .illegal(name, "true or false")
        }
    }

    mutating func choice<Value: RawRepresentable>(
        _ name: String, _: Value.Type, or error: SpotError? = nil
    ) throws(SpotError) -> Value? where Value.RawValue == String {
        guard let text = try text(name) else { return nil }
        guard let value = Value(rawValue: text) else { throw error ?? .badValue(name) }
        return value
    }

    /// A list as JSON text, `["A","B"]`.
    mutating func list(_ name: String) throws(SpotError) -> [String]? {
        guard let text = try text(name) else { return nil }
        guard case .array(let elements) = try? JSONValue(text) else {
            throw .illegal(name, "^\\[(\"[A-Z0-9-_.]{1,20}\"(,\"[A-Z0-9-_.]{1,20}\")*)?\\]$")
        }
        var names: [String] = []
        for element in elements {
            guard case .string(let name) = element else { throw .badValue(name) }
            names.append(name)
        }
        return names
    }

    /// Known, and of no importance here.
    mutating func skip(_ names: String...) { read.formUnion(names.filter { values[$0] != nil }) }

    /// - Throws: −1104 when something was sent that nobody read.
    func finish() throws(SpotError) {
        if read.count < count { throw .unread(read.count, sent: count) }
    }
}
