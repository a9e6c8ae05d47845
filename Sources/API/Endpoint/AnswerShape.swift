/// What an endpoint answers with when it does what it was asked for.
struct AnswerShape: Sendable {
    enum Content: Hashable, Sendable {
        case json(Schema)
        /// The status and no body.
        case nothing
        case text
        case csv
        /// Prometheus' text format.
        case metrics
        /// It never does: everything it says is a refusal.
        case refusals
    }

    var content: Content
    /// Other statuses that come with a body of their own instead of the error's.
    var others: [Other] = []

    struct Other: Sendable {
        var status: Int
        var description: String
        var schema: Schema
    }

    static func json(_ schema: Schema) -> AnswerShape { AnswerShape(content: .json(schema)) }
    static let nothing = AnswerShape(content: .nothing)
    static let text = AnswerShape(content: .text)
    static let csv = AnswerShape(content: .csv)
    static let metrics = AnswerShape(content: .metrics)
    static let refusals = AnswerShape(content: .refusals)

    func or(_ status: Int, _ description: String, _ schema: Schema) -> AnswerShape {
        AnswerShape(
            content: content, others: others + [Other(status: status, description: description, schema: schema)])
    }

    /// Media type and schema; nil where there is no body.
    var body: (type: String, schema: Schema)? {
        switch content {
        case .json(let schema): ("application/json", schema)
        case .text: ("text/html", .string)
        case .csv: ("text/csv", .string)
        case .metrics: ("text/plain", .string)
        case .nothing, .refusals: nil
        }
    }
}

extension AnswerShape {
    /// Schemas with names, of all that may come.
    var named: [(name: String, schema: Schema)] { (body?.schema.named ?? []) + others.flatMap(\.schema.named) }
}

extension Schema {
    /// Every refusal.
    static let error = Schema.named(
        "Error",
        .object([
            "statusCode": .integer, "error?": .string, "message": .anyOf([.string, .array(.string)]),
        ]))
}
