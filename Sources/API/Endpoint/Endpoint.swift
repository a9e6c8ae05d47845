import HTTPTypes

/// One operation of the API, declared once: its route, what it takes, who may call it and its entry in the OpenAPI
/// document all come from here.
struct Endpoint: Sendable {
    enum Method: String, Sendable, CaseIterable {
        case get, post, delete

        var http: HTTPRequest.Method {
            switch self {
            case .get: .get
            case .post: .post
            case .delete: .delete
            }
        }
    }

    let method: Method
    /// With `:name` for path parameters.
    let path: String
    let summary: String
    let tag: String
    let answers: AnswerShape
    let needsToken: Bool
    let parameters: [Parameter]
    /// What else a body has is refused: passed over, it would make another thing than was asked for.
    let takesOnlyParameters: Bool
    /// The status of success; nil is the framework's rule, 200 for GET and 201 for POST.
    let status: Int
    let success: String
    let handle: @Sendable (EndpointInput) async throws -> Answer

    init(
        _ method: Method, _ path: String, _ summary: String, tag: String, answers: AnswerShape,
        needsToken: Bool = true,
        parameters: [Parameter] = [], takesOnlyParameters: Bool = false, status: Int? = nil, success: String = "Done",
        handle: @escaping @Sendable (EndpointInput) async throws -> Answer
    ) {
        self.method = method
        self.path = path
        self.summary = summary
        self.tag = tag
        self.answers = answers
        self.needsToken = needsToken
        self.parameters = parameters
        self.takesOnlyParameters = takesOnlyParameters
        self.status = status ?? (method == .post ? 201 : 200)
        self.success = success
        self.handle = handle
    }

    /// The path as OpenAPI writes it.
    var template: String {
        path.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0) }.joined(separator: "/")
    }
}

/// Something that an endpoint takes.
struct Parameter: Sendable {
    enum Place: String, Sendable {
        case path, query, body
    }

    enum Kind: Sendable {
        case string
        /// At most so many characters.
        case text(Int)
        /// A text that no message and no log line may repeat.
        case secret
        /// A number, or its text.
        case number
        case integer(ClosedRange<Int64>)
        case boolean
        case object
        case choice([String])
    }

    let name: String
    let place: Place
    let kind: Kind
    let isRequired: Bool
    let note: String

    static func path(_ name: String, _ kind: Kind = .string, _ note: String = "") -> Parameter {
        Parameter(name: name, place: .path, kind: kind, isRequired: true, note: note)
    }

    static func query(_ name: String, _ kind: Kind = .string, isRequired: Bool = true, _ note: String = "") -> Parameter
    {
        Parameter(name: name, place: .query, kind: kind, isRequired: isRequired, note: note)
    }

    static func body(_ name: String, _ kind: Kind = .string, isRequired: Bool = true, _ note: String = "") -> Parameter
    {
        Parameter(name: name, place: .body, kind: kind, isRequired: isRequired, note: note)
    }
}

/// What goes back.
enum Answer: Sendable {
    case json(JSONTree)
    /// JSON that is written already, with another status than the declared one or nil.
    case written(Int?, String)
    /// The status and nothing else, as the original answers null.
    case empty
    /// Raw text, without quotes.
    case text(String)
    case csv(name: String, String)
    case prometheus(String)
    /// JSON with another status than the declared one.
    case status(Int, JSONTree)
}
