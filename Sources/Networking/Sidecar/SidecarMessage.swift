import Exchanges
import TradingCore

/// What is said on the socket, version 2; `docs/sidecar.md` is the definition.
enum SidecarMessage {
    static let version: Int64 = 2
    /// Frames of both directions; an answer that would be larger is an error.
    static let maximumFrame = 64 * 1_024 * 1_024

    static let hello = JSONValue.object([.text("t", "hello"), .whole("protocol", version)])

    static func ping(_ number: Int) -> JSONValue { .object([.text("t", "ping"), .whole("id", Int64(number))]) }

    static func request(
        _ number: Int, _ method: String, session: String?, _ arguments: JSONValue, within: Int64, until: Timestamp
    ) -> JSONValue {
        .object([
            .text("t", "request"), .whole("id", Int64(number)), .whole("within", within),
            // One clock for both: a sidecar that stood still finds what it has missed too late.
            .whole("until", until.nanoseconds / Nanoseconds.perMillisecond), .text("method", method),
            .text("session", session), .init(key: "args", value: arguments),
        ])
    }

    static func subscribe(_ number: Int, session: String, _ arguments: JSONValue) -> JSONValue {
        .object([
            .text("t", "subscribe"), .whole("id", Int64(number)), .text("session", session),
            .init(key: "args", value: arguments),
        ])
    }

    static func withdraw(_ number: Int) -> JSONValue {
        .object([.text("t", "withdraw"), .whole("id", Int64(number))])
    }

    static func unsubscribe(_ number: Int) -> JSONValue {
        .object([.text("t", "unsubscribe"), .whole("id", Int64(number))])
    }
}

extension JSONValue.Member {
    static func text(_ key: String, _ value: String?) -> Self {
        .init(key: key, value: value.map(JSONValue.string) ?? .null)
    }
    static func whole(_ key: String, _ value: Int64) -> Self { .init(key: key, value: .number(String(value))) }
    static func flag(_ key: String, _ value: Bool) -> Self { .init(key: key, value: .bool(value)) }
}

/// What the sidecar says.
enum SidecarWord: Hashable, Sendable {
    case hello(protocol: Int64, ccxt: String)
    case pong
    case answer(Int, JSONValue)
    case error(Int, SidecarFailure)
    case subscribed(Int, isPolled: Bool)
    case event(Int, JSONValue)
    case alive(Int)
    case lost(Int, String)
    case recovered(Int)
    /// It will say nothing more.
    case fault(code: String, String)

    /// - Throws: what is no word of the protocol: nothing that follows can be relied on.
    init(_ bytes: UnsafeRawBufferPointer) throws(UnreadableAnswer) {
        let value: JSONValue
        do { value = try JSONValue(utf8: bytes) } catch {
            throw UnreadableAnswer("frame", expected: "JSON", found: "\(error)")
        }
        let kind = try value.requiredText("t")
        switch kind {
        case "hello":
            self = .hello(protocol: try value.integer("protocol") ?? -1, ccxt: value.text("ccxt") ?? "?")
        case "pong": self = .pong
        case "fault": self = .fault(code: value.text("code") ?? "?", value.text("message") ?? "")
        default: try self.init(kind, try SidecarWord.number(value), value)
        }
    }

    private init(_ kind: String, _ number: Int, _ value: JSONValue) throws(UnreadableAnswer) {
        switch kind {
        case "answer": self = .answer(number, value["result"] ?? .null)
        case "error":
            let word = try value.requiredText("kind")
            // Of a failure of an unknown kind nothing is known.
            let kind = SidecarFailure.Kind(rawValue: word) ?? .unknown
            self = .error(
                number,
                SidecarFailure(kind, name: value.text("name") ?? word, message: value.text("message") ?? ""))
        case "subscribed": self = .subscribed(number, isPolled: value.text("mode") == "poll")
        case "event": self = .event(number, value["data"] ?? .null)
        case "alive": self = .alive(number)
        case "lost": self = .lost(number, value.text("message") ?? "")
        case "recovered": self = .recovered(number)
        default: throw UnreadableAnswer("t", expected: "a word of the protocol", found: kind)
        }
    }

    private static func number(_ value: JSONValue) throws(UnreadableAnswer) -> Int {
        guard let number = try value.integer("id") else {
            throw UnreadableAnswer("id", expected: "a whole number", found: value["id"]?.compactText ?? "nothing")
        }
        return Int(clamping: number)
    }
}
