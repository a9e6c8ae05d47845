/// The form of a JSON value that goes back, as OpenAPI says it and as tests hold every answer to it.
indirect enum Schema: Hashable, Sendable {
    case string
    /// A moment, ISO 8601 in UTC with milliseconds.
    case time
    /// A decimal as a text, so that nobody reads it as binary floating point.
    case money
    case integer
    case number
    case boolean
    case choice([String])
    /// Members in order; no others come.
    case object([Field])
    case array(Schema)
    /// Exactly these, in order.
    case tuple(Schema, count: Int)
    /// An object whose members have names of their own.
    case map(Schema)
    case nullable(Schema)
    case anyOf([Schema])
    /// Whatever the exchange or the caller has put there.
    case anything
    /// One that has a name in the document's components.
    case named(String, Schema)

    struct Field: Hashable, Sendable {
        var name: String
        var schema: Schema
        var isRequired: Bool
    }

    /// Members by name; one whose name ends in `?` may be left out.
    static func object(_ members: KeyValuePairs<String, Schema>) -> Schema {
        .object(
            members.map { name, schema in
                name.hasSuffix("?")
                    ? Field(name: String(name.dropLast()), schema: schema, isRequired: false)
                    : Field(name: name, schema: schema, isRequired: true)
            })
    }

    /// The object with more members.
    func with(_ members: KeyValuePairs<String, Schema>) -> Schema {
        guard case .object(let own) = self, case .object(let more) = Schema.object(members) else { return self }
        return .object(own + more)
    }

    // MARK: - In the document

    /// As OpenAPI 3.0 writes it.
    var tree: JSONTree {
        switch self {
        case .string: Self.type("string")
        case .time: Self.type("string", ["format": .string("date-time")])
        case .money: Self.type("string", ["format": .string("decimal")])
        case .integer: Self.type("integer")
        case .number: Self.type("number")
        case .boolean: Self.type("boolean")
        case .choice(let values): Self.type("string", ["enum": .array(values.map(JSONTree.string))])
        case .object(let fields): Self.object(fields)
        case .array(let items): Self.type("array", ["items": items.tree])
        case .tuple(let items, let count):
            Self.type("array", ["items": items.tree, "minItems": .number(count), "maxItems": .number(count)])
        case .map(let values): Self.type("object", ["additionalProperties": values.tree])
        // Beside a reference nothing else counts in OpenAPI 3.0, so it stands in a list of its own.
        case .nullable(.named(let name, _)):
            .object(["nullable": .bool(true), "allOf": .array([Self.reference(name)])])
        case .nullable(let schema): schema.tree.adding("nullable", .bool(true))
        case .anyOf(let schemas): .object(["anyOf": .array(schemas.map(\.tree))])
        case .anything: .object([])
        case .named(let name, _): Self.reference(name)
        }
    }

    private static func type(_ name: String, _ more: KeyValuePairs<String, JSONTree> = [:]) -> JSONTree {
        .object([.init(key: "type", value: .string(name))] + more.map { .init(key: $0, value: $1) })
    }

    private static func object(_ fields: [Field]) -> JSONTree {
        let required = fields.filter(\.isRequired).map { JSONTree.string($0.name) }
        return .object([
            "type": .string("object"),
            "properties": .object(fields.map { .init(key: $0.name, value: $0.schema.tree) }),
            "required": required.isEmpty ? nil : .array(required),
        ])
    }

    private static func reference(_ name: String) -> JSONTree {
        .object(["$ref": .string("#/components/schemas/\(name)")])
    }

    /// Every named one in it, those inside named ones included.
    var named: [(name: String, schema: Schema)] {
        switch self {
        case .named(let name, let schema): [(name, schema)] + schema.named
        case .object(let fields): fields.flatMap(\.schema.named)
        case .array(let schema), .tuple(let schema, _), .map(let schema), .nullable(let schema): schema.named
        case .anyOf(let schemas): schemas.flatMap(\.named)
        case .string, .time, .money, .integer, .number, .boolean, .choice, .anything: []
        }
    }
}

extension JSONTree {
    fileprivate func adding(_ key: String, _ value: JSONTree) -> JSONTree {
        guard case .object(let members) = self else { return self }
        return .object(members + [.init(key: key, value: value)])
    }
}
