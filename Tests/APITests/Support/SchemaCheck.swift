import TradingCore

/// Holds JSON to a schema of the served OpenAPI document: as much of JSON Schema as the document uses, and stricter in one
/// thing, for a member that no schema declares is a fault.
struct SchemaCheck {
    /// The document's `components.schemas`.
    let components: JSONValue

    /// - Returns: what is not as declared, each with its place; empty when all is.
    func faults(_ value: JSONValue, _ schema: JSONValue, at place: String = "$") -> [String] {
        if case .string(let reference)? = schema["$ref"] {
            let name = reference.split(separator: "/").last.map(String.init) ?? ""
            guard let target = components[name] else { return ["\(place): the document lacks \(reference)"] }
            return faults(value, target, at: place)
        }
        if value == .null, schema["nullable"] == .bool(true) { return [] }
        if case .array(let all)? = schema["allOf"] { return all.flatMap { faults(value, $0, at: place) } }
        if case .array(let any)? = schema["anyOf"] ?? schema["oneOf"] {
            let found = any.map { faults(value, $0, at: place) }
            return found.contains([]) ? [] : ["\(place): is none of \(any.count) forms: \(found)"]
        }
        if case .array(let allowed)? = schema["enum"], !allowed.contains(value) {
            return ["\(place): \(value) is not one of \(allowed)"]
        }
        guard case .string(let type)? = schema["type"] else { return [] }
        switch (type, value) {
        case ("string", .string(let text)): return format(text, schema, place)
        case ("number", .number), ("boolean", .bool): return []
        case ("integer", .number(let digits)):
            return digits.allSatisfy { $0.isNumber || $0 == "-" } ? [] : ["\(place): \(digits) is no whole number"]
        case ("array", .array(let items)): return array(items, schema, place)
        case ("object", .object(let members)): return object(members, schema, place)
        default: return ["\(place): \(value) is no \(type)"]
        }
    }

    private func format(_ text: String, _ schema: JSONValue, _ place: String) -> [String] {
        switch schema["format"] {
        case .string("date-time"):
            let isTime = text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil
            return isTime ? [] : ["\(place): \(text) is no moment"]
        case .string("decimal"):
            return (try? FixedDecimal(text[...])) == nil ? ["\(place): \(text) is no decimal"] : []
        default: return []
        }
    }

    private func array(_ items: [JSONValue], _ schema: JSONValue, _ place: String) -> [String] {
        var found: [String] = []
        if case .number(let least)? = schema["minItems"], items.count < Int(least) ?? 0 {
            found.append("\(place): short")
        }
        if case .number(let most)? = schema["maxItems"], items.count > Int(most) ?? .max {
            found.append("\(place): long")
        }
        guard let form = schema["items"] else { return found + ["\(place): nothing is declared of its items"] }
        return found + items.enumerated().flatMap { faults($1, form, at: "\(place)[\($0)]") }
    }

    private func object(_ members: [JSONValue.Member], _ schema: JSONValue, _ place: String) -> [String] {
        if let values = schema["additionalProperties"] {
            return members.flatMap { faults($0.value, values, at: "\(place).\($0.key)") }
        }
        guard let properties = schema["properties"] else { return ["\(place): nothing is declared of its members"] }
        var found = members.flatMap { member in
            properties[member.key].map { faults(member.value, $0, at: "\(place).\(member.key)") }
                ?? ["\(place).\(member.key): is not declared"]
        }
        guard case .array(let required)? = schema["required"] else { return found }
        for case .string(let name) in required where !members.contains(where: { $0.key == name }) {
            found.append("\(place).\(name): is missing")
        }
        return found
    }
}
