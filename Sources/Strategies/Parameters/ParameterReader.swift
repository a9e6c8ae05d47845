public import TradingCore

/// Reads typed parameters from a document and remembers every fault instead of stopping at the first.
///
/// Absent, `null` and `""` mean the same: not given. A number may come as a number or as text.
public struct ParameterReader {
    private let document: ParameterDocument
    /// Every name that was asked for.
    public private(set) var known: Set<String> = []
    public private(set) var errors: [ParameterError] = []

    public init(_ document: ParameterDocument) {
        self.document = document
    }

    public mutating func refuse(_ field: String, _ rule: String) {
        errors.append(ParameterError(field: field, value: given(field)?.description ?? "is missing", rule: rule))
    }

    /// A name that is accepted and not read.
    public mutating func ignore(_ fields: String...) {
        known.formUnion(fields)
    }

    public mutating func decimal(
        _ field: String, _ range: ClosedRange<FixedDecimal>, _ rule: String, fractionDigits: Int = 18
    ) -> FixedDecimal? {
        guard let value = given(field) else { return nil }
        let text: String
        switch value {
        case .number(let number): text = number
        case .string(let string): text = string
        default:
            refuse(field, "a number, \(rule)")
            return nil
        }
        switch ParameterReader.parse(text, fractionDigits) {
        case .success(let decimal) where range.contains(decimal): return decimal
        case .success, .failure(.outOfRange): refuse(field, rule)
        case .failure(.tooPrecise): refuse(field, "given with at most \(fractionDigits) fractional digits")
        case .failure(.malformed): refuse(field, "a number, \(rule)")
        }
        return nil
    }

    private static func parse(_ text: String, _ fractionDigits: Int) -> Result<FixedDecimal, DecimalTextError> {
        Result { () throws(DecimalTextError) in
            let decimal = try FixedDecimal(Substring(text))
            guard (try? decimal.rounded(toFractionDigits: fractionDigits, .down)) == decimal else { throw .tooPrecise }
            return decimal
        }
    }

    public mutating func integer(_ field: String, _ range: ClosedRange<Int64>, _ rule: String) -> Int64? {
        let bounds = FixedDecimal(range.lowerBound)...FixedDecimal(range.upperBound)
        guard let value = decimal(field, bounds, rule) else { return nil }
        guard let whole = try? value.count(of: .one, rounding: .down), FixedDecimal(whole) == value else {
            refuse(field, "a whole number, \(rule)")
            return nil
        }
        return whole
    }

    public mutating func bool(_ field: String) -> Bool? {
        guard let value = given(field) else { return nil }
        switch value {
        case .bool(let bool): return bool
        case .string("true"): return true
        case .string("false"): return false
        default:
            refuse(field, "true or false")
            return nil
        }
    }

    /// One of the cases of an enumeration, in any capitals.
    public mutating func choice<Choice: RawRepresentable & CaseIterable>(_ field: String, _: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        guard let value = given(field) else { return nil }
        if case .string(let text) = value,
            let choice = Choice.allCases.first(where: { $0.rawValue == text.lowercased() })
        {
            return choice
        }
        refuse(field, "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
        return nil
    }

    public mutating func string(_ field: String) -> String? {
        guard let value = given(field) else { return nil }
        if case .string(let text) = value { return text }
        refuse(field, "text")
        return nil
    }

    /// A name: text, or a number taken by its digits.
    public mutating func label(_ field: String) -> String? {
        if case .number(let digits)? = given(field) { return digits }
        return string(field)
    }

    /// Notes that a field is required where nothing came and nothing was refused yet.
    public mutating func require<Value>(_ field: String, _ value: Value?, _ rule: String) -> Value? {
        if value == nil, !hasRefused(field) { refuse(field, rule) }
        return value
    }

    /// Whether something about a field was refused already, so that what follows from it need not be.
    public func hasRefused(_ field: String) -> Bool {
        errors.contains { $0.field == field }
    }

    /// Refuses names that nobody asked for, then throws when anything at all was refused.
    public mutating func finish() throws(ParameterErrors) {
        for name in document.values.keys.sorted() where !known.contains(name) {
            refuse(name, "a known parameter")
        }
        for name in document.duplicates { refuse(name, "given once") }
        if !errors.isEmpty { throw ParameterErrors(errors) }
    }

    private mutating func note(_ field: String) -> ParameterDocument.Value? {
        known.insert(field)
        return document.values[field]
    }

    private mutating func given(_ field: String) -> ParameterDocument.Value? {
        switch note(field) {
        case nil, .null?, .string("")?: nil
        case let value?: value
        }
    }
}
