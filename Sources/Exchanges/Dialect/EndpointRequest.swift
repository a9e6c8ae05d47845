public import TradingCore

/// A call before it is signed: where it goes and what it says, in order.
public struct EndpointRequest: Hashable, Sendable {
    public enum Verb: String, Hashable, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    public enum Payload: Hashable, Sendable {
        case fields([JSONValue.Member])
        /// For calls whose body is a list.
        case list([JSONValue])
    }

    public var verb: Verb
    /// Which of the exchange's interfaces: `["public"]`, `["private"]`, `["sapi"]`, `["private", "spot"]`.
    public var api: [String]
    /// Below the interface's root, without a leading slash; with its identifiers already put in.
    public var path: String
    public var payload: Payload
    /// What the call takes from the exchange's limits.
    public var costs: [RateCost]

    public init(
        _ verb: Verb, _ api: [String], _ path: String, _ fields: [JSONValue.Member] = [], costs: [RateCost] = []
    ) {
        self.verb = verb
        self.api = api
        self.path = path
        payload = .fields(fields)
        self.costs = costs
    }

    public init(_ verb: Verb, _ api: [String], _ path: String, list: [JSONValue], costs: [RateCost] = []) {
        self.verb = verb
        self.api = api
        self.path = path
        payload = .list(list)
        self.costs = costs
    }

    public var fields: [JSONValue.Member] {
        guard case .fields(let fields) = payload else { return [] }
        return fields
    }

    public var endpoint: String { verb.rawValue + " " + path }
}

/// What leaves: the very bytes.
public struct SignedRequest: Hashable, Sendable {
    public var verb: EndpointRequest.Verb
    public var url: String
    /// In order; names as documented by the exchange.
    public var headers: [Header]
    /// Nil: no body.
    public var body: String?

    public struct Header: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(_ verb: EndpointRequest.Verb, _ url: String, headers: [Header] = [], body: String? = nil) {
        self.verb = verb
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// Shows where it goes. Headers hold passphrases, queries and bodies signatures: none of that is for logs and errors.
extension SignedRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "\(verb.rawValue) \(url.prefix { $0 != "?" })" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What an exchange answers to a request.
public struct EndpointAnswer: Hashable, Sendable {
    public var status: Int
    public var headers: [SignedRequest.Header]
    public var body: [UInt8]

    public init(status: Int, headers: [SignedRequest.Header] = [], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// By its name in any case.
    public func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }
}
