/// The API's description, made of the same declarations as its routes.
///
/// OpenAPI 3.0.0, as the original serves, https://spec.openapis.org/oas/v3.0.0
struct OpenAPIDocument {
    let endpoints: [Endpoint]

    var tree: JSONTree {
        .object([
            "openapi": .string("3.0.0"),
            "info": .object([
                "title": .string("Mixin Doc backend API"), "description": .string("Mr.Market's server API"),
                "version": .string("1.0"),
            ]),
            "paths": .object(paths),
            "components": .object([
                "securitySchemes": .object([
                    "bearer": .object([
                        "scheme": .string("bearer"), "bearerFormat": .string("JWT"), "type": .string("http"),
                    ])
                ]),
                "schemas": .object(schemas),
            ]),
        ])
    }

    /// Every schema that has a name, once.
    private var schemas: [JSONTree.Member] {
        var byName = [JSONTree.Member(key: "Error", value: OpenAPIDocument.errorSchema)]
        for (name, schema) in endpoints.flatMap(\.answers.named) where !byName.contains(where: { $0.key == name }) {
            byName.append(.init(key: name, value: schema.tree))
        }
        return byName
    }

    private var paths: [JSONTree.Member] {
        var byPath: [(path: String, operations: [JSONTree.Member])] = []
        for endpoint in endpoints {
            let operation = JSONTree.Member(key: endpoint.method.rawValue, value: operation(endpoint))
            if let index = byPath.firstIndex(where: { $0.path == endpoint.template }) {
                byPath[index].operations.append(operation)
            } else {
                byPath.append((endpoint.template, [operation]))
            }
        }
        return byPath.map { JSONTree.Member(key: $0.path, value: .object($0.operations)) }
    }

    private func operation(_ endpoint: Endpoint) -> JSONTree {
        let outside = endpoint.parameters.filter { $0.place != .body }
        let inside = endpoint.parameters.filter { $0.place == .body }
        return .object([
            "operationId": .string(operationID(endpoint)), "summary": .string(endpoint.summary),
            "tags": .array([.string(endpoint.tag)]),
            "parameters": outside.isEmpty ? nil : .array(outside.map(parameter)),
            "requestBody": inside.isEmpty ? nil : requestBody(inside, isWhole: endpoint.takesOnlyParameters),
            "responses": responses(endpoint),
            "security": endpoint.needsToken ? .array([.object(["bearer": .array([])])]) : nil,
        ])
    }

    private func operationID(_ endpoint: Endpoint) -> String {
        let words = endpoint.template.split { !$0.isLetter && !$0.isNumber }
        return endpoint.method.rawValue + words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private func parameter(_ parameter: Parameter) -> JSONTree {
        .object([
            "name": .string(parameter.name), "in": .string(parameter.place.rawValue),
            "required": .bool(parameter.isRequired),
            "description": parameter.note.isEmpty ? nil : .string(parameter.note), "schema": schema(parameter.kind),
        ])
    }

    private func requestBody(_ parameters: [Parameter], isWhole: Bool) -> JSONTree {
        let required = parameters.filter(\.isRequired).map { JSONTree.string($0.name) }
        let properties = parameters.map { parameter in
            JSONTree.Member(key: parameter.name, value: schema(parameter.kind, note: parameter.note))
        }
        let body = JSONTree.object([
            "type": .string("object"), "properties": .object(properties),
            "required": required.isEmpty ? nil : .array(required),
            "additionalProperties": isWhole ? .bool(false) : nil,
        ])
        return .object([
            "required": .bool(!required.isEmpty),
            "content": .object([
                "application/json": .object(["schema": body]),
                "application/x-www-form-urlencoded": .object(["schema": body]),
            ]),
        ])
    }

    private func schema(_ kind: Parameter.Kind, note: String = "") -> JSONTree {
        let description: JSONTree? = note.isEmpty ? nil : .string(note)
        return switch kind {
        case .string: .object(["type": .string("string"), "description": description])
        case .text(let length):
            .object(["type": .string("string"), "maxLength": .number(length), "description": description])
        case .secret:
            .object(["type": .string("string"), "format": .string("password"), "description": description])
        case .number: .object(["type": .string("number"), "description": description])
        case .integer(let range):
            .object([
                "type": .string("integer"), "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound),
                "description": description,
            ])
        case .boolean: .object(["type": .string("boolean"), "description": description])
        case .object: .object(["type": .string("object"), "description": description])
        case .choice(let values):
            .object([
                "type": .string("string"), "enum": .array(values.map(JSONTree.string)), "description": description,
            ])
        }
    }

    private func responses(_ endpoint: Endpoint) -> JSONTree {
        var members: [JSONTree.Member] = []
        func add(_ status: Int, _ description: String, _ body: (type: String, schema: JSONTree)?) {
            members.removeAll { $0.key == String(status) }
            members.append(
                .init(
                    key: String(status),
                    value: .object([
                        "description": .string(description),
                        "content": body.map { body in
                            .object([.init(key: body.type, value: .object(["schema": body.schema]))])
                        },
                    ])))
        }
        if endpoint.answers.content != .refusals {
            add(endpoint.status, endpoint.success, endpoint.answers.body.map { ($0.type, $0.schema.tree) })
        }
        let error = (type: "application/json", schema: Schema.error.tree)
        if !endpoint.parameters.isEmpty { add(400, "What is wrong, a line for each field", error) }
        if endpoint.needsToken { add(401, "No valid token", error) }
        for other in endpoint.answers.others {
            add(other.status, other.description, ("application/json", other.schema.tree))
        }
        // OpenAPI's word for every other status: what an endpoint refuses depends on what it finds.
        members.append(
            JSONTree.Member(
                key: "default",
                value: .object([
                    "description": .string(Self.refusals),
                    "content": .object([.init(key: error.type, value: .object(["schema": error.schema]))]),
                ])))
        return .object(members)
    }

    private static let refusals = """
        Refused: 401 who are you, 404 no such thing, 409 not as things stand, 413 body above 100 KB, 422 the exchange would \
        not, 429 too many requests, 501 not offered yet, 503 nothing can be stored or is ready now
        """

    private static let errorSchema = JSONTree.object([
        "type": .string("object"),
        "properties": .object([
            "statusCode": .object(["type": .string("integer")]), "error": .object(["type": .string("string")]),
            "message": .object([
                "description": .string("A text, or a list of texts"),
                "oneOf": .array([
                    .object(["type": .string("string")]),
                    .object(["type": .string("array"), "items": .object(["type": .string("string")])]),
                ]),
            ]),
        ]),
    ])
}
